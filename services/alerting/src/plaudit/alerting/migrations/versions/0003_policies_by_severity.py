"""A policy is for reviews of one severity, which ingest tells, instead of for ratings up to a number of stars."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


# All policies of before are the built-in one, for one and two stars: just those reviews are at least negative.
STATEMENTS = (
    "ALTER TABLE alerting.policies ADD COLUMN severity text NOT NULL DEFAULT 'negative'",
    "ALTER TABLE alerting.policies ALTER COLUMN severity DROP DEFAULT",
    "ALTER TABLE alerting.policies ADD CHECK (severity IN ('negative', 'drastic'))",
    "ALTER TABLE alerting.policies DROP COLUMN max_stars",
)
