"""The tables `sums_anew`, which is to `sums` as a twin, and `rebuild_places`: how far it has come."""

from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table

from plaudit.scoring.sums.tables import sums

sums_anew = sums.to_metadata(MetaData(schema="scoring"), name="sums_anew")

rebuild_places = Table(
    "rebuild_places",
    MetaData(schema="scoring"),
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
"""Up to where each partition of the ledger is in the new sums."""
