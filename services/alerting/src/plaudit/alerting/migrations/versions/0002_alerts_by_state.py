"""An index for lists of alerts in one state."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = ("CREATE INDEX alerts_by_state ON alerting.alerts (tenant_id, state, raised_at DESC, id DESC)",)
