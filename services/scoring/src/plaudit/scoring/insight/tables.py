"""The tables of insight: reviews with their terms, where each is found, and counts of days."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Integer, MetaData, SmallInteger, Table, Text, Uuid

from plaudit.scoring.insight.domain.days import COUNTS, TOPIC_NUMBERS

_SCORING = MetaData(schema="scoring")

insight_reviews = Table(
    "insight_reviews",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("subject", Text),
    Column("source_id", Uuid),
    Column("day", Date),
    Column("polarity", SmallInteger),
    Column("topics", Text),
    Column("personas", Text),
    Column("is_drastic", Boolean),
    Column("is_question", Boolean),
    Column("is_solved", Boolean),
    Column("ease", SmallInteger),
    Column("writer", BigInteger),
    Column("same_text", BigInteger),
    Column("stems", Text),
    Column("surfaces", Text),
    Column("words", Text),
)

insight_places = Table(
    "insight_places",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("persona", Text, primary_key=True),
    Column("polarity", SmallInteger, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("draw", Integer, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("source_id", Uuid, nullable=False),
)

insight_days = Table(
    "insight_days",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("persona", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in COUNTS),
    *(Column(name, BigInteger) for name in TOPIC_NUMBERS),
)
