"""Messages to one recipient leave together."""

from alembic import op

from plaudit.common.delivery.migration import add_gatherings

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    add_gatherings(op.execute, "alerting")
