"""The tables of sorting rules: every revision of each tenant's, and the words of trade that are muted beside them."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="ingest")

sorting_rules = Table(
    "sorting_rules",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("rules", JSONB, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

words_of_trade = Table(
    "words_of_trade",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    Column("reviews", Integer, nullable=False),
    Column("subjects", JSONB, nullable=False),
)
