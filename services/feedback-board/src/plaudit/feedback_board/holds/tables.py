"""The tables of what is held, of persons' standings, and of a board's rules."""

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

held_posts = Table(
    "held_posts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("post_id", Uuid, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("person_key", Text, nullable=False),
    Column("reasons", ARRAY(Text), nullable=False),
    Column("held_at", DateTime(timezone=True), nullable=False),
)

standings = Table(
    "standings",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("standing", Text, nullable=False),
    Column("reason", Text),
    Column("until", DateTime(timezone=True)),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

recent_words = Table(
    "recent_words",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

hold_rules = Table(
    "hold_rules",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("first_of_visitors", Boolean, nullable=False),
    Column("most_links", Integer, nullable=False),
    Column("blocked_words", ARRAY(Text), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)
