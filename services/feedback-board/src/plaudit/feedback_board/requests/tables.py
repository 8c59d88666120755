"""The tables of requests, and the view of what their reach is counted from."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid
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
    Column("sized_at", DateTime(timezone=True)),
    Column("concern", Text),
    Column("strata", JSONB, nullable=False),
    Column("muted_people", Integer, nullable=False),
    Column("weighted_reach", Numeric(14, 2), nullable=False),
    Column("reach_view", Text, nullable=False),
    Column("reach_cap", Integer),
    Column("formula_version", Integer, nullable=False),
    Column("author_key", Text),
    Column("author_name", Text),
    Column("visibility", Text, nullable=False),
    Column("edited_at", DateTime(timezone=True)),
)

sizings = Table(
    "sizings",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("impact", Numeric),
    Column("effort_weeks", Numeric(6, 2)),
    Column("note", Text),
    Column("actor", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

priority_history = Table(
    "priority_history",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("impact", Numeric),
    Column("effort_weeks", Numeric(6, 2)),
    Column("reach", Integer, nullable=False),
    Column("muted_people", Integer, nullable=False),
    Column("weighted_reach", Numeric(14, 2), nullable=False),
    Column("reach_view", Text, nullable=False),
    Column("reach_cap", Integer),
    Column("priority", Numeric(14, 2)),
    Column("formula_version", Integer, nullable=False),
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

request_counts = Table(
    "request_counts",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("tenant_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("is_sum", Boolean, nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("previous_status", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("is_wanted", Boolean, nullable=False),
    Column("actor_key", Text, nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    Column("outcome", Text, nullable=False),
    Column("told_up_to", Text, nullable=False),
    Column("told", Integer, nullable=False),
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

reach_views = Table(
    "reach_views",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("view", Text, nullable=False),
    Column("cap", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("set_at", DateTime(timezone=True), nullable=False),
)

day_rolls = Table(
    "day_rolls",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("rolled_at", DateTime(timezone=True), nullable=False),
    Column("sample", JSONB, nullable=False),
)

strata = Table(
    "strata",
    metadata,
    Column("tenant_id", Text),
    Column("person_key", Text),
    Column("stratum", Text),
)
"""A view over the personas of people, for the same reason."""

muted_strata = Table(
    "muted_strata",
    metadata,
    Column("tenant_id", Text),
    Column("stratum", Text),
    Column("until", DateTime(timezone=True)),
)
"""A view over the personas that are muted, for the same reason."""
