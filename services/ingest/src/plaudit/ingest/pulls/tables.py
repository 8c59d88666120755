"""The tables of pulls."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = MetaData(schema="ingest")

pulls = Table(
    "pulls",
    _METADATA,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("credentials_at", DateTime(timezone=True), nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("not_before", DateTime(timezone=True)),
    Column("failures", Integer, nullable=False),
    Column("error", Text),
    Column("error_at", DateTime(timezone=True)),
    Column("walk", JSONB),
    Column("watermark", DateTime(timezone=True)),
    Column("listing", Integer, nullable=False),
    Column("complete_listing", Integer),
    Column("complete_at", DateTime(timezone=True)),
    Column("window_at", DateTime(timezone=True)),
    Column("window_requests", Integer, nullable=False),
    Column("last_run", JSONB),
    Column("held_removals", JSONB),
    Column("credentials", Text, nullable=False),
    Column("token", Text),
    Column("running_until", DateTime(timezone=True)),
)

pulled_reviews = Table(
    "pulled_reviews",
    _METADATA,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("listing", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("told_at", DateTime(timezone=True), nullable=False),
)

pull_notices = Table(
    "pull_notices",
    _METADATA,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("noticed_at", DateTime(timezone=True), nullable=False),
)
