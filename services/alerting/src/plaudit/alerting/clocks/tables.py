"""The tables of clocks and of their logs."""

from sqlalchemy import BigInteger, Boolean, Column, Computed, DateTime, Identity, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="alerting")

_TIME = DateTime(timezone=True)

clocks = Table(
    "clocks",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("metric", Text, nullable=False),
    Column("instance", Integer, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("review_revision", BigInteger, nullable=False),
    Column("about_kind", Text, nullable=False),
    Column("about_id", Text, nullable=False),
    Column("review_id", Text, Computed("CASE WHEN about_kind IN ('review', 'review-contact') THEN about_id END")),
    Column("source_id", Text),
    Column("source_name", Text),
    Column("external_id", Text),
    Column("subject", Text, nullable=False),
    Column("stars", Integer),
    Column("title", Text),
    Column("excerpt", Text),
    Column("url", Text),
    Column("person", Text),
    Column("severity", Text),
    Column("erased_at", _TIME),
    Column("state", Text, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("policy_revision", Integer, nullable=False),
    Column("policy_class", Text, nullable=False),
    Column("calendar", Text),
    Column("calendar_revision", Integer),
    Column("run", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("anchor_at", _TIME, nullable=False),
    Column("started_at", _TIME, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("settled_due_at", _TIME, Computed("CASE WHEN state NOT IN ('running', 'paused') THEN due_at END")),
    Column("pauses", Text, nullable=False),
    Column("applied_at", _TIME),
    Column("breached_at", _TIME),
    Column("provisional", Boolean, nullable=False),
    Column("fulfilled_at", _TIME),
    Column("cancelled_at", _TIME),
    Column("unknown_at", _TIME),
    Column("reason", Text, nullable=False),
    Column("answers", Text, nullable=False),
)

breach_times = Table(
    "breach_times",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("clock_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("due_at", _TIME, nullable=False),
)
"""When running clocks are due: a view of their timers, each of which has the due time of its clock."""

clock_events = Table(
    "clock_events",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("clock_id", Uuid, primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("happened_at", _TIME, nullable=False),
    Column("recorded_at", _TIME, nullable=False),
    Column("event", JSONB, nullable=False),
)

moves = Table(
    "moves",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("policy_id", Text, nullable=False),
    Column("policy_revision", Integer, nullable=False),
    Column("calendar", Text),
    Column("calendar_revision", Integer),
    Column("reason", Text, nullable=False),
    Column("moved_by", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("state", Text, nullable=False),
    Column("place", Uuid, nullable=False),
    Column("moved", Integer, nullable=False),
    Column("breached", Integer, nullable=False),
    Column("finished_at", _TIME),
    Column("error", Text),
)
