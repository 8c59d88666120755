"""The tables `ledger`, which is append-only and the truth behind the sums, and `tail`, its newest runs of records."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Double,
    Identity,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

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

tail = Table(
    "tail",
    MetaData(schema="scoring"),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
)
"""Runs of records, without a gap, whose entries are in the ledger and in no cell yet."""
