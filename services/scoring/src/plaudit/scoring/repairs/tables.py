"""The tables of a repair: how far it is, and of which reviews the feed has not told yet."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, SmallInteger, Table, Text, Uuid

metadata = MetaData(schema="scoring")

repairs = Table(
    "repairs",
    metadata,
    Column("id", SmallInteger, primary_key=True),
    Column("run_id", Uuid, nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)
"""The one that is under way, which process works on it, and when it did last."""

repair_tenants = Table(
    "repair_tenants",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("stage", SmallInteger, nullable=False),
    Column("noted", Uuid, nullable=False),
    Column("after", Text),
    Column("revisions", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("gone", BigInteger, nullable=False),
    Column("damaged", BigInteger, nullable=False),
)
"""How far each tenant is: the last review that was noted, and the place in its feed."""

repair_reviews = Table(
    "repair_reviews",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
)
"""Reviews that were kept before the feed was read, and of which it has not told yet."""
