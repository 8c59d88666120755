"""Who did not sign in is counted apart, requests have a trend, and each order of a list is read by an index.

The columns `by_…` ascend with a list. They are columns and no expressions of an index: under row security the planner
looks an expression up in no index, since a function that is not leakproof might tell what a hidden row holds.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_MICROSECONDS = "(extract(epoch FROM {} - timestamptz '1970-01-01 00:00:00+00') * 1000000)::bigint"
_CREATED, _MENTIONED = _MICROSECONDS.format("created_at"), _MICROSECONDS.format("last_mention_at")

# The owner sees the rows only while it is not forced under the policies, which name no tenant for it.
_TABLES = ("requests", "votes", "recounts")

COUNTS = (
    """
UPDATE feedback_board.requests SET anonymous_votes = counted.number
FROM (
    SELECT tenant_id, request_id, count(*) AS number FROM feedback_board.votes
    WHERE starts_with(person_key, 'visitor:') GROUP BY tenant_id, request_id
) AS counted
WHERE requests.tenant_id = counted.tenant_id AND requests.id = counted.request_id
""",
    # The job counts reach anew, which holds only who signed in, and the trend.
    "INSERT INTO feedback_board.recounts (tenant_id, request_id) SELECT tenant_id, id FROM feedback_board.requests",
)

STATEMENTS = (
    f"""
ALTER TABLE feedback_board.requests
    ADD COLUMN anonymous_votes int NOT NULL DEFAULT 0 CHECK (anonymous_votes BETWEEN 0 AND votes),
    ADD COLUMN anonymous_reach int NOT NULL DEFAULT 0 CHECK (anonymous_reach >= 0),
    ADD COLUMN trend bigint NOT NULL DEFAULT 0,
    ADD COLUMN by_priority bigint NOT NULL GENERATED ALWAYS AS (coalesce(-(priority * 100)::bigint, 1)) STORED,
    ADD COLUMN by_reach bigint NOT NULL GENERATED ALWAYS AS (-reach) STORED,
    ADD COLUMN by_votes bigint NOT NULL GENERATED ALWAYS AS (-votes) STORED,
    ADD COLUMN by_trend bigint NOT NULL GENERATED ALWAYS AS (-trend) STORED,
    ADD COLUMN by_mention bigint NOT NULL GENERATED ALWAYS AS (-{_MENTIONED}) STORED,
    ADD COLUMN by_age bigint NOT NULL GENERATED ALWAYS AS ({_CREATED}) STORED,
    ADD COLUMN by_newness bigint NOT NULL GENERATED ALWAYS AS (-{_CREATED}) STORED
""",
    """
COMMENT ON COLUMN feedback_board.requests.trend IS
    'T * log(sum(exp(t / T))) over the times t of all mentions, T = 7 days, in microseconds; 0 while there is none'
""",
    """
CREATE INDEX requests_by_priority ON feedback_board.requests
    (tenant_id, status, by_priority, by_reach, by_mention, by_age, id)
""",
    "CREATE INDEX requests_by_votes ON feedback_board.requests (tenant_id, status, by_votes, by_mention, by_age, id)",
    "CREATE INDEX requests_by_trend ON feedback_board.requests (tenant_id, status, by_trend, by_newness, id)",
    "CREATE INDEX requests_by_newness ON feedback_board.requests (tenant_id, status, by_newness, id)",
    "DROP INDEX feedback_board.requests_by_status",
    "CREATE INDEX requests_by_status ON feedback_board.requests (tenant_id, status, status_changed_at DESC, id)",
    "CREATE INDEX votes_by_time ON feedback_board.votes (tenant_id, request_id, voted_at)",
    "CREATE INDEX reviews_of_person ON feedback_board.reviews (tenant_id, person_key) WHERE person_key IS NOT NULL",
)


def upgrade() -> None:
    for table in _TABLES:
        op.execute(f"ALTER TABLE feedback_board.{table} NO FORCE ROW LEVEL SECURITY")
    for statement in (*STATEMENTS, *COUNTS):
        op.execute(statement)
    for table in _TABLES:
        op.execute(f"ALTER TABLE feedback_board.{table} FORCE ROW LEVEL SECURITY")
