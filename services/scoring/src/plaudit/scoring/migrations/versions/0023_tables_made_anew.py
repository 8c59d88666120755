"""What is made anew beside the ledger stands in a schema of its own, under the names of the present tables.

A rebuild from the feed that is under way is forgotten: nothing but what it has made is lost.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name

revision = "0023"
down_revision = "0022"

_OWNER, _WORKER = (role_name("scoring", role) for role in (Role.OWNER, Role.WORKER))


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    # The owner of the tables may not make a schema; who migrates may, as for the first one.
    "SET LOCAL ROLE NONE",
    f"CREATE SCHEMA IF NOT EXISTS scoring_anew AUTHORIZATION {_OWNER}",
    f"SET LOCAL ROLE {_OWNER}",
    f"GRANT USAGE ON SCHEMA scoring_anew TO {_WORKER}",
    """
DO $$ BEGIN
    IF to_regclass('scoring.ledger_anew') IS NOT NULL THEN
        DROP TABLE scoring.ledger_anew;
        TRUNCATE scoring.sums_anew, scoring.tenant_sums_anew, scoring.rebuild_places, scoring.rebuild_half_lives,
            scoring.rebuild_rounded;
    END IF;
END $$
""",
    """
TRUNCATE scoring.refills, scoring.refill_tenants, scoring.refill_places, scoring.refill_partitions,
    scoring.refill_erased
""",
    "ALTER TABLE scoring.refill_partitions ADD COLUMN first_number bigint NOT NULL",
    "COMMENT ON COLUMN scoring.refill_partitions.first_number IS 'of the first entry that comes from the feed'",
)
