"""The table of policies."""

from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text

policies = Table(
    "policies",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("metric", Text, nullable=False),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("severity", Text, nullable=False),
    Column("target_seconds", Integer, nullable=False),
    Column("grace_seconds", Integer, nullable=False),
    Column("warn_percent", ARRAY(Integer), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
