"""The tables of followers, and of the addresses of people who signed in on the board."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)
metadata = MetaData(schema="feedback_board")

followers = Table(
    "followers",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("changed_at", _TIME, nullable=False),
)

board_contacts = Table(
    "board_contacts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("at", _TIME, nullable=False),
)
