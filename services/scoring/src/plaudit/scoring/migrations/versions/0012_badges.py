"""The subjects whose scores everybody may see; without a row, none."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "badges")
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "badges", (Role.API,))
    grant(op.execute, "scoring", "SELECT", "badges", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.badges (
    tenant_id text NOT NULL COLLATE "C",
    subject text NOT NULL COLLATE "C",
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('organization', 'local_business', 'product')),
    allowed_by text NOT NULL,
    PRIMARY KEY (tenant_id, subject)
)
""",
    "COMMENT ON TABLE scoring.badges IS 'subjects whose scores everybody may see'",
    "COMMENT ON COLUMN scoring.badges.allowed_by IS 'the key or the person that made the score public last'",
)
