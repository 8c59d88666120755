"""The tables of visitors: who has signed in, their sessions and links, the tokens that came, and what was deleted."""

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="feedback_board")

visitors = Table(
    "visitors",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("name", Text),
    Column("signed_in_at", DateTime(timezone=True), nullable=False),
)

visitor_sessions = Table(
    "visitor_sessions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id_hash", LargeBinary, primary_key=True),
    Column("person_key", Text, nullable=False),
    Column("began_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

visitor_links = Table(
    "visitor_links",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_key", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("next_path", Text, nullable=False),
    Column("intent", JSONB, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id_hash", LargeBinary, primary_key=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

sign_in_secrets = Table(
    "sign_in_secrets",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("previous_until", DateTime(timezone=True)),
    Column("set_at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
)

deletions = Table(
    "deletions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("person_key", Text),
    Column("requested_at", DateTime(timezone=True), nullable=False),
    Column("done_at", DateTime(timezone=True)),
)
