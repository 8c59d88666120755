"""The table of what happened with customers: enough to know an event again, and no more."""

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text

customer_events = Table(
    "customer_events",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("person", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
)
