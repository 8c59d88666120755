"""Policies, clocks and their logs, timers, alerts and mails."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0001"
down_revision = None

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("policies", "clocks", "clock_events", "timers", "alerts", "mails"):
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, (Role.API, Role.WORKER))
    # A policy's revision and an entry of a log are never changed: nobody may.
    grant(op.execute, SERVICE, "INSERT", "policies", (Role.WORKER,))
    grant(op.execute, SERVICE, "INSERT", "clock_events", (Role.WORKER,))
    for table in ("clocks", "alerts", "mails"):
        grant(op.execute, SERVICE, "INSERT, UPDATE", table, (Role.WORKER,))
    grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", "timers", (Role.WORKER,))
    grant(op.execute, SERVICE, "UPDATE (state, acknowledged_at, acknowledged_by)", "alerts", (Role.API,))


STATEMENTS = (
    """
CREATE TABLE alerting.policies (
    tenant_id text NOT NULL COLLATE "C",
    id text NOT NULL COLLATE "C",
    revision int NOT NULL CHECK (revision >= 1),
    metric text NOT NULL,
    kinds text[] NOT NULL,
    max_stars int NOT NULL CHECK (max_stars BETWEEN 1 AND 5),
    target_seconds int NOT NULL CHECK (target_seconds > 0),
    grace_seconds int NOT NULL CHECK (grace_seconds >= 0),
    warn_percent int[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id, revision)
)
""",
    """
CREATE TABLE alerting.clocks (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    metric text NOT NULL,
    partition int NOT NULL,
    review_revision bigint NOT NULL,
    review_id text NOT NULL COLLATE "C",
    source_id text NOT NULL,
    source_name text NOT NULL,
    external_id text NOT NULL,
    subject text NOT NULL COLLATE "C",
    stars int NOT NULL,
    title text,
    excerpt text,
    url text,
    state text NOT NULL CHECK (state IN ('running', 'fulfilled', 'breached', 'cancelled')),
    waiting boolean NOT NULL,
    policy_id text NOT NULL,
    policy_revision int NOT NULL,
    run int NOT NULL,
    generation int NOT NULL,
    anchor_at timestamptz NOT NULL,
    started_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    breached_at timestamptz,
    provisional boolean NOT NULL,
    fulfilled_at timestamptz,
    cancelled_at timestamptz,
    reason text NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85)
""",
    """
COMMENT ON COLUMN alerting.clocks.partition IS
    'of the topic of reviews, where all about this review is written: timers wait for the position there'
""",
    """
COMMENT ON COLUMN alerting.clocks.generation IS
    'goes up when what was scheduled so far has lost its object: timers and mails of an older one do nothing'
""",
    "CREATE INDEX clocks_by_due_time ON alerting.clocks (tenant_id, due_at, id)",
    "CREATE INDEX clocks_by_state ON alerting.clocks (tenant_id, state, due_at, id)",
    "CREATE INDEX clocks_by_subject ON alerting.clocks (tenant_id, subject)",
    "CREATE INDEX clocks_by_review ON alerting.clocks (tenant_id, review_id)",
    """
CREATE TABLE alerting.clock_events (
    tenant_id text NOT NULL COLLATE "C",
    clock_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('started', 'warned', 'breached', 'fulfilled', 'cancelled', 'retracted')),
    happened_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (tenant_id, clock_id, id)
)
""",
    """
CREATE TABLE alerting.timers (
    tenant_id text NOT NULL COLLATE "C",
    clock_id uuid NOT NULL,
    generation int NOT NULL,
    percent int NOT NULL,
    partition int NOT NULL,
    due_at timestamptz NOT NULL,
    failed_at timestamptz,
    error text,
    PRIMARY KEY (tenant_id, clock_id, generation, percent)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1)
""",
    """
COMMENT ON TABLE alerting.timers IS
    'what is still to come; a row goes when it fires or loses its object. 100 percent is the breach'
""",
    "COMMENT ON COLUMN alerting.timers.failed_at IS 'set aside, so that one bad row does not hold up the others'",
    "CREATE INDEX timers_pending ON alerting.timers (partition, due_at) WHERE failed_at IS NULL",
    """
CREATE TABLE alerting.alerts (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    clock_id uuid NOT NULL,
    review_id text NOT NULL,
    subject text NOT NULL COLLATE "C",
    kind text NOT NULL,
    severity text NOT NULL,
    summary text NOT NULL,
    owner text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
    raised_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    resolved_at timestamptz,
    reason text,
    PRIMARY KEY (tenant_id, id)
)
""",
    "COMMENT ON COLUMN alerting.alerts.acknowledged_by IS 'public id of the API key'",
    "CREATE INDEX alerts_by_time ON alerting.alerts (tenant_id, raised_at DESC, id DESC)",
    "CREATE INDEX alerts_by_subject ON alerting.alerts (tenant_id, subject)",
    """
CREATE TABLE alerting.mails (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    clock_id uuid NOT NULL,
    generation int NOT NULL,
    kind text NOT NULL CHECK (kind IN ('notice', 'breach')),
    channel text NOT NULL DEFAULT 'email' CHECK (channel = 'email'),
    recipient text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'superseded', 'failed')),
    attempts int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    finished_at timestamptz,
    error text,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05)
""",
    """
COMMENT ON COLUMN alerting.mails.id IS
    'computed from clock, run, kind, recipient and channel: the same change cannot write to the same person twice'
""",
    """
COMMENT ON COLUMN alerting.mails.leased_until IS
    'by the wall clock: no other sender takes the row before, and one that died gives it back'
""",
    "CREATE INDEX mails_pending ON alerting.mails (next_attempt_at) WHERE state = 'pending'",
)
