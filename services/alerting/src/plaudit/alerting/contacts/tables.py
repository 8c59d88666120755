"""The table of contacts."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

contacts = Table(
    "contacts",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("happened_at", DateTime(timezone=True), nullable=False),
    Column("channel", Text),
)
