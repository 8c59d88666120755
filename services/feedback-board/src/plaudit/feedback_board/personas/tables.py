"""The tables of personas, and of who has which."""

from sqlalchemy import Column, DateTime, MetaData, Numeric, Table, Text, Uuid

metadata = MetaData(schema="feedback_board")

personas = Table(
    "personas",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("population_share", Numeric(5, 4)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("muted_at", DateTime(timezone=True)),
    Column("muted_until", DateTime(timezone=True)),
    Column("mute_reason", Text),
    Column("muted_by", Text),
)

persona_people = Table(
    "persona_people",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("persona_id", Uuid, nullable=False),
    Column("source", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("assigned_at", DateTime(timezone=True), nullable=False),
)
