"""What the auditor looks at, moves of the clocks of one calendar, and the table of before policies were documents goes.

What the auditor looks at: open clocks by key, timers that were set aside, and the oldest open transaction.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name

revision = "0017"
down_revision = "0016"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("REVOKE ALL ON FUNCTION alerting.open_transactions() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION alerting.open_transactions() TO {role_name(SERVICE, Role.WORKER)}")


STATEMENTS = (
    # Its two policies are classes of the shipped document; since then nobody reads or writes it.
    "DROP TABLE alerting.policies",
    "ALTER TABLE alerting.moves ADD COLUMN calendar text",
    "ALTER TABLE alerting.moves ADD COLUMN calendar_revision int",
    """
COMMENT ON COLUMN alerting.moves.calendar IS
    'the clocks that count by this revision of it are counted anew; none: all move to what is in force'
""",
    # The auditor and a move go through these in the order of their keys; there are far more clocks that have ended.
    """
CREATE INDEX clocks_open ON alerting.clocks (tenant_id, id) WHERE waiting AND state IN ('running', 'paused')
""",
    "CREATE INDEX timers_set_aside ON alerting.timers (failed_at) WHERE failed_at IS NOT NULL",
    "CREATE INDEX occurrences_set_aside ON alerting.occurrences (failed_at) WHERE failed_at IS NOT NULL",
    # The owner may see the sessions of all roles (`bootstrap_statements`); the worker sees these two numbers.
    """
CREATE FUNCTION alerting.open_transactions(OUT oldest_seconds double precision, OUT hidden bigint)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
AS $$
SELECT extract(epoch FROM clock_timestamp() - least(min(xact_start), (SELECT min(prepared) FROM pg_prepared_xacts))),
    count(*) FILTER (WHERE state IS NULL)
FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
$$
""",
    """
COMMENT ON FUNCTION alerting.open_transactions IS
    'age of the oldest open transaction on the server, and how many sessions its owner may not see'
""",
)
