"""The tables of resolutions and of reports to platforms."""

from sqlalchemy import Column, DateTime, Integer, MetaData, SmallInteger, Table, Text, Uuid

metadata = MetaData(schema="ingest")

resolutions = Table(
    "resolutions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("id", Uuid, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cause", Text),
    Column("ease", SmallInteger),
    Column("note", Text),
    Column("resolved_by", Text, nullable=False),
    Column("resolved_at", DateTime(timezone=True), nullable=False),
)

platform_reports = Table(
    "platform_reports",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("review_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text),
    Column("state", Text, nullable=False),
    Column("reported_by", Text, nullable=False),
    Column("reported_at", DateTime(timezone=True), nullable=False),
    Column("decided_at", DateTime(timezone=True)),
    Column("decided_by", Text),
    Column("decision", Text),
)
