"""The table of requests that came from files."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

imported_requests = Table(
    "imported_requests",
    MetaData(schema="feedback_board"),
    Column("tenant_id", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("request_id", Uuid, nullable=False),
    Column("url", Text),
    Column("votes", BigInteger, nullable=False),
    Column("comments", BigInteger, nullable=False),
    Column("said", JSONB, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)
