"""The table of published answers."""

from sqlalchemy import BigInteger, Column, DateTime, Float, Integer, LargeBinary, MetaData, Table, Text

published_answers = Table(
    "published_answers",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("trigrams", LargeBinary, nullable=False),
    Column("body_digest", BigInteger, nullable=False),
    Column("text_digest", BigInteger, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("review_words", LargeBinary, nullable=False),
    Column("similarity", Float),
    Column("repeats", Integer, nullable=False),
)
