"""The tables of surveys, and of the invitations to them."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid

metadata = MetaData(schema="ingest")

surveys = Table(
    "surveys",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("template", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("brand", Text),
    Column("title", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("text_question", Text, nullable=False),
    Column("thanks", Text, nullable=False),
    Column("closed_at", DateTime(timezone=True)),
    Column("invited", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
)

survey_invitations = Table(
    "survey_invitations",
    metadata,
    Column("tenant_id", Text, nullable=False),
    Column("id", Uuid, primary_key=True),
    Column("survey_id", Uuid, nullable=False),
    Column("person", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reference", Text),
    Column("token_hash", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("responded_at", DateTime(timezone=True)),
)
