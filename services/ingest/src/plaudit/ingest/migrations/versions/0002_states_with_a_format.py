"""A revision stores ingest's own state, and says in which form it was written."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE ingest.revisions RENAME COLUMN content TO state",
    # A constant default is stored once, in the catalogue: no row is rewritten.
    "ALTER TABLE ingest.revisions ADD COLUMN state_format smallint NOT NULL DEFAULT 1",
    """
    COMMENT ON COLUMN ingest.revisions.state IS
        'the last state as JSON, stored through a removal so that it can be restored; null for a tombstone'
    """,
    "COMMENT ON COLUMN ingest.revisions.state_format IS 'which form of the state it was written in'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
