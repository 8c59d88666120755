"""Requests from files of other boards: by what each is known, what its row said, and the numbers it came with."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0014"
down_revision = "0011"

STATEMENTS = (
    """
CREATE TABLE feedback_board.imported_requests (
    tenant_id text NOT NULL COLLATE "C",
    source text NOT NULL COLLATE "C",
    external_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    url text,
    votes bigint NOT NULL DEFAULT 0 CHECK (votes >= 0),
    comments bigint NOT NULL DEFAULT 0 CHECK (comments >= 0),
    said jsonb NOT NULL,
    imported_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, external_id),
    UNIQUE (tenant_id, request_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
COMMENT ON COLUMN feedback_board.imported_requests.votes IS
    'a number that the other board showed: nobody knows whose these votes are, so they are no votes and no reach here'
""",
    """
COMMENT ON COLUMN feedback_board.imported_requests.said IS
    'field: keyed digest of what the row said of it when it was imported last'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "feedback-board", "imported_requests")
    grant(op.execute, "feedback-board", "SELECT, INSERT, UPDATE", "imported_requests", (Role.API,))
    grant(op.execute, "feedback-board", "SELECT", "imported_requests", (Role.WORKER,))
    # An import checks that nobody comes back who was erased.
    grant(op.execute, "feedback-board", "SELECT", "erased", (Role.API,))
