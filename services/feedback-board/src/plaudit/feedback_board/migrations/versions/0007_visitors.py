"""People sign in on the public board: who has, their sessions and links, the host's secret, and what was deleted."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0007"
down_revision = "0006"

GRANTS = {
    "visitors": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, DELETE"},
    "visitor_sessions": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT, DELETE"},
    "visitor_links": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT, DELETE"},
    "used_tokens": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
    "sign_in_secrets": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT, UPDATE"},
    "deletions": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT, UPDATE"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.visitors (
    tenant_id text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    name text,
    signed_in_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_key)
)
""",
    "COMMENT ON TABLE feedback_board.visitors IS 'who has signed in on the public board, and the name that each gave'",
    """
CREATE TABLE feedback_board.visitor_sessions (
    tenant_id text NOT NULL COLLATE "C",
    id_hash bytea NOT NULL,
    person_key text NOT NULL COLLATE "C",
    began_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id_hash)
)
""",
    "CREATE INDEX visitor_sessions_of_person ON feedback_board.visitor_sessions (tenant_id, person_key)",
    "CREATE INDEX visitor_sessions_by_end ON feedback_board.visitor_sessions (tenant_id, expires_at)",
    """
CREATE TABLE feedback_board.visitor_links (
    tenant_id text NOT NULL COLLATE "C",
    token_hash bytea NOT NULL,
    person_key text NOT NULL COLLATE "C",
    purpose text NOT NULL CHECK (purpose IN ('sign_in', 'export', 'deletion')),
    address text NOT NULL,
    next_path text NOT NULL,
    intent jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, token_hash)
)
""",
    "COMMENT ON COLUMN feedback_board.visitor_links.address IS 'sealed; the row goes when the link is used'",
    "COMMENT ON COLUMN feedback_board.visitor_links.intent IS 'the vote or the words that somebody signs in for'",
    "CREATE INDEX visitor_links_of_person ON feedback_board.visitor_links (tenant_id, person_key)",
    "CREATE INDEX visitor_links_by_end ON feedback_board.visitor_links (tenant_id, expires_at)",
    """
CREATE TABLE feedback_board.used_tokens (
    tenant_id text NOT NULL COLLATE "C",
    id_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id_hash)
)
""",
    "COMMENT ON TABLE feedback_board.used_tokens IS 'hashes of the jti of tokens that came: none signs in twice'",
    "CREATE INDEX used_tokens_by_end ON feedback_board.used_tokens (tenant_id, expires_at)",
    """
CREATE TABLE feedback_board.sign_in_secrets (
    tenant_id text NOT NULL COLLATE "C",
    secret text NOT NULL,
    previous_secret text,
    previous_until timestamptz,
    set_at timestamptz NOT NULL,
    actor text NOT NULL,
    PRIMARY KEY (tenant_id),
    CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
)
""",
    """
COMMENT ON TABLE feedback_board.sign_in_secrets IS
    'what the host''s product signs its tokens with, sealed by the vault; the one before counts for a while'
""",
    """
CREATE TABLE feedback_board.deletions (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    person_key text COLLATE "C",
    requested_at timestamptz NOT NULL,
    done_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    CHECK ((person_key IS NULL) = (done_at IS NOT NULL))
)
""",
    "CREATE INDEX deletions_of_person ON feedback_board.deletions (tenant_id, person_key) WHERE person_key IS NOT NULL",
    """
COMMENT ON TABLE feedback_board.deletions IS
    'receipts: that somebody asked for the deletion of all about them, and when it was done. Whose it was goes with it'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
