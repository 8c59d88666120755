"""Sources take several secrets, addresses and a time zone; failed attempts are logged for each source."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("REVOKE EXECUTE ON FUNCTION ingest.find_source(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION ingest.find_source(uuid) TO {role_name('ingest', Role.HOOK)}")
    protect_tenant_rows(op.execute, "ingest", "failed_attempts")
    grant(op.execute, "ingest", "SELECT", "failed_attempts", (Role.API, Role.WORKER))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE, DELETE", "failed_attempts", (Role.HOOK,))


STATEMENTS = (
    """
    ALTER TABLE ingest.sources
        ADD COLUMN more_secrets text[] NOT NULL DEFAULT '{}',
        ADD COLUMN allowed_addresses text[] NOT NULL DEFAULT '{}',
        ADD COLUMN time_zone text
    """,
    "COMMENT ON COLUMN ingest.sources.more_secrets IS 'others that count as well, while one is replaced'",
    "COMMENT ON COLUMN ingest.sources.allowed_addresses IS 'networks that deliveries may come from; any if empty'",
    "COMMENT ON COLUMN ingest.sources.time_zone IS 'of times that the platform sends without a zone'",
    "DROP FUNCTION ingest.find_source(uuid)",
    """
CREATE FUNCTION ingest.find_source(wanted uuid)
RETURNS TABLE (tenant_id text, id uuid, name text, platform text, subject text, secret text, more_secrets text[],
               path_token text, allowed_addresses text[], time_zone text, created_at timestamptz, person_key bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ingest, common, pg_temp AS $$
    SELECT tenant_id, id, name, platform, subject, secret, more_secrets, path_token, allowed_addresses, time_zone,
           created_at, common.person_key(tenant_id)
    FROM ingest.sources WHERE id = wanted
$$
""",
    """
CREATE TABLE ingest.failed_attempts (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    hour timestamptz NOT NULL,
    reason text NOT NULL COLLATE "C",
    attempts bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (source_id, hour, reason)
)
""",
    """
COMMENT ON TABLE ingest.failed_attempts IS
    'deliveries that were not proven: one row for each source, hour and reason, so that no flood makes it grow'
""",
)
