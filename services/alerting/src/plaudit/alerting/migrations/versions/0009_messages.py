"""Messages, their deliveries and attempts, endpoints and consent; mails of before become deliveries."""

from alembic import op

from plaudit.common.delivery.migration import create_tables

revision = "0009"
down_revision = "0005"


def upgrade() -> None:
    create_tables(op.execute, "alerting")
