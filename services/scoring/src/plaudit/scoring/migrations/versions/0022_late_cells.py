"""Late entries of large subjects by when they took effect and when they were rated."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "late_cells")
    grant(op.execute, "scoring", "SELECT", "late_cells", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "late_cells", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.late_cells (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    grain smallint NOT NULL,
    span int NOT NULL,
    rated_month int NOT NULL,
    source_id uuid NOT NULL,
    traits smallint NOT NULL,
    n bigint NOT NULL,
    trust_w float8 NOT NULL,
    recent_w float8 NOT NULL,
    PRIMARY KEY (tenant_id, prefix, grain, span, rated_month, source_id, traits)
) WITH (fillfactor = 80)
""",
    "COMMENT ON TABLE scoring.late_cells IS 'entries of large subjects that took effect after they were rated'",
    "COMMENT ON COLUMN scoring.late_cells.grain IS '0: spans of a day, 1: of 32 days; both counted from 1970'",
    "COMMENT ON COLUMN scoring.late_cells.span IS 'when they took effect'",
    "COMMENT ON COLUMN scoring.late_cells.rated_month IS 'the 32 days that they were rated in, counted from 1970'",
    # The job fills the cells of all large subjects anew; meanwhile the ledger answers.
    "ALTER TABLE scoring.celled_prefixes NO FORCE ROW LEVEL SECURITY",
    "UPDATE scoring.celled_prefixes SET is_filled = false, filled_valid_at = DEFAULT",
    "ALTER TABLE scoring.celled_prefixes FORCE ROW LEVEL SECURITY",
    # All that sums are made of, so that late entries are read from the index alone.
    """
CREATE INDEX ledger_late_anew ON scoring.ledger (tenant_id, rated_at, valid_at)
INCLUDE (subject, source_id, traits, rating, sign) WHERE valid_at <> rated_at
""",
    "DROP INDEX scoring.ledger_late_by_rated",
    "ALTER INDEX scoring.ledger_late_anew RENAME TO ledger_late_by_rated",
)
