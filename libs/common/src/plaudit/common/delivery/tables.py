"""The tables of messages, in the schema of each service that sends any; `migration.py` makes them."""

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, Uuid

_TIME = DateTime(timezone=True)
_META = MetaData()

messages = Table(
    "messages",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("person_key", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
)
message_deliveries = Table(
    "message_deliveries",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("key", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("outlet", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("person_key", Text, nullable=False),
    Column("needs_consent", Boolean, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("possible_repeat", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("next_attempt_at", _TIME, nullable=False),
    Column("leased_until", _TIME, nullable=False),
    Column("finished_at", _TIME),
    Column("gathering", Text, nullable=False),
    Column("is_urgent", Boolean, nullable=False),
    Column("is_bundle", Boolean, nullable=False),
    Column("bundle_id", Uuid),
    Column("released_at", _TIME),
)
gatherings = Table(
    "gatherings",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("gathering", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("recipient", Text, primary_key=True),
    Column("step", Integer, nullable=False),
    Column("free_at", _TIME),
    Column("urgent_at", _TIME),
    Column("opened_at", _TIME),
)
storms = Table(
    "storms",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("since", _TIME, primary_key=True),
    Column("until", _TIME),
)
message_attempts = Table(
    "message_attempts",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("delivery_id", Uuid, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("ended_at", _TIME, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Integer),
    Column("error", Text, nullable=False),
    Column("sent", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)
outlets = Table(
    "outlets",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("outlet", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("failing_since", _TIME),
    Column("rests_until", _TIME),
    Column("leased_at", _TIME, nullable=False),
)
endpoints = Table(
    "endpoints",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("created_at", _TIME, nullable=False),
    Column("created_by", Text, nullable=False),
)
endpoint_changes = Table(
    "endpoint_changes",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("endpoint_id", Uuid, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("changed_at", _TIME, nullable=False),
    Column("actor", Text, nullable=False),
    Column("change", Text, nullable=False),
)
consents = Table(
    "consents",
    _META,
    Column("tenant_id", Text, primary_key=True),
    Column("person_key", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", _TIME, nullable=False),
)
