"""Removals that complete lists ask for are held where they are too many."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute("ALTER TABLE ingest.pulls ADD COLUMN held_removals jsonb")
