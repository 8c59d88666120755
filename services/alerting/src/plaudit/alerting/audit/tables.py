"""The table of the audit trail."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

audit = Table(
    "audit",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("about_kind", Text, nullable=False),
    Column("about_id", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
)
