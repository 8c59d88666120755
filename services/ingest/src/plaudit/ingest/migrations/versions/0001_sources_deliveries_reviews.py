"""Sources, deliveries kept byte for byte, and reviews with their revisions."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "ingest", "sources", lookup=True)
    for table in ("deliveries", "reviews", "revisions"):
        protect_tenant_rows(op.execute, "ingest", table)
        grant(op.execute, "ingest", "SELECT", table, (Role.API, Role.HOOK, Role.WORKER))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "sources", (Role.API,))
    grant(op.execute, "ingest", "INSERT", "deliveries", (Role.HOOK,))
    grant(op.execute, "ingest", "INSERT, UPDATE", "reviews", (Role.HOOK,))
    grant(op.execute, "ingest", "INSERT", "revisions", (Role.HOOK,))
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.find_source(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.find_source(uuid) TO {role_name('ingest', Role.HOOK)}")


STATEMENTS = (
    """
CREATE TABLE ingest.sources (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    name text NOT NULL,
    platform text NOT NULL,
    subject text NOT NULL,
    secret text NOT NULL,
    path_token text,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
)
""",
    "COMMENT ON COLUMN ingest.sources.path_token IS 'the secret in the address, for a platform that signs nothing'",
    """
CREATE FUNCTION ingest.find_source(wanted uuid)
RETURNS TABLE (tenant_id text, id uuid, name text, platform text, subject text, secret text, path_token text,
               created_at timestamptz, person_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, common, pg_temp AS $$
    SELECT tenant_id, id, name, platform, subject, secret, path_token, created_at, common.person_key(tenant_id)
    FROM ingest.sources WHERE id = wanted
$$
""",
    """
CREATE TABLE ingest.deliveries (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    source_id uuid NOT NULL,
    dedup_id text COLLATE "C",
    sent_id text COLLATE "C",
    received_at timestamptz NOT NULL,
    status smallint NOT NULL,
    accepted int NOT NULL,
    unchanged int NOT NULL,
    quarantined jsonb,
    quarantine_reason text,
    headers jsonb NOT NULL,
    body bytea NOT NULL
)
""",
    "CREATE UNIQUE INDEX deliveries_dedup ON ingest.deliveries (source_id, dedup_id) WHERE dedup_id IS NOT NULL",
    "CREATE INDEX deliveries_log ON ingest.deliveries (tenant_id, source_id, received_at DESC, id DESC)",
    """
COMMENT ON COLUMN ingest.deliveries.dedup_id IS
    'the sender''s id the first time it was used; a later use with another body is kept with none'
""",
    """
COMMENT ON COLUMN ingest.deliveries.quarantined IS 'the events of an understood delivery that were not: [index, reason]'
""",
    "COMMENT ON COLUMN ingest.deliveries.quarantine_reason IS 'why nothing of it was taken'",
    """
CREATE TABLE ingest.reviews (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    external_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    revision int NOT NULL,
    version bigint,
    removed boolean NOT NULL,
    partition_key text NOT NULL,
    subject text COLLATE "C",
    kind text,
    rating float8,
    severity text,
    published_at timestamptz,
    answered_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, external_id),
    UNIQUE (tenant_id, id)
) WITH (fillfactor = 90)
""",
    "CREATE INDEX reviews_list ON ingest.reviews (tenant_id, published_at DESC, id DESC)",
    "COMMENT ON COLUMN ingest.reviews.removed IS 'also the tombstone of a review that was removed before it was seen'",
    """
CREATE TABLE ingest.revisions (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    revision int NOT NULL,
    delivery_id uuid NOT NULL,
    type text NOT NULL,
    version bigint,
    known_at timestamptz NOT NULL,
    content bytea,
    PRIMARY KEY (review_id, revision)
)
""",
    """
COMMENT ON COLUMN ingest.revisions.content IS
    'the last content as JSON, kept through a removal so that it can be restored; null for a tombstone'
""",
)
