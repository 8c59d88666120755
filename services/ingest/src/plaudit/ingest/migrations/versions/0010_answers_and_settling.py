"""Answers that are given here, how reviews are settled, and reports to platforms."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("answers", "answer_senders", "resolutions", "platform_reports"):
        protect_tenant_rows(op.execute, "ingest", table)
        grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", table, (Role.API,))
        grant(op.execute, "ingest", "SELECT, UPDATE, DELETE", table, (Role.WORKER,))
    # What the company does to a review is its next revision.
    grant(op.execute, "ingest", "INSERT", "revisions", (Role.API,))
    grant(op.execute, "ingest", "UPDATE (revision, answered_at, changed_at)", "reviews", (Role.API,))


STATEMENTS = (
    "ALTER TABLE ingest.revisions ADD COLUMN actor text",
    "COMMENT ON COLUMN ingest.revisions.actor IS 'of what was done here: the key or the person'",
    "ALTER TABLE ingest.sources ADD COLUMN credentials text",
    """
COMMENT ON COLUMN ingest.sources.credentials IS
    'by which we ask the interface of the platform: a JSON object, encrypted as the secret'
""",
    """
CREATE TABLE ingest.answers (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    review_id uuid NOT NULL,
    source_id uuid NOT NULL,
    text text NOT NULL,
    via text NOT NULL CHECK (via IN ('platform', 'by_hand', 'elsewhere')),
    state text NOT NULL CHECK (state IN ('submitted', 'published', 'rejected')),
    note text,
    written_by text NOT NULL,
    written_at timestamptz NOT NULL,
    answered_by text,
    published_at timestamptz,
    finished_at timestamptz,
    finished_by text,
    attempts int NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    accepted_at timestamptz
)
""",
    "CREATE UNIQUE INDEX answers_open ON ingest.answers (tenant_id, review_id) WHERE state = 'submitted'",
    "CREATE INDEX answers_of_review ON ingest.answers (tenant_id, review_id, written_at DESC, id DESC)",
    "CREATE INDEX answers_list ON ingest.answers (tenant_id, state, written_at DESC, id DESC)",
    """
CREATE INDEX answers_due ON ingest.answers (source_id, next_attempt_at) WHERE state = 'submitted' AND via = 'platform'
""",
    "CREATE INDEX answers_by_hand ON ingest.answers (written_at) WHERE state = 'submitted' AND via = 'by_hand'",
    "CREATE INDEX answers_finished ON ingest.answers (finished_at) WHERE finished_at IS NOT NULL",
    "COMMENT ON COLUMN ingest.answers.note IS 'why it is rejected, or not published yet'",
    "COMMENT ON COLUMN ingest.answers.accepted_at IS 'when the platform took it; it may show it later'",
    """
CREATE TABLE ingest.answer_senders (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid PRIMARY KEY,
    platform text NOT NULL,
    not_before timestamptz NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity',
    failures int NOT NULL DEFAULT 0
)
""",
    "CREATE INDEX answer_senders_of_platform ON ingest.answer_senders (platform, not_before)",
    """
COMMENT ON TABLE ingest.answer_senders IS
    'the sources whose platforms are sent answers: one request at a time, and none before its time'
""",
    """
CREATE TABLE ingest.resolutions (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    number int NOT NULL,
    id uuid NOT NULL,
    disposition text NOT NULL CHECK (disposition IN ('justified', 'wrong_fact', 'unclear', 'abusive')),
    outcome text NOT NULL,
    cause text,
    ease smallint CHECK (ease BETWEEN 1 AND 7),
    note text,
    resolved_by text NOT NULL,
    resolved_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, review_id, number)
)
""",
    "COMMENT ON TABLE ingest.resolutions IS 'how reviews were settled; the highest number counts'",
    """
CREATE TABLE ingest.platform_reports (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    review_id uuid NOT NULL,
    reason text NOT NULL,
    evidence text,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'declined')),
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    decision text
)
""",
    "CREATE UNIQUE INDEX platform_reports_open ON ingest.platform_reports (tenant_id, review_id) WHERE state = 'open'",
    """
CREATE INDEX platform_reports_list ON ingest.platform_reports (tenant_id, state, reported_at DESC, id DESC)
""",
    "CREATE INDEX platform_reports_of_review ON ingest.platform_reports (tenant_id, review_id, reported_at DESC)",
    """
COMMENT ON TABLE ingest.platform_reports IS
    'reviews that were reported to their platform; each counts until the platform removes it'
""",
)
