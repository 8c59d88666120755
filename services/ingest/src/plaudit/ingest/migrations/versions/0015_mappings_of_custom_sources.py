"""Custom sources have a mapping: what stands where in their payloads."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.find_source(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.find_source(uuid) TO {role_name('ingest', Role.HOOK)}")


STATEMENTS = (
    "ALTER TABLE ingest.sources ADD COLUMN mapping jsonb",
    "COMMENT ON COLUMN ingest.sources.mapping IS 'of a custom source: the expressions that find each field'",
    "DROP FUNCTION ingest.find_source(uuid)",
    """
CREATE FUNCTION ingest.find_source(wanted uuid)
RETURNS TABLE (tenant_id text, id uuid, name text, platform text, subject text, secret text, more_secrets text[],
               more_secrets_until timestamptz[], path_token text, allowed_addresses text[], time_zone text,
               mapping jsonb, created_at timestamptz, paused_at timestamptz, revision int, person_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, common, pg_temp AS $$
    SELECT tenant_id, id, name, platform, subject, secret, more_secrets, more_secrets_until, path_token,
           allowed_addresses, time_zone, mapping, created_at, paused_at, revision, common.person_key(tenant_id)
    FROM ingest.sources WHERE id = wanted
$$
""",
)
