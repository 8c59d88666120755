"""The tables of schema `feedback_board` that queries are composed over."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

requests = Table(
    "requests",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("subject", Text),
    Column("persona", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text),
    Column("status_changed_at", DateTime(timezone=True), nullable=False),
    Column("impact", Numeric),
    Column("effort_weeks", Numeric(6, 2)),
    Column("priority", Numeric(14, 2)),
    Column("votes", Integer, nullable=False),
    Column("reach", Integer, nullable=False),
    Column("unidentified_mentions", Integer, nullable=False),
    Column("linked_reviews", Integer, nullable=False),
    Column("last_mention_at", DateTime(timezone=True), nullable=False),
    Column("recount_at", DateTime(timezone=True)),
    Column("revision", Integer, nullable=False),
)
