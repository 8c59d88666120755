"""Reviews are found by all that they hold, by their words too, and followed in the order of commits."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0007"
down_revision = "0006"

_STORED_BEFORE = ("reviews", "revisions")


def upgrade() -> None:
    for statement in COLUMNS:
        op.execute(statement)
    _fill()
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "ingest", "review_texts", lookup=True)
    protect_tenant_rows(op.execute, "ingest", "review_text_positions")
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE, DELETE", "review_texts", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "review_text_positions", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT", "searched_texts", (Role.API,))
    grant(op.execute, "ingest", "SELECT", "review_text_positions", (Role.API,))
    grant(op.execute, "ingest", "UPDATE (verified, origin, language)", "reviews", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT", "sources", (Role.WORKER,))
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.published_position() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.published_position() TO {role_name('ingest', Role.API)}")


def _fill() -> None:
    """Fill the new columns of what is stored. Row level security hides it from the owner meanwhile."""
    for table in _STORED_BEFORE:
        op.execute(f"ALTER TABLE ingest.{table} NO FORCE ROW LEVEL SECURITY")
    op.execute(FILL_XID)
    op.execute(FILL_REMOVED)
    op.execute(FILL_REVIEWS)
    for table in _STORED_BEFORE:
        op.execute(f"ALTER TABLE ingest.{table} FORCE ROW LEVEL SECURITY")


COLUMNS = (
    """
ALTER TABLE ingest.reviews ADD COLUMN verified boolean, ADD COLUMN origin text, ADD COLUMN language text COLLATE "C"
""",
    # Constant defaults are stored once, in the catalogue: no row is rewritten.
    """
ALTER TABLE ingest.revisions ADD COLUMN removed boolean NOT NULL DEFAULT false, ADD COLUMN xid xid8 NOT NULL DEFAULT '0'
""",
    "ALTER TABLE ingest.revisions ALTER COLUMN xid SET DEFAULT pg_current_xact_id()",
    "ALTER TABLE ingest.revisions ALTER COLUMN removed DROP DEFAULT",
    "COMMENT ON COLUMN ingest.revisions.removed IS 'whether the review was removed after it'",
    "COMMENT ON COLUMN ingest.revisions.xid IS 'of the transaction that wrote it; 0 if before it was kept'",
)

# What is published already comes first in the feed of revisions. What is not gets its place from its event, so that the
# feed ends where the published events end.
FILL_XID = """
UPDATE ingest.revisions v SET xid = waiting.xid
FROM (
    SELECT o.xid, (convert_from(o.envelope, 'UTF8')::json -> 'data' ->> 'review_id')::uuid AS review_id,
        (convert_from(o.envelope, 'UTF8')::json -> 'data' ->> 'revision')::int AS revision
    FROM ingest.outbox o JOIN ingest.relay_cursor c ON c.name = 'outbox' AND (o.xid, o.id) > (c.xid, c.id)
    WHERE o.topic = 'reviews.v1'
) AS waiting WHERE v.review_id = waiting.review_id AND v.revision = waiting.revision
"""

# A removed review stays so through edits. What brings it back is a restoration, or a creation in a version above the
# removal's: then the version that is stored rises. Each revision's state of before decides, so it is a recursion.
FILL_REMOVED = """
WITH RECURSIVE affected AS (SELECT DISTINCT review_id FROM ingest.revisions WHERE type = 'review.removed'),
followed AS (
    SELECT v.review_id, v.revision, v.version, v.type = 'review.removed' AS removed
    FROM ingest.revisions v JOIN affected USING (review_id) WHERE v.revision = 1
    UNION ALL
    SELECT v.review_id, v.revision, v.version, CASE v.type
        WHEN 'review.removed' THEN true
        WHEN 'review.restored' THEN false
        WHEN 'review.created' THEN f.removed AND NOT coalesce(v.version > f.version, false)
        ELSE f.removed
    END
    FROM followed f JOIN ingest.revisions v ON v.review_id = f.review_id AND v.revision = f.revision + 1
)
UPDATE ingest.revisions v SET removed = true
FROM followed f WHERE f.removed AND v.review_id = f.review_id AND v.revision = f.revision
"""

# States of the first form are JSON. Those of the second are MessagePack, which SQL does not read: the job that indexes
# texts reads every state once, and fills these columns where they are empty.
FILL_REVIEWS = """
UPDATE ingest.reviews r SET verified = (s.state ->> 'verified')::boolean, origin = s.state ->> 'origin',
    language = s.state ->> 'language'
FROM (
    SELECT review_id, revision, convert_from(state, 'UTF8')::jsonb AS state
    FROM ingest.revisions WHERE state_format = 1 AND state IS NOT NULL
) AS s WHERE s.review_id = r.id AND s.revision = r.revision
"""

STATEMENTS = (
    "CREATE INDEX revisions_changes ON ingest.revisions (tenant_id, xid, review_id, revision)",
    "CREATE INDEX reviews_ratings ON ingest.reviews (tenant_id, rating, published_at DESC, id DESC)",
    """
CREATE TABLE ingest.review_texts (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid PRIMARY KEY,
    words tsvector NOT NULL
)
""",
    """
COMMENT ON COLUMN ingest.review_texts.words IS
    'and marks, such as #severity=drastic; each behind the tenant''s name, so that the index keeps tenants apart'
""",
    # Rows of one job, in large batches: a list of pending entries would only make searches slower.
    "CREATE INDEX review_texts_words ON ingest.review_texts USING gin (words) WITH (fastupdate = off)",
    """
CREATE TABLE ingest.review_text_positions (
    tenant_id text PRIMARY KEY COLLATE "C",
    xid xid8 NOT NULL,
    review_id uuid NOT NULL,
    revision int NOT NULL
)
""",
    "COMMENT ON TABLE ingest.review_text_positions IS 'the last revision of each tenant whose text can be searched'",
    # Row level security lets no operator near an index that might tell of other rows, and that of full text is such
    # a one. This view has the same condition without that barrier; the api role has no right to the table itself.
    """
CREATE VIEW ingest.searched_texts AS
SELECT tenant_id, review_id, words FROM ingest.review_texts
WHERE tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[])
""",
    # Where the cursor stands within a transaction, the rest of its rows is in the outbox for certain, and so is what
    # is before them: a day is dropped only as a whole.
    """
CREATE FUNCTION ingest.published_position()
RETURNS TABLE (until xid8, is_within boolean, epoch bigint, numbers jsonb, counted jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, pg_temp AS $$
    SELECT c.xid, found.is_within, c.epoch, c.numbers, coalesce(CASE WHEN found.is_within THEN (
        SELECT jsonb_object_agg(place, n) FROM (
            SELECT o.topic || '/' || o.partition AS place, count(*) AS n FROM outbox o
            WHERE o.xid = c.xid AND o.id <= c.id GROUP BY 1
        ) AS counts
    ) END, '{}')
    FROM relay_cursor c
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM outbox o WHERE o.xid = c.xid AND o.id > c.id) AS is_within) AS found
    WHERE c.name = 'outbox'
$$
""",
    """
COMMENT ON FUNCTION ingest.published_position() IS
    'how far the outbox is published: the last transaction, and the last sequence of each partition; for read models'
""",
)
