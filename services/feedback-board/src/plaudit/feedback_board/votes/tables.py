"""The table of votes."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

votes = Table(
    "votes",
    MetaData(schema="feedback_board"),
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("voted_at", DateTime(timezone=True), nullable=False),
)
