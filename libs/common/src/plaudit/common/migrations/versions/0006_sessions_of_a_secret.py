"""A session that a key was exchanged for ends with the secret that the key had then."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Of sessions of keys it is not known which secret they were exchanged for: whoever has one signs in again.
    op.execute("DELETE FROM common.sessions WHERE key_id IS NOT NULL")
    op.execute("ALTER TABLE common.sessions ADD COLUMN key_secret_hash bytea")
    op.execute("ALTER TABLE common.sessions ADD CHECK ((key_id IS NULL) = (key_secret_hash IS NULL))")
    op.execute("COMMENT ON COLUMN common.sessions.key_secret_hash IS 'of the secret that it was exchanged for'")
    op.execute(FIND_SESSION)


FIND_SESSION = """
CREATE OR REPLACE FUNCTION common.find_session(wanted bytea)
RETURNS TABLE (
    tenant_id text, created_at timestamptz, last_seen_at timestamptz,
    person_id uuid, email text, name text, role text,
    key_id text, scopes text[], key_expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT s.tenant_id, s.created_at, s.last_seen_at, p.id, p.email, p.name, p.role, k.public_id, k.scopes,
        CASE WHEN s.key_secret_hash = k.secret_hash THEN k.expires_at
            ELSE least(k.previous_expires_at, k.expires_at) END
    FROM common.sessions AS s
    LEFT JOIN common.people AS p ON p.tenant_id = s.tenant_id AND p.id = s.person_id
    LEFT JOIN common.api_keys AS k ON k.public_id = s.key_id
    WHERE s.id_hash = wanted AND CASE
        WHEN s.key_id IS NULL THEN p.active AND s.created_at >= p.valid_from
        ELSE k.revoked_at IS NULL AND s.key_secret_hash IN (k.secret_hash, k.previous_secret_hash)
    END
$$
"""
