"""The tables `ledger`, which is append-only and the truth behind the sums, and what is not summed of it yet.

`tail` holds its newest runs of records, `changed_days` the past days of which it has learned more.
"""

from sqlalchemy import (
    BigInteger,
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

ledger = Table(
    "ledger",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, nullable=False),
    Column("partition", SmallInteger, primary_key=True),
    Column("epoch", BigInteger, primary_key=True),
    Column("sequence", BigInteger, primary_key=True),
    Column("sign", SmallInteger, primary_key=True),
    Column("review_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("source_id", Uuid, nullable=False),
    Column("traits", SmallInteger, nullable=False),
    Column("rating", Double, nullable=False),
    Column("rated_at", DateTime(timezone=True), nullable=False),
    Column("valid_at", DateTime(timezone=True), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("happened", SmallInteger, nullable=False),
    Column("topics", Integer),
    Column("other_star", SmallInteger),
    Column("other_traits", SmallInteger),
    Column("other_subject", Text),
    Column("lowest", SmallInteger),
    Column("highest", SmallInteger),
    Column("newest_before", DateTime(timezone=True)),
    Column("first_shown_at", DateTime(timezone=True)),
)
"""Those of the other state say what that of a changed review is: that before a state that came, that after one that
went. Null where the review came or went as a whole; the subject also where it is the same. The last four say what
bounds what the review may have been, as `LedgerEntry` does; null where it was new.
"""

tail = Table(
    "tail",
    MetaData(schema="scoring"),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("first_sequence", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
)
"""Runs of records, without a gap, whose entries are in the ledger and in no cell yet."""

changed_days = Table(
    "changed_days",
    MetaData(schema="scoring"),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("day", Integer, nullable=False),
)
"""Days since 1970 that were past when the ledger learned of changes shown on them: what was summed of them is old."""
