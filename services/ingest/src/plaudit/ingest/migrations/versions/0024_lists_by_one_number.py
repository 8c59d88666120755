"""What lists ask of a review is one number, which their indexes hold in place of six columns."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0024"
down_revision = "0023"

_ORDERS = {"reviews_list": "published_at DESC, id DESC", "reviews_ratings": "rating, published_at DESC, id DESC"}
_HELD = {"reviews_list": "rating, ", "reviews_ratings": ""}

STATEMENTS = (
    """
COMMENT ON COLUMN ingest.reviews.traits IS
    'what lists ask of it, a few bits each; where it is null, or has no kind, the job that indexes texts fills it'
""",
    "ALTER TABLE ingest.revisions ADD COLUMN traits bigint",
    "COMMENT ON COLUMN ingest.revisions.traits IS 'of its review after it; null if it is from before this was kept'",
    *(
        statement
        for index, order in _ORDERS.items()
        for statement in (
            f"DROP INDEX ingest.{index}",
            f"""
CREATE INDEX {index} ON ingest.reviews (tenant_id, {order})
INCLUDE ({_HELD[index]}source_id, subject, removed, traits) WHERE published_at IS NOT NULL
""",
        )
    ),
    "DROP INDEX ingest.revisions_changes",
    "CREATE INDEX revisions_changes ON ingest.revisions (tenant_id, xid, review_id, revision) INCLUDE (traits)",
    # The job reads all states once more, and fills the columns.
    "ALTER TABLE ingest.review_text_positions NO FORCE ROW LEVEL SECURITY",
    """
UPDATE ingest.review_text_positions
SET xid = '0', review_id = '00000000-0000-0000-0000-000000000000', revision = 0
""",
    "ALTER TABLE ingest.review_text_positions FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    grant(op.execute, "ingest", "UPDATE (traits)", "reviews", (Role.API,))
