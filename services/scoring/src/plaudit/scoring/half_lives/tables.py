"""The tables of half-lives of tenants' own: which there are, how far each partition of them is, and their sums."""

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.tables import INTEGERS

metadata = MetaData(schema="scoring")
ROW: tuple[str, ...] = (*Sums._fields, "newest_us")
"""The numbers of a row of sums, in the order of `EMPTY_HALF_LIFE_ROW`."""

half_lives = Table(
    "half_lives",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("half_life_us", BigInteger, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("after_review", Uuid),
    Column("entries_read", BigInteger, nullable=False),
    Column("entries_total", BigInteger, nullable=False),
    Column("waits_for", Text),
    Column("wanted_at", DateTime(timezone=True), nullable=False),
    Column("unused_since", DateTime(timezone=True)),
    Column("next_turn_at", DateTime(timezone=True), nullable=False),
)

half_life_partitions = Table(
    "half_life_partitions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("half_life_us", BigInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("resolved_letters", BigInteger, nullable=False),
    Column("is_live", Boolean, nullable=False),
)

tenant_sums = Table(
    "tenant_sums",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("half_life_us", BigInteger, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("landmark", Integer, primary_key=True),
    *(Column(name, BigInteger if name in INTEGERS else Double, nullable=False) for name in ROW),
)

rounded_tenant_sums = Table(
    "rounded_tenant_sums",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("half_life_us", BigInteger, nullable=False),
    Column("prefix", Text, nullable=False),
)
"""Subjects from whose sums so much was taken away that rounding shows in what is left. They are to be summed anew."""
