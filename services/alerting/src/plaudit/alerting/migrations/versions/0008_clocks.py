"""Clocks about anything and of any metric; calendars, pauses and moves; contacts with customers."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0008"
down_revision = "0007"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("contacts", "moves"):
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))
    grant(op.execute, SERVICE, "SELECT, INSERT", "moves", (Role.API,))
    # People change clocks by the API, in the request's own transaction.
    for table in ("clocks", "alerts", "mails"):
        grant(op.execute, SERVICE, "INSERT, UPDATE", table, (Role.API,))
    grant(op.execute, SERVICE, "SELECT", "contacts", (Role.API,))
    grant(op.execute, SERVICE, "INSERT", "clock_events", (Role.API,))
    grant(op.execute, SERVICE, "INSERT, DELETE", "timers", (Role.API,))
    # An erasure deletes what people noted; nothing else of a log is ever changed.
    grant(op.execute, SERVICE, "UPDATE (event)", "clock_events", (Role.WORKER,))


# The due times of clocks stay as they are: what they are pinned to has the same target, grace and warnings.
STATEMENTS = (
    "ALTER TABLE alerting.clocks ADD COLUMN instance int NOT NULL DEFAULT 1 CHECK (instance >= 1)",
    "ALTER TABLE alerting.clocks ADD COLUMN topic text NOT NULL DEFAULT 'reviews.v1'",
    "ALTER TABLE alerting.clocks ADD COLUMN about_kind text NOT NULL DEFAULT 'review'",
    """
ALTER TABLE alerting.clocks ADD CONSTRAINT clocks_about_kind_check
    CHECK (about_kind IN ('review', 'review-contact', 'incident', 'customer'))
""",
    "DROP INDEX alerting.clocks_by_review",
    "ALTER TABLE alerting.clocks RENAME COLUMN review_id TO about_id",
    """
ALTER TABLE alerting.clocks ADD COLUMN review_id text COLLATE "C"
    GENERATED ALWAYS AS (CASE WHEN about_kind IN ('review', 'review-contact') THEN about_id END) STORED
""",
    "CREATE INDEX clocks_by_review ON alerting.clocks (tenant_id, review_id)",
    *(
        f"ALTER TABLE alerting.clocks ALTER COLUMN {name} DROP NOT NULL"
        for name in ("source_id", "source_name", "external_id", "stars")
    ),
    "ALTER TABLE alerting.clocks ADD COLUMN person text",
    "CREATE INDEX clocks_by_person ON alerting.clocks (tenant_id, person) WHERE person IS NOT NULL AND waiting",
    "ALTER TABLE alerting.clocks ADD COLUMN policy_class text NOT NULL DEFAULT ''",
    "ALTER TABLE alerting.clocks ADD COLUMN calendar text",
    "ALTER TABLE alerting.clocks ADD COLUMN calendar_revision int",
    "ALTER TABLE alerting.clocks ADD COLUMN pauses text NOT NULL DEFAULT '[]'",
    "ALTER TABLE alerting.clocks ADD COLUMN applied_at timestamptz",
    """
UPDATE alerting.clocks SET policy_id = 'shipped',
    policy_class = CASE policy_id WHEN 'answer-drastic-reviews' THEN 'drastic' ELSE 'one-or-two-stars' END
WHERE policy_id IN ('answer-negative-reviews', 'answer-drastic-reviews') AND policy_revision = 1
""",
    "ALTER TABLE alerting.clocks DROP CONSTRAINT clocks_state_check",
    """
ALTER TABLE alerting.clocks ADD CONSTRAINT clocks_state_check
    CHECK (state IN ('running', 'paused', 'fulfilled', 'breached', 'cancelled', 'unknown'))
""",
    "ALTER TABLE alerting.clock_events DROP CONSTRAINT clock_events_kind_check",
    """
ALTER TABLE alerting.clock_events ADD CONSTRAINT clock_events_kind_check
    CHECK (kind IN ('started', 'paused', 'resumed', 'policy_applied', 'warned', 'breached', 'unknown', 'fulfilled',
        'cancelled', 'retracted'))
""",
    "COMMENT ON COLUMN alerting.clocks.topic IS 'where what could fulfil it is written; empty: nowhere'",
    "COMMENT ON COLUMN alerting.clocks.partition IS 'of the topic: timers wait for the position there'",
    "COMMENT ON COLUMN alerting.clocks.pauses IS 'JSON: which times do not count; the last is open while it is paused'",
    "COMMENT ON COLUMN alerting.clocks.applied_at IS 'when a person moved it to the policy that it is pinned to'",
    # Timers: what a row stands for is a name, since a warning need not be a share of the time.
    "ALTER TABLE alerting.timers DROP CONSTRAINT timers_pkey",
    "ALTER TABLE alerting.timers ADD COLUMN kind text",
    "UPDATE alerting.timers SET kind = CASE percent WHEN 100 THEN 'breach' ELSE 'warn:' || percent END",
    "ALTER TABLE alerting.timers ALTER COLUMN kind SET NOT NULL",
    "ALTER TABLE alerting.timers DROP COLUMN percent",
    "ALTER TABLE alerting.timers ADD PRIMARY KEY (tenant_id, clock_id, generation, kind)",
    "ALTER TABLE alerting.timers ADD COLUMN root uuid",
    # All clocks of before are first answers, and name the groups of their reviews.
    "UPDATE alerting.timers SET root = clock_id",
    "ALTER TABLE alerting.timers ALTER COLUMN root SET NOT NULL",
    "ALTER TABLE alerting.timers ADD COLUMN topic text NOT NULL DEFAULT 'reviews.v1'",
    "DROP INDEX alerting.timers_pending",
    "CREATE INDEX timers_pending ON alerting.timers (topic, partition, due_at) WHERE failed_at IS NULL",
    """
COMMENT ON TABLE alerting.timers IS 'what is still to come; a row goes when it fires or loses its object'
""",
    "COMMENT ON COLUMN alerting.timers.root IS 'the group of clocks under whose order key it fires'",
    """
CREATE TABLE alerting.contacts (
    tenant_id text NOT NULL COLLATE "C",
    person text NOT NULL COLLATE "C",
    event_id text NOT NULL COLLATE "C",
    happened_at timestamptz NOT NULL,
    channel text,
    PRIMARY KEY (tenant_id, person, event_id)
)
""",
    "CREATE INDEX contacts_by_time ON alerting.contacts (happened_at)",
    """
CREATE TABLE alerting.moves (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    policy_id text NOT NULL,
    policy_revision int NOT NULL,
    reason text NOT NULL,
    moved_by text NOT NULL,
    created_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done')),
    place uuid NOT NULL,
    moved int NOT NULL DEFAULT 0,
    breached int NOT NULL DEFAULT 0,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id)
)
""",
    "CREATE INDEX moves_running ON alerting.moves (created_at) WHERE state = 'running'",
)
