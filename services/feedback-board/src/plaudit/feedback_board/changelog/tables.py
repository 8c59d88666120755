"""The tables of the changelog."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

changelog_entries = Table(
    "changelog_entries",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("learned", Text, nullable=False),
    Column("changed", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("people", Integer, nullable=False),
    Column("visitors", Integer, nullable=False),
    Column("reviews", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("published_at", DateTime(timezone=True)),
    Column("revision", Integer, nullable=False),
)

changelog_requests = Table(
    "changelog_requests",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("entry_id", Uuid, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
)
