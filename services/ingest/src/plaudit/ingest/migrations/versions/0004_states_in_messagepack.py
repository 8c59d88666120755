"""States are stored as MessagePack; those of before stay as they are, each row says which form it has."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    COMMENT ON COLUMN ingest.revisions.state IS
        'the last state, stored through a removal so that it can be restored; null for a tombstone'
    """,
    "COMMENT ON COLUMN ingest.revisions.state_format IS '1: JSON by name, 2: MessagePack by place'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
