"""The order of due times: of running clocks their timers have it, of all others a column that only they have.

A move of running clocks changes their due times. Were those in an index of clocks, each clock that moves would get a
new entry in every index of the table.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0024"
down_revision = "0023"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    grant(op.execute, SERVICE, "SELECT", "breach_times", (Role.API, Role.WORKER))


STATEMENTS = (
    """
ALTER TABLE alerting.clocks ADD COLUMN settled_due_at timestamptz
    GENERATED ALWAYS AS (CASE WHEN state NOT IN ('running', 'paused') THEN due_at END) STORED
""",
    """
COMMENT ON COLUMN alerting.clocks.settled_due_at IS
    'the due time once it no longer moves: in an index, one that moves would cost an entry in each'
""",
    "DROP INDEX alerting.clocks_by_due_time",
    "DROP INDEX alerting.clocks_by_state",
    """
CREATE INDEX clocks_by_due_time ON alerting.clocks (tenant_id, settled_due_at, id) WHERE settled_due_at IS NOT NULL
""",
    "CREATE INDEX clocks_by_state ON alerting.clocks (tenant_id, state, settled_due_at, id)",
    # A clock runs as long as the timer of its breach is there, whether that was set aside or not.
    "CREATE INDEX timers_of_breaches ON alerting.timers (tenant_id, due_at, clock_id) WHERE kind = 'breach'",
    """
CREATE VIEW alerting.breach_times WITH (security_invoker = true) AS
SELECT tenant_id, clock_id, generation, due_at FROM alerting.timers WHERE kind = 'breach'
""",
    "COMMENT ON VIEW alerting.breach_times IS 'when running clocks are due, in an order that an index has'",
)
