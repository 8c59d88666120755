"""Sources can be changed, paused and deleted, and an old secret ends at a time."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.find_source(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.find_source(uuid) TO {role_name('ingest', Role.HOOK)}")
    grant(op.execute, "ingest", "DELETE", "sources", (Role.API,))
    grant(op.execute, "ingest", "DELETE", "failed_attempts", (Role.API,))


STATEMENTS = (
    """
    ALTER TABLE ingest.sources
        ADD COLUMN more_secrets_until timestamptz[] NOT NULL DEFAULT '{}',
        ADD COLUMN paused_at timestamptz,
        ADD COLUMN revision int NOT NULL DEFAULT 1
    """,
    # The owner has no policy of its own, so it sees rows only while none binds it.
    "ALTER TABLE ingest.sources NO FORCE ROW LEVEL SECURITY",
    """
    UPDATE ingest.sources SET more_secrets_until = array_fill(NULL::timestamptz, ARRAY[cardinality(more_secrets)])
    WHERE cardinality(more_secrets) > 0
    """,
    "ALTER TABLE ingest.sources FORCE ROW LEVEL SECURITY",
    """
    ALTER TABLE ingest.sources ADD CHECK (cardinality(more_secrets_until) = cardinality(more_secrets))
    """,
    """
COMMENT ON COLUMN ingest.sources.more_secrets_until IS
    'until when each of more_secrets counts; null for one that counts until it is taken away'
""",
    "COMMENT ON COLUMN ingest.sources.paused_at IS 'its deliveries are kept and not applied since'",
    "DROP FUNCTION ingest.find_source(uuid)",
    """
CREATE FUNCTION ingest.find_source(wanted uuid)
RETURNS TABLE (tenant_id text, id uuid, name text, platform text, subject text, secret text, more_secrets text[],
               more_secrets_until timestamptz[], path_token text, allowed_addresses text[], time_zone text,
               created_at timestamptz, paused_at timestamptz, revision int, person_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, common, pg_temp AS $$
    SELECT tenant_id, id, name, platform, subject, secret, more_secrets, more_secrets_until, path_token,
           allowed_addresses, time_zone, created_at, paused_at, revision, common.person_key(tenant_id)
    FROM ingest.sources WHERE id = wanted
$$
""",
)
