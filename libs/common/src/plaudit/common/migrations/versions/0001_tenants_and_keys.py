"""Tenants, API keys, and the clock's offset for tests."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
CREATE TABLE common.tenants (
    id text PRIMARY KEY CHECK (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text NOT NULL,
    person_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
)
""",
    "COMMENT ON COLUMN common.tenants.person_key IS 'key of the HMAC that turns an address into a person key'",
    """
CREATE TABLE common.api_keys (
    public_id text PRIMARY KEY,
    tenant_id text NOT NULL REFERENCES common.tenants (id),
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz
)
""",
    "ALTER TABLE common.api_keys ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE common.api_keys FORCE ROW LEVEL SECURITY",
    "CREATE POLICY owner_only ON common.api_keys TO plaudit_common_owner USING (true) WITH CHECK (true)",
    """
CREATE FUNCTION common.find_api_key(wanted text)
RETURNS TABLE (tenant_id text, secret_hash bytea, scopes text[], expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT tenant_id, secret_hash, scopes, expires_at FROM common.api_keys
    WHERE public_id = wanted AND revoked_at IS NULL
$$
""",
    """
CREATE FUNCTION common.person_key(wanted text) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT person_key FROM common.tenants WHERE id = wanted
$$
""",
    """
CREATE FUNCTION common.tenant_exists(wanted text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT EXISTS (SELECT FROM common.tenants WHERE id = wanted)
$$
""",
    """
CREATE FUNCTION common.tenant_name(wanted text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT name FROM common.tenants WHERE id = wanted
$$
""",
    """
CREATE TABLE common.clock_offset (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    moved_by interval NOT NULL
)
""",
    "GRANT SELECT ON common.clock_offset TO PUBLIC",
    """
INSERT INTO common.tenants (id, name, person_key)
VALUES ('default', 'Default', decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
""",
)
