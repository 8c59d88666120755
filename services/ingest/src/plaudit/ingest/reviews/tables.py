"""The tables of reviews: what each is now, every revision of it, and events that wait for one."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.types import UserDefinedType

metadata = MetaData(schema="ingest")


class Xid(UserDefinedType[int]):
    """The number of a transaction."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the name of the type in SQL."""
        return "xid8"


reviews = Table(
    "reviews",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("version", BigInteger),
    Column("removed", Boolean, nullable=False),
    Column("partition_key", Text, nullable=False),
    Column("subject", Text),
    Column("kind", Text),
    Column("rating", Float(53)),
    Column("severity", Text),
    Column("published_at", DateTime(timezone=True)),
    Column("answered_at", DateTime(timezone=True)),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("part_versions", LargeBinary),
    Column("person", Text),
    Column("erased_at", DateTime(timezone=True)),
    Column("verified", Boolean),
    Column("origin", Text),
    Column("language", Text),
    Column("traits", BigInteger),
)

revisions = Table(
    "revisions",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("review_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("delivery_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", BigInteger),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("state", LargeBinary),
    Column("state_format", SmallInteger, nullable=False),
    Column("removed", Boolean, nullable=False),
    Column("actor", Text),
    Column("xid", Xid, nullable=False, server_default=func.pg_current_xact_id()),
    Column("traits", BigInteger),
)

held_events = Table(
    "held_events",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("source_id", Uuid, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("delivery_id", Uuid, nullable=False),
    Column("event_index", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("instruction", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("tracestate", Text),
)

review_texts = Table(
    "review_texts",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("review_id", Uuid, primary_key=True),
    Column("words", TSVECTOR, nullable=False),
)
