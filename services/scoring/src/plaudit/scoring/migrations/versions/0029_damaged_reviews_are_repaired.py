"""A repair tells how many reviews were kept otherwise than ingest's feed tells them."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE scoring.repair_tenants ADD COLUMN damaged bigint NOT NULL DEFAULT 0",
    """
COMMENT ON COLUMN scoring.repair_tenants.damaged IS
    'reviews that were kept otherwise than the same revision in the feed, and were replaced'
""",
)
