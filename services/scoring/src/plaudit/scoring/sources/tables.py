"""The table `sources`: what sources are called."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

sources = Table(
    "sources",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)
