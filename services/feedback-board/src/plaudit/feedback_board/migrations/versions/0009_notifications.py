"""People are told what became of a request: changes that are held, followers, addresses, and the tables of messages."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows
from plaudit.common.delivery.migration import add_gatherings, create_tables

revision = "0009"
down_revision = "0008"

SERVICE = "feedback-board"
STATEMENTS = (
    """
CREATE TABLE feedback_board.announcements (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    request_id uuid NOT NULL,
    previous_status text NOT NULL,
    status text NOT NULL,
    is_wanted boolean NOT NULL,
    actor_key text NOT NULL COLLATE "C",
    changed_at timestamptz NOT NULL,
    settled_at timestamptz,
    outcome text NOT NULL DEFAULT ''
        CHECK (outcome IN ('', 'told', 'replaced', 'unchanged', 'not_wanted', 'merged', 'hidden')),
    told_up_to text NOT NULL COLLATE "C" DEFAULT '',
    told int NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id),
    CHECK ((settled_at IS NULL) = (outcome = ''))
)
""",
    """
CREATE INDEX announcements_held ON feedback_board.announcements (tenant_id, request_id, number)
    WHERE settled_at IS NULL
""",
    "CREATE INDEX announcements_of_request ON feedback_board.announcements (tenant_id, request_id, number)",
    """
COMMENT ON TABLE feedback_board.announcements IS
    'changes of status that people are to be told of: held for some minutes, and what became of each'
""",
    """
CREATE TABLE feedback_board.followers (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    person_key text NOT NULL COLLATE "C",
    state text NOT NULL CHECK (state IN ('following', 'stopped')),
    source text NOT NULL CHECK (source IN ('chosen', 'asked', 'commented')),
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, request_id, person_key),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    "CREATE INDEX followers_of_person ON feedback_board.followers (tenant_id, person_key)",
    """
COMMENT ON TABLE feedback_board.followers IS
    'who follows a request beyond its voters, and who has stopped: such a row outlasts a new vote'
""",
    """
CREATE TABLE feedback_board.board_contacts (
    tenant_id text NOT NULL COLLATE "C",
    person_key text NOT NULL COLLATE "C",
    sealed text NOT NULL,
    language text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, person_key)
)
""",
    """
COMMENT ON COLUMN feedback_board.board_contacts.sealed IS
    'the e-mail address with which the person signed in on the board, encrypted by the vault'
""",
)
GRANTS = {
    "announcements": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT, UPDATE"},
    "followers": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT, DELETE"},
    "board_contacts": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT, UPDATE, DELETE"},
}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, SERVICE, table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, SERVICE, privileges, table, (role,))
    create_tables(op.execute, SERVICE)
    add_gatherings(op.execute, SERVICE)
