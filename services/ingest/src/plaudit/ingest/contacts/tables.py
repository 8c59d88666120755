"""The tables of contacts, and of the persons who were erased."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text

metadata = MetaData(schema="ingest")

contacts = Table(
    "contacts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("address", Text, nullable=False),
    Column("consent", Text, nullable=False),
    Column("consent_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

erased_people = Table(
    "erased_people",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("erased_at", DateTime(timezone=True), nullable=False),
)
