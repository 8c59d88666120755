"""Requests, votes, links, what the board knows of reviews, and its activity log."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0001"
down_revision = None

GRANTS = {
    "requests": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, UPDATE"},
    "votes": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
    "reviews": {Role.API: "SELECT", Role.WORKER: "SELECT, INSERT, UPDATE"},
    "links": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
    "activity": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT, INSERT"},
    "recounts": {Role.WORKER: "SELECT, INSERT, DELETE"},
}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))


STATEMENTS = (
    """
CREATE TABLE feedback_board.requests (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    slug text NOT NULL COLLATE "C",
    title text NOT NULL,
    text text NOT NULL,
    subject text COLLATE "C",
    persona text,
    created_at timestamptz NOT NULL,
    status text NOT NULL
        CHECK (status IN ('open', 'under_review', 'planned', 'in_progress', 'shipped', 'declined')),
    status_reason text,
    status_changed_at timestamptz NOT NULL,
    impact numeric CHECK (impact IN (0.25, 0.5, 1, 2, 3)),
    effort_weeks numeric(6, 2) CHECK (effort_weeks >= 0.25),
    priority numeric(14, 2),
    votes int NOT NULL CHECK (votes >= 0),
    reach int NOT NULL CHECK (reach >= 0),
    unidentified_mentions int NOT NULL,
    linked_reviews int NOT NULL,
    last_mention_at timestamptz NOT NULL,
    recount_at timestamptz,
    revision int NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    CHECK ((impact IS NULL) = (effort_weeks IS NULL) AND (impact IS NULL) = (priority IS NULL))
) WITH (fillfactor = 80)
""",
    "CREATE INDEX requests_by_status ON feedback_board.requests (tenant_id, status)",
    "CREATE INDEX requests_to_recount ON feedback_board.requests (recount_at) WHERE recount_at IS NOT NULL",
    """
COMMENT ON COLUMN feedback_board.requests.recount_at IS
    'when the oldest vote or review that reach counts leaves the window of 90 days'
""",
    """
CREATE TABLE feedback_board.votes (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    person text NOT NULL COLLATE "C",
    voted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id, person),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
COMMENT ON COLUMN feedback_board.votes.person IS
    'a keyed hash of an address, platform:id, or visitor:id of a signed cookie; never an address'
""",
    """
CREATE TABLE feedback_board.reviews (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    revision int NOT NULL,
    subject text NOT NULL COLLATE "C",
    present boolean NOT NULL,
    person text COLLATE "C",
    published_at timestamptz NOT NULL,
    rating float8,
    title text,
    excerpt text,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80)
""",
    """
COMMENT ON TABLE feedback_board.reviews IS
    'of each review what a wish needs; of one that is not published any more only that it was there'
""",
    """
CREATE TABLE feedback_board.links (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    review_id uuid NOT NULL,
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id, review_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id),
    FOREIGN KEY (tenant_id, review_id) REFERENCES feedback_board.reviews (tenant_id, id)
)
""",
    "CREATE INDEX links_of_review ON feedback_board.links (tenant_id, review_id)",
    """
CREATE TABLE feedback_board.activity (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    type text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    person text COLLATE "C",
    detail jsonb NOT NULL,
    PRIMARY KEY (tenant_id, request_id, id)
)
""",
    """
COMMENT ON TABLE feedback_board.activity IS
    'append-only: everything that happens on the board, enough to make requests, votes and links anew'
""",
    """
CREATE TABLE feedback_board.recounts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL
)
""",
    """
COMMENT ON TABLE feedback_board.recounts IS
    'marks of wishes whose linked review changed; appended, never upserted, so that none is lost to a recount under way'
""",
)
