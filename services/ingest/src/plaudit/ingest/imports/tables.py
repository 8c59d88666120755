"""The table of imports."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

imports = Table(
    "imports",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("source_id", Uuid, nullable=False),
    Column("stage", Text, nullable=False),
    Column("wanted", JSONB, nullable=False),
    Column("understood", JSONB),
    Column("dry_run", Boolean, nullable=False),
    Column("backfill", Boolean, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("rows_read", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("accepted", BigInteger, nullable=False),
    Column("unchanged", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("reject_bytes", BigInteger, nullable=False),
    Column("reason", Text),
    Column("finished_at", DateTime(timezone=True)),
)
