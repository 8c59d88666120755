"""People are named by `person_key`, and the view `mentions` brings together what reach is counted from."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    "ALTER TABLE feedback_board.votes RENAME COLUMN person TO person_key",
    "ALTER TABLE feedback_board.reviews RENAME COLUMN person TO person_key",
    "ALTER TABLE feedback_board.activity RENAME COLUMN person TO person_key",
    """
COMMENT ON TABLE feedback_board.reviews IS
    'what the board needs of each review; of one that is no longer published only that it existed'
""",
    """
COMMENT ON TABLE feedback_board.recounts IS
    'marks of requests whose linked reviews changed; appended and never upserted, so that none is lost to a recount'
""",
    """
CREATE VIEW feedback_board.mentions WITH (security_invoker = true) AS
SELECT tenant_id, request_id, person_key, voted_at AS at, false AS is_review FROM feedback_board.votes
UNION ALL
SELECT links.tenant_id, links.request_id, reviews.person_key, reviews.published_at, true
FROM feedback_board.links AS links
JOIN feedback_board.reviews AS reviews ON reviews.tenant_id = links.tenant_id AND reviews.id = links.review_id
WHERE reviews.present
""",
    """
COMMENT ON VIEW feedback_board.mentions IS
    'votes and linked reviews that are published now: what the reach of a request is counted from'
""",
    # Answers kept under idempotency keys hold requests as JSON. The owner sees the rows only while it is not forced
    # under the policies, which name no tenant for it.
    "ALTER TABLE feedback_board.idempotency_keys NO FORCE ROW LEVEL SECURITY",
    """
UPDATE feedback_board.idempotency_keys
SET answer = (answer - 'tenant') || jsonb_build_object('tenant_id', answer -> 'tenant')
WHERE answer -> 'tenant' IS NOT NULL
""",
    "ALTER TABLE feedback_board.idempotency_keys FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    grant(op.execute, "feedback-board", "SELECT", "mentions", (Role.API, Role.WORKER))
