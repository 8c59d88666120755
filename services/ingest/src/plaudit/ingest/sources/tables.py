"""The tables of sources: those there are, and the ids of those that were deleted."""

from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="ingest")

sources = Table(
    "sources",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("more_secrets", ARRAY(Text), nullable=False),
    Column("more_secrets_until", ARRAY(DateTime(timezone=True)), nullable=False),
    Column("path_token", Text),
    Column("allowed_addresses", ARRAY(Text), nullable=False),
    Column("time_zone", Text),
    Column("mapping", JSONB),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("paused_at", DateTime(timezone=True)),
    Column("revision", Integer, nullable=False),
)

deleted_sources = Table(
    "deleted_sources",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("deleted_at", DateTime(timezone=True), nullable=False),
)
