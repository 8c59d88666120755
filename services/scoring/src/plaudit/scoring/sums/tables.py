"""The table `sums`, a row per tenant, prefix, source, traits, partition and block; `marks` and `rounded_sums` of it."""

from sqlalchemy import (
    ARRAY,
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

from plaudit.scoring.sums.domain.decay import COUNTS
from plaudit.scoring.sums.domain.kept import KeptSums

INTEGERS = frozenset({*COUNTS, "newest_us"})

sums = Table(
    "sums",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("block", Integer, primary_key=True),
    *(Column(name, BigInteger if name in INTEGERS else Double, nullable=False) for name in KeptSums._fields),
    Column("id", BigInteger, Identity(always=True), nullable=False, unique=True),
)

marks = Table(
    "marks",
    MetaData(schema="scoring"),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("marked_at", DateTime(timezone=True), nullable=False),
    Column("row_ids", ARRAY(BigInteger), nullable=False),
)
"""What has changed and is to be published: the ids of rows of sums, some of one batch in a row."""

rounded_sums = Table(
    "rounded_sums",
    MetaData(schema="scoring"),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("sums_id", BigInteger, nullable=False),
)
"""Rows of sums from which so much was taken away that rounding shows in what is left. They are to be summed anew."""
