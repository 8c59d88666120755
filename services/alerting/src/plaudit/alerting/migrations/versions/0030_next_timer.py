"""A timer for what comes next of a clock, in place of one for each of its stages.

What follows is a function of the log, and is planned as the timer fires. A clock that moves costs one row and three
index entries so, and not as many as its policy has warnings.
"""

from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE alerting.timers ADD COLUMN breach_at timestamptz",
    """
COMMENT ON TABLE alerting.timers IS
    'what comes next of each clock; a row goes when it fires, and another comes, or when it loses its object'
""",
    """
COMMENT ON COLUMN alerting.timers.breach_at IS
    'the due time of the clock; null where no stage follows: it looks for contacts, or was set aside'
""",
    "DROP INDEX alerting.timers_of_breaches",
    # The owner of the schema sees no rows else.
    "ALTER TABLE alerting.timers NO FORCE ROW LEVEL SECURITY",
    # Warnings that were set aside stay; of the other stages the first does.
    """
WITH stages AS (
    SELECT tenant_id, clock_id, generation, kind,
        max(due_at) FILTER (WHERE kind = 'breach') OVER (PARTITION BY tenant_id, clock_id, generation) AS breach_at,
        row_number() OVER (
            PARTITION BY tenant_id, clock_id, generation, failed_at IS NOT NULL AND kind <> 'breach'
            ORDER BY due_at, kind = 'breach', kind
        ) AS place,
        failed_at IS NOT NULL AND kind <> 'breach' AS is_aside
    FROM alerting.timers WHERE kind <> 'contact'
), kept AS (
    UPDATE alerting.timers t SET breach_at = s.breach_at FROM stages s
    WHERE (t.tenant_id, t.clock_id, t.generation, t.kind) = (s.tenant_id, s.clock_id, s.generation, s.kind)
    AND NOT s.is_aside AND s.place = 1
)
DELETE FROM alerting.timers t USING stages s
WHERE (t.tenant_id, t.clock_id, t.generation, t.kind) = (s.tenant_id, s.clock_id, s.generation, s.kind)
AND NOT s.is_aside AND s.place > 1
""",
    "ALTER TABLE alerting.timers FORCE ROW LEVEL SECURITY",
    # A clock runs as long as it has a timer, whether that was set aside or not.
    "CREATE INDEX timers_of_breaches ON alerting.timers (tenant_id, breach_at, clock_id) WHERE breach_at IS NOT NULL",
    """
CREATE OR REPLACE VIEW alerting.breach_times WITH (security_invoker = true) AS
SELECT tenant_id, clock_id, generation, breach_at AS due_at FROM alerting.timers WHERE breach_at IS NOT NULL
""",
)
