"""Subjects whose reviews are all of kinds that no profile counts: they are known, and have no score."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "unscored_subjects")
    grant(op.execute, "scoring", "SELECT", "unscored_subjects", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT", "unscored_subjects", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.unscored_subjects (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    PRIMARY KEY (tenant_id, prefix)
)
""",
    """
INSERT INTO scoring.unscored_subjects
SELECT DISTINCT tenant_id, array_to_string((string_to_array(subject, '/'))[1:depth], '/')
FROM scoring.ledger, generate_series(1, cardinality(string_to_array(subject, '/'))) AS depth
WHERE kind NOT IN ('stars', 'thumbs')
""",
    """
COMMENT ON TABLE scoring.unscored_subjects IS
    'every prefix of a subject that had a review of a kind that no profile counts'
""",
)
