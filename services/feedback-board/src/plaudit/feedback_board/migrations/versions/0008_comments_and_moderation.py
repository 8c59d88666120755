"""Comments, official responses, who wrote what, and what waits for a look before it is public."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0008"
down_revision = "0007"

GRANTS = {
    "comments": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, UPDATE"},
    "responses": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT"},
    "held_posts": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT, DELETE"},
    "standings": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT, DELETE"},
    "recent_words": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT, DELETE"},
    "hold_rules": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT"},
    "moderation_log": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT, UPDATE (person_key)"},
}

STATEMENTS = (
    """
ALTER TABLE feedback_board.requests
    ADD COLUMN author_key text COLLATE "C",
    ADD COLUMN author_name text,
    ADD COLUMN visibility text NOT NULL DEFAULT 'published' CHECK (visibility IN ('published', 'held', 'removed')),
    ADD COLUMN edited_at timestamptz
""",
    """
CREATE INDEX requests_of_author ON feedback_board.requests (tenant_id, author_key) WHERE author_key IS NOT NULL
""",
    """
COMMENT ON COLUMN feedback_board.requests.visibility IS
    'only published requests are found, listed, counted and told of; held ones wait for a look of staff'
""",
    """
CREATE TABLE feedback_board.comments (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    author_key text COLLATE "C",
    author_name text,
    by_staff boolean NOT NULL,
    text text NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('published', 'held', 'removed')),
    created_at timestamptz NOT NULL,
    edited_at timestamptz,
    edited_by_staff boolean NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    "CREATE INDEX comments_of_request ON feedback_board.comments (tenant_id, request_id, created_at, id)",
    """
CREATE INDEX comments_of_author ON feedback_board.comments (tenant_id, author_key) WHERE author_key IS NOT NULL
""",
    """
COMMENT ON TABLE feedback_board.comments IS
    'what people say about a request; the text of a comment that was erased is empty'
""",
    """
CREATE TABLE feedback_board.responses (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    revision int NOT NULL,
    text text,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id, revision),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
COMMENT ON TABLE feedback_board.responses IS
    'all revisions of the official response to a request: the last one counts, without a text it was taken back'
""",
    """
CREATE TABLE feedback_board.held_posts (
    tenant_id text NOT NULL COLLATE "C",
    kind text NOT NULL CHECK (kind IN ('request', 'comment')),
    post_id uuid NOT NULL,
    request_id uuid NOT NULL,
    person_key text NOT NULL COLLATE "C",
    reasons text[] NOT NULL,
    held_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, post_id)
)
""",
    "CREATE INDEX held_posts_in_order ON feedback_board.held_posts (tenant_id, held_at, post_id)",
    "COMMENT ON TABLE feedback_board.held_posts IS 'requests and comments that wait for a look of staff, and why'",
    """
CREATE TABLE feedback_board.standings (
    tenant_id text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    standing text NOT NULL CHECK (standing IN ('known', 'trusted', 'blocked')),
    reason text,
    until timestamptz,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_key)
)
""",
    """
COMMENT ON TABLE feedback_board.standings IS
    'known: has posted something that is public; trusted: is never held; blocked: posts nothing, until then'
""",
    """
CREATE TABLE feedback_board.recent_words (
    tenant_id text NOT NULL COLLATE "C",
    fingerprint bytea NOT NULL,
    person_key text NOT NULL COLLATE "C",
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, fingerprint, person_key)
)
""",
    "CREATE INDEX recent_words_by_age ON feedback_board.recent_words (tenant_id, at)",
    """
COMMENT ON TABLE feedback_board.recent_words IS
    'hashes of what was posted within a day, to see the same text again'
""",
    """
CREATE TABLE feedback_board.hold_rules (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    first_of_visitors boolean NOT NULL,
    most_links int NOT NULL CHECK (most_links >= 0),
    blocked_words text[] NOT NULL,
    changed_at timestamptz NOT NULL
)
""",
    """
CREATE TABLE feedback_board.moderation_log (
    tenant_id text NOT NULL COLLATE "C",
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    post_kind text,
    post_id uuid,
    request_id uuid,
    person_key text COLLATE "C",
    reason text,
    until timestamptz,
    PRIMARY KEY (tenant_id, id)
)
""",
    """
CREATE INDEX moderation_log_of_person ON feedback_board.moderation_log (tenant_id, person_key)
    WHERE person_key IS NOT NULL
""",
    "COMMENT ON TABLE feedback_board.moderation_log IS 'append-only but for the names of erased persons: who did what'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
    grant(op.execute, "feedback-board", "UPDATE (detail)", "activity", (Role.WORKER,))
