"""The table of erasures."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

erasures = Table(
    "erasures",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("review_id", Uuid),
    Column("person", Text),
    Column("address", Text),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("stage", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("counts", JSONB, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
)
