"""The table of embeds."""

from sqlalchemy import ARRAY, Column, DateTime, Integer, MetaData, Table, Text

metadata = MetaData(schema="feedback_board")

embeds = Table(
    "embeds",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("origins", ARRAY(Text), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("updated_by", Text, nullable=False),
)
