"""The table of runs that sort stored reviews again."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

sorting_runs = Table(
    "sorting_runs",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("place", Uuid, nullable=False),
    Column("read", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("severities", JSONB, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
