"""The log of deliveries, byte for byte."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = MetaData(schema="ingest")

deliveries = Table(
    "deliveries",
    _METADATA,
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
    Column("set_aside", JSONB),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("scrubbed_at", DateTime(timezone=True)),
)

failed_attempts = Table(
    "failed_attempts",
    _METADATA,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("attempts", BigInteger, nullable=False),
    Column("first_at", DateTime(timezone=True), nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("detail", Text, nullable=False),
)
