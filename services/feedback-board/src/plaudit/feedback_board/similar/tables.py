"""The tables of similar requests that structs are stored in."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

submissions = Table(
    "submissions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("request_id", Uuid),
)

rejected_duplicates = Table(
    "rejected_duplicates",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("one_id", Uuid, primary_key=True),
    Column("other_id", Uuid, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("rejected_at", DateTime(timezone=True), nullable=False),
)
