"""How many anonymous votes came from one network within an hour, so that a burst of them is seen."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0013"
down_revision = "0011"

STATEMENTS = (
    """
CREATE TABLE feedback_board.vote_networks (
    tenant_id text NOT NULL COLLATE "C",
    hour timestamptz NOT NULL,
    network bytea NOT NULL,
    request_id uuid NOT NULL,
    votes int NOT NULL,
    PRIMARY KEY (tenant_id, hour, network, request_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    """
COMMENT ON TABLE feedback_board.vote_networks IS
    'votes of visitors who did not sign in, by network and hour; kept for seven days'
""",
    "COMMENT ON COLUMN feedback_board.vote_networks.network IS 'keyed hash of a network''s address'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "feedback-board", "vote_networks")
    grant(op.execute, "feedback-board", "SELECT, INSERT, UPDATE, DELETE", "vote_networks", (Role.API,))
    grant(op.execute, "feedback-board", "SELECT, DELETE", "vote_networks", (Role.WORKER,))
