"""Sources that are asked: their encrypted credentials, how far they are, and what was listed."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("pulls", "pulled_reviews", "pull_notices"):
        protect_tenant_rows(op.execute, "ingest", table)
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "pulls", (Role.API,))
    grant(op.execute, "ingest", "SELECT, UPDATE", "pulls", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "pulled_reviews", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, DELETE", "pull_notices", (Role.WORKER,))
    grant(op.execute, "ingest", "SELECT, INSERT, UPDATE", "pull_notices", (Role.HOOK,))


STATEMENTS = (
    """
CREATE TABLE ingest.pulls (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid PRIMARY KEY,
    platform text NOT NULL COLLATE "C",
    credentials_at timestamptz NOT NULL,
    next_at timestamptz NOT NULL,
    not_before timestamptz,
    failures int NOT NULL DEFAULT 0,
    error text,
    error_at timestamptz,
    walk jsonb,
    watermark timestamptz,
    listing int NOT NULL DEFAULT 0,
    complete_listing int,
    complete_at timestamptz,
    window_at timestamptz,
    window_requests int NOT NULL DEFAULT 0,
    last_run jsonb,
    credentials text NOT NULL,
    token text,
    running_until timestamptz,
    FOREIGN KEY (tenant_id, source_id) REFERENCES ingest.sources (tenant_id, id) ON DELETE CASCADE
)
""",
    "CREATE INDEX pulls_due ON ingest.pulls (platform, next_at)",
    "COMMENT ON COLUMN ingest.pulls.credentials IS 'encrypted; they are never shown'",
    "COMMENT ON COLUMN ingest.pulls.token IS 'encrypted: what authorizes requests for a while'",
    "COMMENT ON COLUMN ingest.pulls.running_until IS 'a process is at it, or has died; it is the mark of the run'",
    """
CREATE TABLE ingest.pulled_reviews (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL REFERENCES ingest.pulls ON DELETE CASCADE,
    external_id text NOT NULL COLLATE "C",
    listing int NOT NULL,
    fingerprint bytea NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, external_id)
)
""",
    "COMMENT ON COLUMN ingest.pulled_reviews.listing IS 'the last complete walk that it was seen in or after'",
    """
CREATE TABLE ingest.pull_notices (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    name text NOT NULL COLLATE "C",
    noticed_at timestamptz NOT NULL,
    PRIMARY KEY (source_id, name),
    FOREIGN KEY (tenant_id, source_id) REFERENCES ingest.sources (tenant_id, id) ON DELETE CASCADE
)
""",
    "COMMENT ON TABLE ingest.pull_notices IS 'reviews that a notification has named and that are to be asked for'",
)
