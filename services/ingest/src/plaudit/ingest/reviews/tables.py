"""The tables of schema `ingest` that queries are composed over."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
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
    Column("path_token", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("source_id", Uuid, nullable=False),
    Column("dedup_id", Text),
    Column("sent_id", Text),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("quarantined", JSONB),
    Column("quarantine_reason", Text),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("version", BigInteger),
    Column("removed", Boolean, nullable=False),
    Column("partition_key", Text, nullable=False),
    Column("subject", Text),
    Column("kind", Text),
    Column("rating", Float(53)),
    Column("severity", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

revisions = Table(
    "revisions",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("review_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("delivery_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", BigInteger),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("content", LargeBinary),
)
