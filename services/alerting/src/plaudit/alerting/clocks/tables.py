"""The tables of schema `alerting` that queries are composed over."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="alerting")

_TIME = DateTime(timezone=True)

policies = Table(
    "policies",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("metric", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("max_stars", Integer, nullable=False),
    Column("target_seconds", Integer, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("warn_percent", ARRAY(Integer), nullable=False),
    Column("created_at", _TIME, nullable=False),
)

clocks = Table(
    "clocks",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("metric", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("review_revision", BigInteger, nullable=False),
    Column("review_id", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("source_name", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("title", Text),
    Column("excerpt", Text),
    Column("url", Text),
    Column("state", Text, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("policy_revision", Integer, nullable=False),
    Column("run", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("anchor_at", _TIME, nullable=False),
    Column("started_at", _TIME, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("breached_at", _TIME),
    Column("provisional", Boolean, nullable=False),
    Column("fulfilled_at", _TIME),
    Column("cancelled_at", _TIME),
    Column("reason", Text, nullable=False),
)

clock_events = Table(
    "clock_events",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("clock_id", Uuid, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("happened_at", _TIME, nullable=False),
    Column("recorded_at", _TIME, nullable=False),
    Column("event", JSONB, nullable=False),
)

alerts = Table(
    "alerts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("clock_id", Uuid, nullable=False),
    Column("review_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("raised_at", _TIME, nullable=False),
    Column("acknowledged_at", _TIME),
    Column("acknowledged_by", Text),
    Column("resolved_at", _TIME),
    Column("reason", Text),
)

mails = Table(
    "mails",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("clock_id", Uuid, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("next_attempt_at", _TIME, nullable=False),
    Column("leased_until", _TIME, nullable=False),
    Column("finished_at", _TIME),
    Column("error", Text),
)
