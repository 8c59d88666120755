"""Messages, their deliveries and attempts, endpoints and consent; the mails of before become messages."""

from alembic import op

from plaudit.common.delivery.migration import create_tables

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_tables(op.execute, "alerting")
    for statement in STATEMENTS:
        op.execute(statement)


_COPIED = ("mails", "messages", "message_deliveries", "outlets")

STATEMENTS = (
    # Whoever migrates has to see the rows of all tenants.
    *(f"ALTER TABLE alerting.{table} NO FORCE ROW LEVEL SECURITY" for table in _COPIED),
    """
INSERT INTO alerting.messages (tenant_id, id, topic, thread, person_key, content, created_at)
SELECT tenant_id, id, 'clock.' || CASE kind WHEN 'notice' THEN 'started' ELSE 'breached' END, 'clock:' || clock_id, '',
    jsonb_build_object('subject', CASE kind WHEN 'notice' THEN 'Notice of a clock' ELSE 'Not in time' END, 'text', '',
        'data', jsonb_build_object('clock_id', clock_id, 'generation', generation, 'kind', kind))::text,
    created_at
FROM alerting.mails
""",
    """
INSERT INTO alerting.message_deliveries (tenant_id, id, message_id, key, topic, thread, channel, outlet, recipient,
    person_key, needs_consent, created_at, attempts, state, reason, next_attempt_at, finished_at)
SELECT m.tenant_id, m.id, m.id, 'mail:' || m.id, s.topic, s.thread, 'email', 'email', m.recipient,
    '', false, m.created_at, m.attempts, CASE m.state WHEN 'superseded' THEN 'withdrawn' ELSE m.state END,
    coalesce(m.error, ''), m.next_attempt_at, m.finished_at
FROM alerting.mails AS m JOIN alerting.messages AS s USING (tenant_id, id)
""",
    """
INSERT INTO alerting.outlets (tenant_id, outlet, channel)
SELECT DISTINCT tenant_id, 'email', 'email' FROM alerting.mails
""",
    *(f"ALTER TABLE alerting.{table} FORCE ROW LEVEL SECURITY" for table in _COPIED),
    "DROP TABLE alerting.mails",
)
