"""What was set aside is tried again by people: timers, which only jobs could change."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0021"
down_revision = "0019"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("timers", "occurrences"):
        grant(op.execute, SERVICE, "UPDATE (failed_at, error)", table, (Role.API,))


STATEMENTS = (
    "CREATE INDEX alert_steps_set_aside ON alerting.alert_steps (failed_at) WHERE failed_at IS NOT NULL",
    "CREATE INDEX silences_set_aside ON alerting.silences (failed_at) WHERE failed_at IS NOT NULL",
)
