"""The table of reviews, a row each, without a word of them."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Double, MetaData, Table, Text

_TIME = DateTime(timezone=True)

reviews = Table(
    "reviews",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("source_created_at", _TIME, nullable=False),
    Column("platform", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("rating", Double, nullable=False),
    Column("severity", Text, nullable=False),
    Column("personas", ARRAY(Text), nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("language", Text),
    Column("verified", Boolean, nullable=False),
    Column("origin", Text, nullable=False),
    Column("published_at", _TIME, nullable=False),
    Column("rated_at", _TIME, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("answered_at", _TIME),
    Column("resolved_at", _TIME),
    Column("removed_at", _TIME),
    Column("is_backfill", Boolean, nullable=False),
    Column("answers", Text, nullable=False),
    Column("person", Text),
    Column("ratings", ARRAY(Double), nullable=False),
    Column("rated_ats", ARRAY(_TIME), nullable=False),
    Column("first_answered_at", _TIME),
    Column("base_rating", Double),
    Column("base_rated_at", _TIME),
)
