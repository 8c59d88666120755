"""The table of timers."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

timers = Table(
    "timers",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("clock_id", Uuid, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("root", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("breach_at", DateTime(timezone=True)),
    Column("failed_at", DateTime(timezone=True)),
    Column("error", Text),
)
