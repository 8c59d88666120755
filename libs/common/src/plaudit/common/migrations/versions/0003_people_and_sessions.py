"""People, their sessions, the links they sign in with, and the limits of sign-in."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0003"
down_revision = "0002"

TENANT_TABLES = ("people", "sessions", "sign_in_links", "oidc_attempts", "rate_limits")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    for table in TENANT_TABLES:
        protect_tenant_rows(op.execute, "common", table)
        op.execute(f"CREATE POLICY owner_all ON common.{table} TO plaudit_common_owner USING (true) WITH CHECK (true)")
    api = (Role.API,)
    grant(op.execute, "common", "SELECT, INSERT, UPDATE", "people", api)
    grant(op.execute, "common", "SELECT, INSERT, UPDATE (last_seen_at), DELETE", "sessions", api)
    grant(op.execute, "common", "SELECT, INSERT, UPDATE (used_at), DELETE", "sign_in_links", api)
    grant(op.execute, "common", "SELECT, INSERT, DELETE", "oidc_attempts", api)
    grant(op.execute, "common", "SELECT, INSERT, UPDATE, DELETE", "rate_limits", api)
    for statement in FUNCTIONS:
        op.execute(statement)


TABLES = (
    """
CREATE TABLE common.people (
    tenant_id text NOT NULL REFERENCES common.tenants (id),
    id uuid NOT NULL,
    email text NOT NULL CHECK (email = lower(email)),
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('viewer', 'responder', 'admin')),
    active boolean NOT NULL,
    valid_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    last_signed_in_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, email)
)
""",
    "COMMENT ON COLUMN common.people.valid_from IS 'sessions and links that were made before are void'",
    "CREATE INDEX people_by_email ON common.people (email)",
    """
CREATE TABLE common.sessions (
    tenant_id text NOT NULL,
    id_hash bytea NOT NULL,
    person_id uuid,
    key_id text REFERENCES common.api_keys (public_id),
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id_hash),
    UNIQUE (id_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES common.people (tenant_id, id),
    CHECK (num_nonnulls(person_id, key_id) = 1)
)
""",
    "COMMENT ON COLUMN common.sessions.id_hash IS 'SHA-256 of the id, which the browser alone has'",
    "CREATE INDEX sessions_by_person ON common.sessions (tenant_id, person_id)",
    "CREATE INDEX sessions_by_key ON common.sessions (key_id)",
    "CREATE INDEX sessions_by_age ON common.sessions (tenant_id, created_at)",
    """
CREATE TABLE common.sign_in_links (
    tenant_id text NOT NULL,
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (tenant_id, token_hash),
    UNIQUE (token_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES common.people (tenant_id, id)
)
""",
    "CREATE INDEX sign_in_links_by_age ON common.sign_in_links (tenant_id, expires_at)",
    """
CREATE TABLE common.oidc_attempts (
    tenant_id text NOT NULL REFERENCES common.tenants (id),
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    nonce text NOT NULL,
    code_verifier text NOT NULL,
    next_path text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, state_hash)
)
""",
    "CREATE INDEX oidc_attempts_by_age ON common.oidc_attempts (tenant_id, expires_at)",
    """
CREATE TABLE common.rate_limits (
    tenant_id text NOT NULL COLLATE "C",
    kind text NOT NULL,
    network bytea NOT NULL,
    hour timestamptz NOT NULL,
    used int NOT NULL,
    PRIMARY KEY (tenant_id, kind, network, hour)
)
""",
    "COMMENT ON COLUMN common.rate_limits.network IS 'keyed hash of a network''s or an e-mail address'",
    "COMMENT ON COLUMN common.rate_limits.tenant_id IS 'empty: before a tenant is known'",
    "CREATE INDEX rate_limits_by_age ON common.rate_limits (hour)",
    "CREATE TABLE common.sign_in_key (one boolean PRIMARY KEY DEFAULT true CHECK (one), key bytea NOT NULL)",
    "COMMENT ON TABLE common.sign_in_key IS 'key of the hashes in rate_limits, before a tenant is known'",
    """
INSERT INTO common.sign_in_key (key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'))
""",
)

# Look-ups before a tenant is known: each returns what belongs to one secret or one address, to whoever has it.
FUNCTIONS = (
    """
CREATE FUNCTION common.sign_in_key() RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT key FROM common.sign_in_key
$$
""",
    """
CREATE FUNCTION common.find_session(wanted bytea)
RETURNS TABLE (
    tenant_id text, created_at timestamptz, last_seen_at timestamptz,
    person_id uuid, email text, name text, role text,
    key_id text, scopes text[], key_expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT s.tenant_id, s.created_at, s.last_seen_at, p.id, p.email, p.name, p.role, k.public_id, k.scopes, k.expires_at
    FROM common.sessions AS s
    LEFT JOIN common.people AS p ON p.tenant_id = s.tenant_id AND p.id = s.person_id
    LEFT JOIN common.api_keys AS k ON k.public_id = s.key_id
    WHERE s.id_hash = wanted AND CASE
        WHEN s.key_id IS NULL THEN p.active AND s.created_at >= p.valid_from
        ELSE k.revoked_at IS NULL
    END
$$
""",
    """
CREATE FUNCTION common.find_sign_in_link(wanted bytea)
RETURNS TABLE (tenant_id text, person_id uuid, email text, name text, role text, expires_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT l.tenant_id, p.id, p.email, p.name, p.role, l.expires_at
    FROM common.sign_in_links AS l JOIN common.people AS p ON p.tenant_id = l.tenant_id AND p.id = l.person_id
    WHERE l.token_hash = wanted AND l.used_at IS NULL AND p.active AND l.created_at >= p.valid_from
$$
""",
    """
CREATE FUNCTION common.find_people(wanted text)
RETURNS TABLE (tenant_id text, id uuid, email text, name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT tenant_id, id, email, name, role FROM common.people WHERE email = wanted AND active ORDER BY tenant_id
$$
""",
)
