"""The tables of profiles of tenants' own: every revision of each, and which one badges show."""

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="scoring")

profile_revisions = Table(
    "profile_revisions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("parameters", JSONB(none_as_null=True)),
    Column("half_life_us", BigInteger),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

badge_profiles = Table(
    "badge_profiles",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("chosen_by", Text, nullable=False),
)
