"""The tables of answers: reviews with what became of them, how each stood when, and what sources tell."""

from sqlalchemy import BigInteger, Boolean, Column, MetaData, SmallInteger, Table, Text, Uuid

_SCORING = MetaData(schema="scoring")

answer_reviews = Table(
    "answer_reviews",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("life", Text, nullable=False),
)

answer_places = Table(
    "answer_places",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("published_us", BigInteger, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("from_us", BigInteger, primary_key=True),
    Column("until_us", BigInteger, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("answered_us", BigInteger),
    Column("is_raised", Boolean),
)

answer_sources = Table(
    "answer_sources",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("told_us", BigInteger),
    Column("untold_us", BigInteger),
)

answer_starts = Table(
    "answer_starts",
    _SCORING,
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("known_us", BigInteger, nullable=False),
)
