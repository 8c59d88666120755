"""With which profiles of a tenant's own a score was published; and the profile that a tenant's badges show."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "badge_profiles")
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", "badge_profiles", (Role.API,))
    grant(op.execute, "scoring", "SELECT", "badge_profiles", (Role.WORKER,))


STATEMENTS = (
    # A constant default rewrites no row. 0 is right for each that there is: none was told with profiles of a tenant's
    # own, so where a tenant has any, its subjects are told again.
    "ALTER TABLE scoring.published_scores ADD COLUMN profiles bigint NOT NULL DEFAULT 0",
    "COMMENT ON COLUMN scoring.published_scores.profiles IS 'says which revisions of own profiles the event has'",
    """
CREATE TABLE scoring.badge_profiles (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    profile text NOT NULL,
    chosen_by text NOT NULL
)
""",
    "COMMENT ON TABLE scoring.badge_profiles IS 'the profile that all badges of a tenant show; without a row, trust'",
    "COMMENT ON COLUMN scoring.badge_profiles.chosen_by IS 'the key or the person that chose it last'",
)
