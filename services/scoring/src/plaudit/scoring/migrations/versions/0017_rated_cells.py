"""Reviews of large subjects by when they were rated, and cells of all that ever took effect."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "rated_cells")
    grant(op.execute, "scoring", "SELECT", "rated_cells", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "rated_cells", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.rated_cells (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    grain smallint NOT NULL,
    span int NOT NULL,
    source_id uuid NOT NULL,
    traits smallint NOT NULL,
    rating float8 NOT NULL,
    n bigint NOT NULL,
    trust_w float8 NOT NULL,
    trust_b2 float8 NOT NULL,
    recent_w float8 NOT NULL,
    recent_b2 float8 NOT NULL,
    PRIMARY KEY (tenant_id, prefix, grain, span, source_id, traits, rating)
) WITH (fillfactor = 80)
""",
    "COMMENT ON TABLE scoring.rated_cells IS 'reviews of large subjects that stand, by when they were rated'",
    "COMMENT ON COLUMN scoring.rated_cells.grain IS '0: spans of a day, 1: of 32 days; both counted from 1970'",
    # The job fills the cells of all large subjects anew; meanwhile the ledger answers.
    "TRUNCATE scoring.cells",
    "ALTER TABLE scoring.celled_prefixes NO FORCE ROW LEVEL SECURITY",
    "UPDATE scoring.celled_prefixes SET is_filled = false, filled_valid_at = DEFAULT",
    "ALTER TABLE scoring.celled_prefixes FORCE ROW LEVEL SECURITY",
    "ALTER TABLE scoring.cells ADD COLUMN prompt bigint NOT NULL",
    """
COMMENT ON COLUMN scoring.cells.prompt IS
    'reviews that took effect at the instant that they were rated, less those that ceased to'
""",
    "COMMENT ON COLUMN scoring.cells.valid_grain IS '0: spans of a day, 1: of 32 days, 2: all in one'",
    # Few entries take effect later than they were rated, or later than they were known.
    "CREATE INDEX ledger_late_by_rated ON scoring.ledger (tenant_id, rated_at, valid_at) WHERE valid_at <> rated_at",
    "CREATE INDEX ledger_late_by_valid ON scoring.ledger (tenant_id, valid_at) WHERE valid_at <> rated_at",
    "CREATE INDEX ledger_ahead ON scoring.ledger (tenant_id, valid_at) WHERE valid_at > known_at",
)
