"""The table of merges."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

merges = Table(
    "merges",
    MetaData(schema="feedback_board"),
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("into_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("merged_at", DateTime(timezone=True), nullable=False),
)
