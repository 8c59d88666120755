"""The table `published_scores`: the last event of each subject."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text

published_scores = Table(
    "published_scores",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("published_at", DateTime(timezone=True), nullable=False),
    Column("next_change_at", DateTime(timezone=True)),
    Column("epoch", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("profiles", BigInteger, nullable=False),
    Column("xid", BigInteger, nullable=False),
)
