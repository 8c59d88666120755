"""Clocks say when their review was erased; mails that failed are found by their clocks."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE alerting.clocks ADD COLUMN erased_at timestamptz",
    """
COMMENT ON COLUMN alerting.clocks.erased_at IS
    'when the review was erased: nothing is kept of what it said, and nothing changes the clock any more'
""",
    "CREATE INDEX mails_with_errors ON alerting.mails (tenant_id, clock_id) WHERE error IS NOT NULL",
)
