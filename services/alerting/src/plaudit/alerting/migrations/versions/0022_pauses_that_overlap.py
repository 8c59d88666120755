"""The log of a clock may say that something happened while its time stood still."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE alerting.clock_events DROP CONSTRAINT clock_events_kind_check",
    """
ALTER TABLE alerting.clock_events ADD CONSTRAINT clock_events_kind_check
    CHECK (kind IN ('started', 'paused', 'resumed', 'pause_overlapped', 'policy_applied', 'anchor_corrected', 'warned',
        'breached', 'unknown', 'fulfilled', 'cancelled', 'retracted'))
""",
)
