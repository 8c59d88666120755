"""What insight and answers keep of reviews is made whole from ingest's feed."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("repair_tenants", "repair_reviews"):
        protect_tenant_rows(op.execute, "scoring", table)
    for table in ("repairs", "repair_tenants", "repair_reviews"):
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))
    # Of reviews that ingest does not know.
    grant(op.execute, "scoring", "DELETE", "answer_reviews", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.repairs (
    id smallint PRIMARY KEY CHECK (id = 1),
    run_id uuid NOT NULL,
    seen_at timestamptz NOT NULL
)
""",
    """
COMMENT ON TABLE scoring.repairs IS
    'what insight and answers keep is being made whole from the feed of ingest, by which process'
""",
    """
CREATE TABLE scoring.repair_tenants (
    tenant_id text PRIMARY KEY COLLATE "C",
    stage smallint NOT NULL CHECK (stage BETWEEN 0 AND 3),
    noted uuid NOT NULL,
    after text,
    revisions bigint NOT NULL,
    refused bigint NOT NULL,
    gone bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.repair_tenants IS 'how far the repair of each tenant is'",
    """
CREATE TABLE scoring.repair_reviews (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    """
COMMENT ON TABLE scoring.repair_reviews IS
    'reviews that were kept before the feed was read, and of which it has not told yet'
""",
)
