"""The table of who moderated what."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid

moderation_log = Table(
    "moderation_log",
    MetaData(schema="feedback_board"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("post_kind", Text),
    Column("post_id", Uuid),
    Column("request_id", Uuid),
    Column("person_key", Text),
    Column("reason", Text),
    Column("until", DateTime(timezone=True)),
)
