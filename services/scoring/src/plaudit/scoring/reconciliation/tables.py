"""The table `reconciliations`: nightly comparisons, and how far each has come."""

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text, Uuid

reconciliations = Table(
    "reconciliations",
    MetaData(schema="scoring"),
    Column("id", Uuid, primary_key=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("tenant_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("compared", BigInteger, nullable=False),
    Column("skipped", BigInteger, nullable=False),
    Column("differing", BigInteger, nullable=False),
    Column("rounded", BigInteger, nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("celled", BigInteger, nullable=False),
    Column("refilled", BigInteger, nullable=False),
    Column("derived", BigInteger, nullable=False),
    Column("remade", BigInteger, nullable=False),
    Column("walk", Text),
    Column("walk_after", Text),
)
"""Tenant and subject: the last ones that were compared; subjects of one segment, each with all below it."""
