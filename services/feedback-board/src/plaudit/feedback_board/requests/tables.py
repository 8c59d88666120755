"""The tables of requests, and the view of what their reach is counted from."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="feedback_board")

requests = Table(
    "requests",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("slug", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("subject", Text),
    Column("persona", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("status_reason", Text),
    Column("status_changed_at", DateTime(timezone=True), nullable=False),
    Column("impact", Numeric),
    Column("effort_weeks", Numeric(6, 2)),
    Column("priority", Numeric(14, 2)),
    Column("votes", Integer, nullable=False),
    Column("reach", Integer, nullable=False),
    Column("unidentified_mentions", Integer, nullable=False),
    Column("linked_reviews", Integer, nullable=False),
    Column("last_mention_at", DateTime(timezone=True), nullable=False),
    Column("recount_at", DateTime(timezone=True)),
    Column("revision", Integer, nullable=False),
    Column("anonymous_votes", Integer, nullable=False),
    Column("anonymous_reach", Integer, nullable=False),
    Column("trend", BigInteger, nullable=False),
    Column("merged_into", Uuid),
    Column("merged_at", DateTime(timezone=True)),
    Column("author_key", Text),
    Column("author_name", Text),
    Column("visibility", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True)),
)

activity = Table(
    "activity",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("type", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor", Text, nullable=False),
    Column("person_key", Text),
    Column("detail", JSONB, nullable=False),
)

recounts = Table(
    "recounts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
)

mentions = Table(
    "mentions",
    metadata,
    Column("tenant_id", Text),
    Column("request_id", Uuid),
    Column("person_key", Text),
    Column("at", DateTime(timezone=True)),
    Column("is_review", Boolean),
    Column("root_id", Uuid),
    Column("review_id", Uuid),
)
"""A view over the votes and the linked reviews: reach is counted here and does not depend on the rooms above."""
