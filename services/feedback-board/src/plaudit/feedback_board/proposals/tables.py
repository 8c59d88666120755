"""The tables of proposals that structs are stored in."""

from sqlalchemy import Column, DateTime, Double, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

proposals = Table(
    "proposals",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("review_id", Uuid, nullable=False),
    Column("review_revision", Integer, nullable=False),
    Column("sentence", Integer, nullable=False),
    Column("score", Double, nullable=False),
    Column("proposed_at", DateTime(timezone=True), nullable=False),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("decided_at", DateTime(timezone=True)),
)
