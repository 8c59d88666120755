"""A silence or a move that fails on its data is set aside with the reason: those behind it go on."""

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE alerting.silences ADD COLUMN failed_at timestamptz, ADD COLUMN error text",
    "COMMENT ON COLUMN alerting.silences.failed_at IS 'when its end could not be told: it is not tried again'",
    "ALTER TABLE alerting.moves ADD COLUMN error text",
    "COMMENT ON COLUMN alerting.moves.error IS 'why it failed'",
    "ALTER TABLE alerting.moves DROP CONSTRAINT moves_state_check",
    "ALTER TABLE alerting.moves ADD CONSTRAINT moves_state_check CHECK (state IN ('running', 'done', 'failed'))",
)
