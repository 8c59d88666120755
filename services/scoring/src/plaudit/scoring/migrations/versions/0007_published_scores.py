"""Marks of what has changed, and the scores that were published."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "marks", (Role.WORKER,))
    protect_tenant_rows(op.execute, "scoring", "published_scores")
    grant(op.execute, "scoring", "SELECT", "published_scores", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "published_scores", (Role.WORKER,))


STATEMENTS = (
    # A few rows that come and go all the time: without a vacuum, each look for the oldest would pass all dead ones.
    """
CREATE TABLE scoring.marks (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    marked_at timestamptz NOT NULL DEFAULT now(),
    row_ids bigint[] NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000)
""",
    # Compressing ids takes longer than writing them.
    "ALTER TABLE scoring.marks ALTER COLUMN row_ids SET STORAGE EXTERNAL",
    "COMMENT ON TABLE scoring.marks IS 'rows of sums that have changed, and are to be published; only appended to'",
    """
CREATE TABLE scoring.published_scores (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    number bigint NOT NULL,
    published_at timestamptz NOT NULL,
    next_change_at timestamptz,
    epoch bigint NOT NULL,
    data bytea NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (tenant_id, prefix)
)
""",
    "CREATE INDEX published_scores_due ON scoring.published_scores (next_change_at) WHERE next_change_at IS NOT NULL",
    "CREATE INDEX published_scores_in_order ON scoring.published_scores (tenant_id, xid, prefix)",
    "COMMENT ON COLUMN scoring.published_scores.next_change_at IS 'when stars shown change next, if no review comes'",
    "COMMENT ON COLUMN scoring.published_scores.epoch IS 'of the topic that it was published to'",
    "COMMENT ON COLUMN scoring.published_scores.data IS 'of the last event'",
)
