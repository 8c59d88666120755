"""The tables `cells`, `rated_cells`, `late_cells`, and `celled_prefixes`: the subjects that have any."""

from sqlalchemy import Boolean, Column, DateTime, Double, Integer, MetaData, SmallInteger, Table, Text, Uuid
from sqlalchemy.types import BigInteger

from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.tables import INTEGERS

cells = Table(
    "cells",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("valid_grain", SmallInteger, primary_key=True),
    Column("known_grain", SmallInteger, primary_key=True),
    Column("valid_span", Integer, primary_key=True),
    Column("known_span", Integer, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("block", Integer, primary_key=True),
    *(Column(name, BigInteger if name in INTEGERS else Double, nullable=False) for name in KeptSums._fields),
    Column("trust_summed", Double, nullable=False),
    Column("recent_summed", Double, nullable=False),
    Column("prompt", BigInteger, nullable=False),
)
"""The two `summed` are all weights that were summed, those taken away as well: they say what rounding has done.
`prompt` is the number of reviews that took effect at the instant that they were rated, less those that ceased to."""

rated_cells = Table(
    "rated_cells",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("span", Integer, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("rating", Double, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("trust_w", Double, nullable=False),
    Column("trust_b2", Double, nullable=False),
    Column("recent_w", Double, nullable=False),
    Column("recent_b2", Double, nullable=False),
)
"""Reviews of a large subject that stand when everything has taken effect, by the span that they were rated in."""

late_cells = Table(
    "late_cells",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("grain", SmallInteger, primary_key=True),
    Column("span", Integer, primary_key=True),
    Column("rated_month", Integer, primary_key=True),
    Column("source_id", Uuid, primary_key=True),
    Column("traits", SmallInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("trust_w", Double, nullable=False),
    Column("recent_w", Double, nullable=False),
)
"""Entries that took effect after they were rated, by the span of days that they took effect in and the 32 days that
they were rated in: what is to be taken from `rated_cells` to know what stood before."""

celled_prefixes = Table(
    "celled_prefixes",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("is_filled", Boolean, nullable=False),
    Column("filled_valid_at", DateTime(timezone=True), nullable=False),
    Column("compared_at", DateTime(timezone=True)),
)
"""The cells of a prefix hold what took effect until an instant; all of it once they are filled. They were compared with
the ledger last at another; null: never."""
