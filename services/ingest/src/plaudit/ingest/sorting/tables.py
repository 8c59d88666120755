"""The table of sorting rules: every revision of each tenant's."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

sorting_rules = Table(
    "sorting_rules",
    MetaData(schema="ingest"),
    Column("tenant_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("rules", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)
