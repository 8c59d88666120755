"""Which sources were deleted: nothing is told any more of the answers to what they have sent."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute(DELETED_SOURCES)
    # Row level security hides reviews from the owner meanwhile; of sources, the owner sees all.
    op.execute("ALTER TABLE ingest.reviews NO FORCE ROW LEVEL SECURITY")
    op.execute(FILL)
    op.execute("ALTER TABLE ingest.reviews FORCE ROW LEVEL SECURITY")
    protect_tenant_rows(op.execute, "ingest", "deleted_sources")
    grant(op.execute, "ingest", "SELECT, INSERT", "deleted_sources", (Role.API,))
    op.execute(COMMENT)


DELETED_SOURCES = """
CREATE TABLE ingest.deleted_sources (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    deleted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id)
)
"""
COMMENT = """
COMMENT ON COLUMN ingest.deleted_sources.deleted_at IS
    'or when this table was made, of those that were deleted before and have sent reviews'
"""
# It steps from one source to the next in the index of the primary key: a look-up for each, however many its reviews.
FILL = """
INSERT INTO ingest.deleted_sources (tenant_id, source_id, deleted_at)
WITH RECURSIVE sending AS (
    (SELECT r.tenant_id, r.source_id FROM ingest.reviews AS r ORDER BY r.source_id, r.external_id LIMIT 1)
    UNION ALL
    SELECT following.tenant_id, following.source_id FROM sending CROSS JOIN LATERAL (
        SELECT r.tenant_id, r.source_id FROM ingest.reviews AS r WHERE r.source_id > sending.source_id
        ORDER BY r.source_id, r.external_id LIMIT 1
    ) AS following
)
SELECT tenant_id, source_id, now() FROM sending
WHERE NOT EXISTS (SELECT FROM ingest.sources AS s WHERE s.id = sending.source_id)
"""
