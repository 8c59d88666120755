"""The table of mails."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)

mails = Table(
    "mails",
    MetaData(schema="alerting"),
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
