"""API keys are rotated with overlap, show when they were last used, and are seen by their own tenant."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "common", "api_keys")
    grant(op.execute, "common", "SELECT, INSERT, UPDATE", "api_keys", [Role.API])


STATEMENTS = (
    """
ALTER TABLE common.api_keys
    ADD COLUMN last_used_at timestamptz,
    ADD COLUMN rotated_at timestamptz,
    ADD COLUMN previous_secret_hash bytea,
    ADD COLUMN previous_expires_at timestamptz
""",
    "DROP FUNCTION common.find_api_key(text)",
    """
CREATE FUNCTION common.find_api_key(wanted text)
RETURNS TABLE (
    tenant_id text, secret_hash bytea, scopes text[], expires_at timestamptz,
    previous_secret_hash bytea, previous_expires_at timestamptz
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    SELECT tenant_id, secret_hash, scopes, expires_at, previous_secret_hash, previous_expires_at FROM common.api_keys
    WHERE public_id = wanted AND revoked_at IS NULL
$$
""",
    # Others that note the same use are not waited for.
    """
CREATE FUNCTION common.note_api_key_use(wanted text, used_at timestamptz, noted_before timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = common, pg_temp AS $$
    UPDATE common.api_keys SET last_used_at = used_at
    WHERE public_id = (
        SELECT public_id FROM common.api_keys
        WHERE public_id = wanted AND (last_used_at IS NULL OR last_used_at < noted_before)
        FOR NO KEY UPDATE SKIP LOCKED
    )
$$
""",
)
