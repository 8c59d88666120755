"""The tables of answers that are written here, and of the sources that they are sent through."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="ingest")

answers = Table(
    "answers",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("review_id", Uuid, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("via", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("note", Text),
    Column("written_by", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    Column("answered_by", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("finished_by", Text),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", DateTime(timezone=True), nullable=False),
    Column("accepted_at", DateTime(timezone=True)),
)

answer_senders = Table(
    "answer_senders",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("failures", Integer, nullable=False),
)
"""Its lease and its time are read and written by statements only."""
