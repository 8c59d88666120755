"""The table `sums`: one row per tenant, subject prefix, source, partition and landmark."""

from sqlalchemy import BigInteger, Column, Double, Identity, Integer, MetaData, SmallInteger, Table, Text, Uuid

from plaudit.scoring.sums.domain.decay import COUNTS, Sums

sums = Table(
    "sums",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("landmark", Integer, primary_key=True),
    *(Column(name, BigInteger if name in COUNTS else Double, nullable=False) for name in Sums._fields),
    Column("id", BigInteger, Identity(always=True), nullable=False, unique=True),
)
