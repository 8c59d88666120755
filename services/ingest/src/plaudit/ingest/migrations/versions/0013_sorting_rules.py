"""Each tenant's rules for sorting reviews, in revisions."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0013"
down_revision = "0012"

STATEMENTS = (
    """
CREATE TABLE ingest.sorting_rules (
    tenant_id text NOT NULL COLLATE "C",
    revision int NOT NULL,
    rules jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, revision)
)
""",
    "COMMENT ON COLUMN ingest.sorting_rules.rules IS 'what differs from the shipped lists; the latest is in force'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "ingest", "sorting_rules")
    grant(op.execute, "ingest", "SELECT", "sorting_rules", (Role.API, Role.HOOK, Role.WORKER))
    grant(op.execute, "ingest", "INSERT", "sorting_rules", (Role.API,))
