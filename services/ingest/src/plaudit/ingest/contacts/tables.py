"""The table of contacts."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

contacts = Table(
    "contacts",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("consent_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
