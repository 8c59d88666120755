"""The table `ledger`: append-only, the truth behind the sums."""

from sqlalchemy import BigInteger, Column, DateTime, Double, Integer, MetaData, SmallInteger, Table, Text, Uuid

ledger = Table(
    "ledger",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, nullable=False),
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("sign", SmallInteger, primary_key=True),
    Column("review_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("traits", SmallInteger, nullable=False),
    Column("rating", Double, nullable=False),
    Column("rated_at", DateTime(timezone=True), nullable=False),
    Column("valid_at", DateTime(timezone=True), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
)
