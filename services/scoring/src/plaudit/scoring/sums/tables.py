"""The tables of schema `scoring` that queries are composed over."""

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, SmallInteger, Table, Text, Uuid

metadata = MetaData(schema="scoring")

SUM_COLUMNS = ("a", "b2", "w1", "w2", "w3", "w4", "w5")
COUNT_COLUMNS = ("n1", "n2", "n3", "n4", "n5")
"""Together, in this order, the numbers of `domain.decay.Sums`."""

accumulators = Table(
    "accumulators",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("landmark", Integer, primary_key=True),
    *(Column(name, Float(53), nullable=False) for name in SUM_COLUMNS),
    *(Column(name, BigInteger, nullable=False) for name in COUNT_COLUMNS),
)
