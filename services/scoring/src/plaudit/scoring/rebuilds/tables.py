"""The tables of a rebuild: twins of the tables of sums, how far it has come, and what it has noted on the way."""

from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table, Text

from plaudit.scoring.half_lives.tables import tenant_sums
from plaudit.scoring.sums.tables import sums

metadata = MetaData(schema="scoring")
sums_anew = sums.to_metadata(metadata, name="sums_anew")
tenant_sums_anew = tenant_sums.to_metadata(metadata, name="tenant_sums_anew")

rebuild_places = Table(
    "rebuild_places",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
"""Up to where each partition of the ledger is in the new sums."""

rebuild_half_lives = Table(
    "rebuild_half_lives",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("half_life_us", BigInteger, primary_key=True),
)
"""The half-lives of tenants' own whose sums are made anew: those that were kept when the rebuild began."""

rebuild_rounded = Table(
    "rebuild_rounded",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("half_life_us", BigInteger),
)
"""Subjects with new sums in which rounding shows, of a half-life or, without one, of `sums_anew`."""
