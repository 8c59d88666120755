"""The ledger loses one of two like indexes of the entries that took effect after they were known."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    # `ledger_ahead` is the same.
    op.execute("DROP INDEX scoring.ledger_early")
