"""Lists of many reviews are read from the indexes of their orders alone."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0020"
down_revision = "0019"

_HELD = """
INCLUDE (source_id, subject, kind, {rating}severity, language, verified, origin, answered_at, removed, traits)
WHERE published_at IS NOT NULL
"""

STATEMENTS = (
    "ALTER TABLE ingest.reviews ADD COLUMN traits bigint",
    """
COMMENT ON COLUMN ingest.reviews.traits IS
    'topics, personas and whether to check, a bit each; null where the job that indexes texts is to fill it'
""",
    "DROP INDEX ingest.reviews_list",
    "DROP INDEX ingest.reviews_ratings",
    f"""
CREATE INDEX reviews_list ON ingest.reviews (tenant_id, published_at DESC, id DESC)
{_HELD.format(rating="rating, ")}
""",
    f"""
CREATE INDEX reviews_ratings ON ingest.reviews (tenant_id, rating, published_at DESC, id DESC)
{_HELD.format(rating="")}
""",
    # An index alone answers for pages of the table that a vacuum has seen. By default one comes after every fifth row.
    "ALTER TABLE ingest.reviews SET (autovacuum_vacuum_insert_scale_factor = 0.02)",
    # The job reads all states once more, and fills the column.
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
    grant(op.execute, "ingest", "UPDATE (traits)", "reviews", (Role.WORKER,))
