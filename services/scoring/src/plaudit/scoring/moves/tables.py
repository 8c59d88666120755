"""The tables `moves`, and `summed_prefixes`: the subjects that have any."""

from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, SmallInteger, Table, Text, Uuid

_SCORING = MetaData(schema="scoring")

moves = Table(
    "moves",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("span", Integer, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("happened", SmallInteger, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("other_traits", SmallInteger, primary_key=True),
    Column("star", SmallInteger, primary_key=True),
    Column("other_star", SmallInteger, primary_key=True),
    Column("sign", SmallInteger, primary_key=True),
    Column("topic", SmallInteger, primary_key=True),
    Column("newest_us", BigInteger, nullable=False),
    Column("changes", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("n", Double, nullable=False),
    Column("trust_a", Double, nullable=False),
    Column("trust_b", Double, nullable=False),
    Column("recent_a", Double, nullable=False),
    Column("recent_b", Double, nullable=False),
)
"""Each span is told twice: by what happened, and by topic. Weights are those of the first instant of its 64 days."""

summed_prefixes = Table(
    "summed_prefixes",
    _SCORING,
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("next_day", Integer, nullable=False),
)
"""All that was shown of a prefix before a day is summed, but for days of which the ledger has learned more since."""
