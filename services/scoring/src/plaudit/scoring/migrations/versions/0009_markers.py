"""Markers: what a company did, or what happened to it, at an instant that figures are compared around."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "markers")
    grant(op.execute, "scoring", "SELECT, INSERT, DELETE", "markers", (Role.API,))
    grant(op.execute, "scoring", "SELECT", "markers", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.markers (
    tenant_id text NOT NULL COLLATE "C",
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('release', 'incident', 'request', 'content')),
    name text NOT NULL,
    at timestamptz NOT NULL,
    subject text NOT NULL COLLATE "C",
    link text,
    made_by text NOT NULL,
    created_at timestamptz NOT NULL
)
""",
    "CREATE INDEX markers_by_time ON scoring.markers (tenant_id, at, id)",
    "COMMENT ON COLUMN scoring.markers.subject IS 'what it was done to, with everything below'",
    "COMMENT ON COLUMN scoring.markers.made_by IS 'who noted it: a person or an API key'",
)
