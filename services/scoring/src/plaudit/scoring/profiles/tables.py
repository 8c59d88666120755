"""The table of profiles of tenants' own: every revision of each."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

profile_revisions = Table(
    "profile_revisions",
    MetaData(schema="scoring"),
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("parameters", JSONB(none_as_null=True)),
    Column("half_life_us", BigInteger),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)
