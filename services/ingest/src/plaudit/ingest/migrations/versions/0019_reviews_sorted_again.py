"""Stored reviews are sorted again by changed rules, and words of a trade are counted."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0019"
down_revision = "0017"

STATEMENTS = (
    """
CREATE TABLE ingest.words_of_trade (
    tenant_id text PRIMARY KEY COLLATE "C",
    counted_at timestamptz NOT NULL,
    reviews int NOT NULL,
    subjects jsonb NOT NULL
)
""",
    """
COMMENT ON COLUMN ingest.words_of_trade.subjects IS
    'each subject with enough good reviews, and its phrases that good reviews hold too; they are muted there'
""",
    """
CREATE TABLE ingest.sorting_runs (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    place uuid NOT NULL,
    read int NOT NULL,
    changed int NOT NULL,
    severities jsonb NOT NULL,
    finished_at timestamptz
)
""",
    "CREATE INDEX sorting_runs_open ON ingest.sorting_runs (requested_at) WHERE finished_at IS NULL",
    "CREATE INDEX sorting_runs_list ON ingest.sorting_runs (tenant_id, requested_at DESC, id DESC)",
    "COMMENT ON COLUMN ingest.sorting_runs.place IS 'the review up to which it is done'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("words_of_trade", "sorting_runs"):
        protect_tenant_rows(op.execute, "ingest", table)
    grant(op.execute, "ingest", "SELECT", "words_of_trade", (Role.API, Role.HOOK))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "words_of_trade", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, INSERT", "sorting_runs", (Role.API,))
    grant(op.execute, "ingest", "SELECT, UPDATE", "sorting_runs", (Role.WORKER,))
