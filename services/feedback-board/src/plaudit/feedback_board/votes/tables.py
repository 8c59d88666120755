"""The tables of votes, and of how many anonymous ones came from one network within an hour."""

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

votes = Table(
    "votes",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("voted_at", DateTime(timezone=True), nullable=False),
)

vote_networks = Table(
    "vote_networks",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("network", LargeBinary, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("votes", Integer, nullable=False),
)
