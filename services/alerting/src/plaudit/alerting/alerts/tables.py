"""The table of alerts."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)

alerts = Table(
    "alerts",
    MetaData(schema="alerting"),
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
