"""The table of what tenants say of their people."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text

owner_revisions = Table(
    "owner_revisions",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("format", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("compiled", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("saved_by", Text, nullable=False),
)
