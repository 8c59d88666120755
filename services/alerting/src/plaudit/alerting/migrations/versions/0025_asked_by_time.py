"""Who was asked and has not agreed is found by when that was, without reading those who are told."""

from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "CREATE INDEX incident_subscribers_asked ON alerting.incident_subscribers (added_at) WHERE confirmed_at IS NULL",
)
