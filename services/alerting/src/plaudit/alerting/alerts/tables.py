"""The tables of alerts, of who is told next, and of silences."""

from sqlalchemy import Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)

metadata = MetaData(schema="alerting")

alerts = Table(
    "alerts",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("clock_id", Uuid),
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
    Column("source_id", Text),
    Column("review_severity", Text),
    Column("is_statutory", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("remind_at", _TIME),
    Column("title", Text),
    Column("excerpt", Text),
)

alert_steps = Table(
    "alert_steps",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("alert_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("target", Text, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("failed_at", _TIME),
    Column("error", Text),
)

silences = Table(
    "silences",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("alert_id", Uuid),
    Column("subject_prefix", Text),
    Column("source_id", Text),
    Column("reason", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("until", _TIME, nullable=False),
    Column("ended_at", _TIME),
    Column("ended_by", Text),
    Column("told_at", _TIME),
    Column("failed_at", _TIME),
    Column("error", Text),
)
