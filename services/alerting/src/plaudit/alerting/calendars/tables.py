"""The tables of calendars: every revision of each, and by which data of its zone each was computed."""

from sqlalchemy import Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="alerting")

calendar_revisions = Table(
    "calendar_revisions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("tzdata", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("changed_by", Text, nullable=False),
)

calendar_zone_data = Table(
    "calendar_zone_data",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("tzdata", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("has_moved", Boolean, nullable=False),
    Column("computed_at", DateTime(timezone=True), nullable=False),
)
