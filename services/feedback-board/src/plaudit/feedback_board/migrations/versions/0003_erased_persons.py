"""A worker deletes what an erased person did: votes and log entries are found by person."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "CREATE INDEX votes_of_person ON feedback_board.votes (tenant_id, person_key)",
    """
CREATE INDEX activity_of_person ON feedback_board.activity (tenant_id, person_key) WHERE person_key IS NOT NULL
""",
    """
COMMENT ON TABLE feedback_board.activity IS
    'append-only but for the names of erased persons: all that happens, enough to make requests, votes and links anew'
""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    grant(op.execute, "feedback-board", "DELETE", "votes", (Role.WORKER,))
    grant(op.execute, "feedback-board", "UPDATE (person_key)", "activity", (Role.WORKER,))
