"""People: who answers for what, who is told of an alert next, silences, and the audit trail."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0012"
down_revision = "0011"

SERVICE = "alerting"
BOTH = (Role.API, Role.WORKER)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("owner_revisions", "alert_steps", "silences", "audit"):
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, BOTH)
    # Revisions and entries of the audit trail are never changed: nobody may.
    grant(op.execute, SERVICE, "INSERT", "owner_revisions", (Role.API,))
    grant(op.execute, SERVICE, "INSERT", "audit", BOTH)
    # An erasure empties what was said; who did what stays.
    grant(op.execute, SERVICE, "UPDATE (before, after)", "audit", (Role.WORKER,))
    grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", "alert_steps", BOTH)
    grant(op.execute, SERVICE, "INSERT, UPDATE", "silences", BOTH)


STATEMENTS = (
    "ALTER TABLE alerting.clocks ADD COLUMN severity text",
    "COMMENT ON COLUMN alerting.clocks.severity IS 'of the review or incident; none where it was not kept yet'",
    "ALTER TABLE alerting.alerts ALTER COLUMN clock_id DROP NOT NULL",
    "ALTER TABLE alerting.alerts ADD COLUMN source_id text",
    "ALTER TABLE alerting.alerts ADD COLUMN review_severity text",
    "ALTER TABLE alerting.alerts ADD COLUMN is_statutory boolean NOT NULL DEFAULT false",
    "ALTER TABLE alerting.alerts ADD COLUMN generation int NOT NULL DEFAULT 1",
    "ALTER TABLE alerting.alerts ADD COLUMN remind_at timestamptz",
    "CREATE INDEX alerts_by_review ON alerting.alerts (tenant_id, review_id)",
    "COMMENT ON COLUMN alerting.alerts.acknowledged_by IS 'the key, or the person'",
    "COMMENT ON COLUMN alerting.alerts.generation IS 'counts up with each change by a person'",
    """
CREATE TABLE alerting.alert_steps (
    tenant_id text NOT NULL COLLATE "C",
    alert_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('tell', 'remind')),
    number int NOT NULL,
    generation int NOT NULL,
    target text NOT NULL,
    due_at timestamptz NOT NULL,
    failed_at timestamptz,
    error text,
    PRIMARY KEY (tenant_id, alert_id, kind, number)
)
""",
    "COMMENT ON TABLE alerting.alert_steps IS 'who is told of an alert next; a row goes when it fires or is stopped'",
    "COMMENT ON COLUMN alerting.alert_steps.target IS 'JSON: an owner, a team or an endpoint, as it was then'",
    "CREATE INDEX alert_steps_pending ON alerting.alert_steps (due_at) WHERE failed_at IS NULL",
    """
CREATE TABLE alerting.silences (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    alert_id uuid,
    subject_prefix text COLLATE "C",
    source_id text,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    until timestamptz NOT NULL CHECK (until > created_at),
    ended_at timestamptz,
    ended_by text,
    told_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((alert_id IS NULL) <> (subject_prefix IS NULL))
)
""",
    "COMMENT ON COLUMN alerting.silences.told_at IS 'when what was still open at its end was told'",
    "CREATE INDEX silences_by_time ON alerting.silences (tenant_id, created_at DESC, id DESC)",
    "CREATE INDEX silences_not_told ON alerting.silences (tenant_id, until) WHERE told_at IS NULL",
    """
CREATE TABLE alerting.owner_revisions (
    tenant_id text NOT NULL COLLATE "C",
    number int NOT NULL CHECK (number >= 1),
    format text NOT NULL CHECK (format IN ('yaml', 'json')),
    document text NOT NULL,
    compiled text NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL,
    PRIMARY KEY (tenant_id, number)
)
""",
    "COMMENT ON TABLE alerting.owner_revisions IS 'the one with the highest number is in force'",
    """
CREATE TABLE alerting.audit (
    tenant_id text NOT NULL COLLATE "C",
    id bigint GENERATED ALWAYS AS IDENTITY,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL,
    about_kind text NOT NULL,
    about_id text NOT NULL,
    before jsonb,
    after jsonb,
    PRIMARY KEY (tenant_id, id)
)
""",
    "COMMENT ON TABLE alerting.audit IS 'who did what, append-only; an erasure empties before and after'",
    "CREATE INDEX audit_by_time ON alerting.audit (tenant_id, recorded_at DESC, id DESC)",
    "CREATE INDEX audit_by_thing ON alerting.audit (tenant_id, about_kind, about_id, recorded_at DESC, id DESC)",
)
