"""The tables of a refill: how far it is. The twins in the schema `scoring_anew` are made when one begins."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, MetaData, SmallInteger, Table, Text, Uuid

metadata = MetaData(schema="scoring")

refills = Table(
    "refills",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("resolved_letters", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)
"""The one that is under way, which process works on it, and when it did last."""

refill_tenants = Table(
    "refill_tenants",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("after", Text),
    Column("revisions", BigInteger, nullable=False),
    Column("is_read", Boolean, nullable=False),
)
"""How far the feed of each tenant is read. Of the tenants that are not here, the ledger stays as it is."""

refill_places = Table(
    "refill_places",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
"""Up to where the feed of a tenant tells. What is later comes from the present ledger."""

refill_partitions = Table(
    "refill_partitions",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("next_number", BigInteger, nullable=False),
    Column("copied_epoch", BigInteger, nullable=False),
    Column("copied_sequence", BigInteger, nullable=False),
    Column("first_number", BigInteger, nullable=False),
)
"""The first and the next number of an entry that comes from the feed, and up to where the present ledger is copied."""

refill_erased = Table(
    "refill_erased",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("is_told", Boolean, nullable=False),
    Column("is_settled", Boolean, nullable=False),
)
"""Reviews that were erased: the feed tells nothing of them, and the present ledger what figures were shown once."""
