"""The ledger loses the index that no query uses: keeping it was half of what appending costs PostgreSQL."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("DROP INDEX scoring.ledger_by_subject")
