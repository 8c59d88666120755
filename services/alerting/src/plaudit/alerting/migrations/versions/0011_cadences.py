"""Cadences: their rules, customers, what is to come and what became of it, and the weekly digest."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0011"
down_revision = "0010"

SERVICE = "alerting"
TABLES = (
    *("cadence_revisions", "cadence_persons", "occurrences", "touchpoints", "digests"),
    *("digest_scores", "digest_requests", "digest_reviews"),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in TABLES:
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, (Role.API, Role.WORKER))
    # A revision and a digest are never changed: nobody may.
    grant(op.execute, SERVICE, "INSERT", "cadence_revisions", (Role.API, Role.WORKER))
    grant(op.execute, SERVICE, "INSERT", "digests", (Role.WORKER,))
    for table in ("cadence_persons", "occurrences", "touchpoints"):
        grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", table, (Role.WORKER,))
    # Whoever does a touchpoint has contacted the customer, which moves what is to come.
    grant(op.execute, SERVICE, "INSERT, UPDATE", "cadence_persons", (Role.API,))
    grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", "occurrences", (Role.API,))
    grant(op.execute, SERVICE, "UPDATE (state, why, channel, note, closed_at, closed_by)", "touchpoints", (Role.API,))
    for table in ("digest_scores", "digest_requests", "digest_reviews"):
        grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", table, (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE alerting.cadence_revisions (
    tenant_id text NOT NULL COLLATE "C",
    number int NOT NULL CHECK (number >= 1),
    cadences jsonb NOT NULL,
    active_from timestamptz NOT NULL,
    saved_by text NOT NULL,
    PRIMARY KEY (tenant_id, number)
)
""",
    """
CREATE TABLE alerting.cadence_persons (
    tenant_id text NOT NULL COLLATE "C",
    person text NOT NULL COLLATE "C",
    subject text NOT NULL COLLATE "C",
    subject_at timestamptz NOT NULL,
    stage text,
    stage_at timestamptz,
    purchased_at timestamptz,
    upgraded_at timestamptz,
    ticket_closed_at timestamptz,
    renews_at timestamptz,
    renewal_set_at timestamptz,
    contact_at timestamptz,
    replied_at timestamptz,
    reviewed_at timestamptz,
    opted_out text[] NOT NULL,
    generation int NOT NULL,
    received_at timestamptz NOT NULL,
    planned int NOT NULL,
    PRIMARY KEY (tenant_id, person)
) WITH (fillfactor = 85)
""",
    "COMMENT ON COLUMN alerting.cadence_persons.person IS 'the person key: no address is kept here'",
    "CREATE INDEX cadence_persons_by_plan ON alerting.cadence_persons (tenant_id, planned)",
    """
CREATE TABLE alerting.occurrences (
    tenant_id text NOT NULL COLLATE "C",
    person text NOT NULL COLLATE "C",
    rule text NOT NULL COLLATE "C",
    step text NOT NULL CHECK (step IN ('first', 'reminder')),
    local_date date NOT NULL,
    revision int NOT NULL,
    generation int NOT NULL,
    anchor_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    failed_at timestamptz,
    error text,
    PRIMARY KEY (tenant_id, person, rule, step, local_date)
) WITH (autovacuum_vacuum_scale_factor = 0.02)
""",
    """
COMMENT ON TABLE alerting.occurrences IS
    'contacts that are still to come; a row goes when it fires or loses its object. The digest has an empty person'
""",
    "COMMENT ON COLUMN alerting.occurrences.failed_at IS 'set aside, so that one bad row does not hold up the others'",
    "CREATE INDEX occurrences_pending ON alerting.occurrences (due_at) WHERE failed_at IS NULL",
    "CREATE INDEX occurrences_by_due_time ON alerting.occurrences (tenant_id, due_at, person, rule, step, local_date)",
    """
CREATE TABLE alerting.touchpoints (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    person text NOT NULL COLLATE "C",
    rule text NOT NULL COLLATE "C",
    step text NOT NULL,
    local_date date NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('touchpoint', 'invitation')),
    title text NOT NULL,
    subject text NOT NULL COLLATE "C",
    revision int NOT NULL,
    generation int NOT NULL,
    owner text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'done', 'skipped', 'ended', 'withheld')),
    why text,
    fired_at timestamptz NOT NULL,
    channel text,
    note text,
    closed_at timestamptz,
    closed_by text,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85)
""",
    """
COMMENT ON COLUMN alerting.touchpoints.id IS
    'computed from person, rule, step and local date: an occurrence fires at most once'
""",
    "CREATE INDEX touchpoints_of_person ON alerting.touchpoints (tenant_id, person, local_date)",
    "CREATE INDEX touchpoints_by_state ON alerting.touchpoints (tenant_id, purpose, state, fired_at, id)",
    "CREATE INDEX touchpoints_by_time ON alerting.touchpoints (tenant_id, fired_at DESC, id DESC)",
    """
CREATE TABLE alerting.digests (
    tenant_id text NOT NULL COLLATE "C",
    local_date date NOT NULL,
    digest jsonb NOT NULL,
    composed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, local_date)
)
""",
    """
CREATE TABLE alerting.digest_scores (
    tenant_id text NOT NULL COLLATE "C",
    subject text NOT NULL COLLATE "C",
    number bigint NOT NULL,
    score double precision,
    count int NOT NULL,
    told double precision,
    PRIMARY KEY (tenant_id, subject)
) WITH (fillfactor = 70)
""",
    "COMMENT ON COLUMN alerting.digest_scores.told IS 'the score as the digest before told it'",
    """
CREATE TABLE alerting.digest_requests (
    tenant_id text NOT NULL COLLATE "C",
    request_id text NOT NULL COLLATE "C",
    title text NOT NULL,
    status text NOT NULL,
    votes int NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id)
) WITH (fillfactor = 70)
""",
    "CREATE INDEX digest_requests_by_status ON alerting.digest_requests (tenant_id, status, votes)",
    """
CREATE TABLE alerting.digest_reviews (
    tenant_id text NOT NULL COLLATE "C",
    review_id text NOT NULL COLLATE "C",
    revision bigint NOT NULL,
    subject text NOT NULL COLLATE "C",
    stars int NOT NULL,
    topics jsonb NOT NULL,
    published_at timestamptz NOT NULL,
    raised_from int,
    raised_at timestamptz,
    answered_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
) WITH (fillfactor = 85)
""",
    "CREATE INDEX digest_reviews_by_change ON alerting.digest_reviews (tenant_id, changed_at)",
)
