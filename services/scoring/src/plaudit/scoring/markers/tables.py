"""The table of markers."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

markers = Table(
    "markers",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("subject", Text, nullable=False),
    Column("link", Text),
    Column("made_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
