"""The tables of cadences."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="alerting")

_TIME = DateTime(timezone=True)

cadence_revisions = Table(
    "cadence_revisions",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("cadences", JSONB, nullable=False),
    Column("active_from", _TIME, nullable=False),
    Column("saved_by", Text, nullable=False),
)

persons = Table(
    "cadence_persons",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("subject_at", _TIME, nullable=False),
    Column("stage", Text),
    Column("stage_at", _TIME),
    Column("purchased_at", _TIME),
    Column("upgraded_at", _TIME),
    Column("ticket_closed_at", _TIME),
    Column("renews_at", _TIME),
    Column("renewal_set_at", _TIME),
    Column("contact_at", _TIME),
    Column("replied_at", _TIME),
    Column("reviewed_at", _TIME),
    Column("language", Text),
    Column("language_at", _TIME),
    Column("zone", Text),
    Column("zone_at", _TIME),
    Column("generation", Integer, nullable=False),
    Column("received_at", _TIME, nullable=False),
    Column("planned", Integer, nullable=False),
)

occurrences = Table(
    "occurrences",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("person", Text, primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("anchor_at", _TIME, nullable=False),
    Column("due_at", _TIME, nullable=False),
    Column("failed_at", _TIME),
    Column("error", Text),
)

touchpoints = Table(
    "touchpoints",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("person", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("why", Text),
    Column("fired_at", _TIME, nullable=False),
    Column("channel", Text),
    Column("note", Text),
    Column("closed_at", _TIME),
    Column("closed_by", Text),
    Column("mail_id", Uuid),
)

digests = Table(
    "digests",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("local_date", Date, primary_key=True),
    Column("digest", JSONB, nullable=False),
    Column("composed_at", _TIME, nullable=False),
)

digest_scores = Table(
    "digest_scores",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("score", Float),
    Column("count", Integer, nullable=False),
    Column("told", Float),
)

digest_requests = Table(
    "digest_requests",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("request_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("votes", Integer, nullable=False),
    Column("created_at", _TIME, nullable=False),
)

digest_reviews = Table(
    "digest_reviews",
    metadata,
    Column("tenant_id", Text, primary_key=True),
    Column("review_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("topics", JSONB, nullable=False),
    Column("published_at", _TIME, nullable=False),
    Column("raised_from", Integer),
    Column("raised_at", _TIME),
    Column("answered_at", _TIME),
    Column("changed_at", _TIME, nullable=False),
)
