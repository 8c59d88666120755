"""The log of deliveries, byte for byte."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

deliveries = Table(
    "deliveries",
    MetaData(schema="ingest"),
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
    Column("scrubbed_at", DateTime(timezone=True)),
)
