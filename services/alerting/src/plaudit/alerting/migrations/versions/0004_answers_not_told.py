"""Clocks of reviews whose answers are not told: at the due time they are unknown, not breached."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


# The default is for clocks of before, whose reviews came when nobody said otherwise, and for processes of the version
# before this one, which run on while an installation is updated.
STATEMENTS = (
    "ALTER TABLE alerting.clocks ADD COLUMN answers text NOT NULL DEFAULT 'told'",
    "ALTER TABLE alerting.clocks ADD CHECK (answers IN ('told', 'polled', 'untold'))",
    "ALTER TABLE alerting.clocks ADD COLUMN unknown_at timestamptz",
    "ALTER TABLE alerting.clocks DROP CONSTRAINT clocks_state_check",
    """
ALTER TABLE alerting.clocks ADD CONSTRAINT clocks_state_check
    CHECK (state IN ('running', 'fulfilled', 'breached', 'cancelled', 'unknown'))
""",
    "ALTER TABLE alerting.clock_events DROP CONSTRAINT clock_events_kind_check",
    """
ALTER TABLE alerting.clock_events ADD CONSTRAINT clock_events_kind_check
    CHECK (kind IN ('started', 'warned', 'breached', 'unknown', 'fulfilled', 'cancelled', 'retracted'))
""",
    "COMMENT ON COLUMN alerting.clocks.answers IS 'whether answers are told where the review comes from'",
)
