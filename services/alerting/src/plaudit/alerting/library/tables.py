"""The table of guidelines."""

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, MetaData, Table, Text, Uuid

guidelines = Table(
    "guidelines",
    MetaData(schema="alerting"),
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("language", Text, nullable=False),
    Column("topic", Text),
    Column("severity", Text),
    Column("stance", Text, nullable=False),
    Column("points", ARRAY(Text), nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
    Column("restored_from", Integer),
    Column("is_withdrawn", Boolean, nullable=False),
)
