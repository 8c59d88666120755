"""The changelog, and an index of the personas that requests are of."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0011"
down_revision = "0005"

GRANTS = {
    "changelog_entries": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT"},
    "changelog_requests": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.changelog_entries (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    slug text NOT NULL COLLATE "C",
    title text NOT NULL,
    said text NOT NULL,
    learned text NOT NULL,
    changed text NOT NULL,
    since text NOT NULL,
    people int NOT NULL CHECK (people >= 0),
    visitors int NOT NULL CHECK (visitors >= 0),
    reviews int NOT NULL CHECK (reviews >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    published_at timestamptz,
    revision int NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    CHECK (published_at IS NULL OR changed <> '')
)
""",
    "CREATE INDEX changelog_newest ON feedback_board.changelog_entries (tenant_id, created_at, id)",
    """
CREATE INDEX changelog_published ON feedback_board.changelog_entries (tenant_id, published_at, id)
WHERE published_at IS NOT NULL
""",
    """
COMMENT ON COLUMN feedback_board.changelog_entries.people IS
    'who asked for its requests when it was published, each counted once; visitors are those who did not sign in'
""",
    """
CREATE TABLE feedback_board.changelog_requests (
    tenant_id text NOT NULL COLLATE "C",
    entry_id uuid NOT NULL,
    request_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, entry_id, request_id),
    FOREIGN KEY (tenant_id, entry_id) REFERENCES feedback_board.changelog_entries (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    "CREATE INDEX changelog_of_request ON feedback_board.changelog_requests (tenant_id, request_id)",
    """
CREATE INDEX requests_by_persona ON feedback_board.requests (tenant_id, persona)
WHERE persona IS NOT NULL AND merged_into IS NULL
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
