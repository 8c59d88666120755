"""Requests are merged into others: a pointer to the root, the merges as they were made, and mentions by root."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
ALTER TABLE feedback_board.requests
    ADD COLUMN merged_into uuid CHECK (merged_into <> id),
    ADD COLUMN merged_at timestamptz,
    ADD FOREIGN KEY (tenant_id, merged_into) REFERENCES feedback_board.requests (tenant_id, id),
    ADD CHECK ((merged_into IS NULL) = (merged_at IS NULL))
""",
    """
COMMENT ON COLUMN feedback_board.requests.merged_into IS
    'the root of its set, which is itself merged into no other; null for a root'
""",
    "CREATE INDEX requests_by_root ON feedback_board.requests (tenant_id, (coalesce(merged_into, id)))",
    """
CREATE TABLE feedback_board.merges (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    into_id uuid NOT NULL CHECK (into_id <> request_id),
    reason text NOT NULL,
    actor text NOT NULL,
    merged_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id),
    FOREIGN KEY (tenant_id, into_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    "CREATE INDEX merges_into ON feedback_board.merges (tenant_id, into_id)",
    """
COMMENT ON TABLE feedback_board.merges IS
    'the merges that stand, each into what was the root then: when one is undone, those below it go with it'
""",
    """
CREATE OR REPLACE VIEW feedback_board.mentions WITH (security_invoker = true) AS
SELECT votes.tenant_id, votes.request_id, votes.person_key, votes.voted_at AS at, false AS is_review,
       coalesce(requests.merged_into, requests.id) AS root_id, NULL::uuid AS review_id
FROM feedback_board.votes AS votes
JOIN feedback_board.requests AS requests
  ON requests.tenant_id = votes.tenant_id AND requests.id = votes.request_id
UNION ALL
SELECT links.tenant_id, links.request_id, reviews.person_key, reviews.published_at, true,
       coalesce(requests.merged_into, requests.id), reviews.id
FROM feedback_board.links AS links
JOIN feedback_board.reviews AS reviews ON reviews.tenant_id = links.tenant_id AND reviews.id = links.review_id
JOIN feedback_board.requests AS requests
  ON requests.tenant_id = links.tenant_id AND requests.id = links.request_id
WHERE reviews.present
""",
    """
COMMENT ON VIEW feedback_board.mentions IS
    'votes and linked reviews that are published now, with the root of their request: what reach is counted from'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "feedback-board", "merges")
    grant(op.execute, "feedback-board", "SELECT, INSERT, DELETE", "merges", (Role.API,))
    grant(op.execute, "feedback-board", "SELECT", "merges", (Role.WORKER,))
