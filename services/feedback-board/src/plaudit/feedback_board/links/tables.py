"""The tables of links, and of the reviews that can be linked."""

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

links = Table(
    "links",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("linked_at", DateTime(timezone=True), nullable=False),
)

reviews = Table(
    "reviews",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("person_key", Text),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("rating", Double),
    Column("title", Text),
    Column("excerpt", Text),
)
