"""The table of replays."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

replays = Table(
    "replays",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("source_id", Uuid, nullable=False),
    Column("delivery_id", Uuid),
    Column("event_index", Integer),
    Column("received_from", DateTime(timezone=True)),
    Column("received_before", DateTime(timezone=True), nullable=False),
    Column("quarantined_only", Boolean, nullable=False),
    Column("reason_digest", LargeBinary),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("total", Integer),
    Column("place_at", DateTime(timezone=True)),
    Column("place", Uuid, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
