"""The changelog, embeds, how many requests have a status, and an index of the personas that requests are of."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0011"
down_revision = "0010"

GRANTS = {
    "changelog_entries": {Role.API: "SELECT, INSERT, UPDATE, DELETE", Role.WORKER: "SELECT"},
    "changelog_requests": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
    "embeds": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT"},
    "request_counts": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT, INSERT, DELETE"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.changelog_entries (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    slug text NOT NULL COLLATE "C",
    title text NOT NULL,
    said text NOT NULL,
    learned text NOT NULL,
    changed text NOT NULL,
    since text NOT NULL,
    people int NOT NULL CHECK (people >= 0),
    visitors int NOT NULL CHECK (visitors >= 0),
    reviews int NOT NULL CHECK (reviews >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    published_at timestamptz,
    revision int NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, slug),
    CHECK (published_at IS NULL OR changed <> '')
)
""",
    "CREATE INDEX changelog_newest ON feedback_board.changelog_entries (tenant_id, created_at, id)",
    """
CREATE INDEX changelog_published ON feedback_board.changelog_entries (tenant_id, published_at, id)
WHERE published_at IS NOT NULL
""",
    """
COMMENT ON COLUMN feedback_board.changelog_entries.people IS
    'who asked for its requests when it was published, each counted once; visitors are those who did not sign in'
""",
    """
CREATE TABLE feedback_board.changelog_requests (
    tenant_id text NOT NULL COLLATE "C",
    entry_id uuid NOT NULL,
    request_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, entry_id, request_id),
    FOREIGN KEY (tenant_id, entry_id) REFERENCES feedback_board.changelog_entries (tenant_id, id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id)
)
""",
    "CREATE INDEX changelog_of_request ON feedback_board.changelog_requests (tenant_id, request_id)",
    """
CREATE INDEX requests_by_persona ON feedback_board.requests (tenant_id, persona)
WHERE persona IS NOT NULL AND merged_into IS NULL AND visibility = 'published'
""",
    """
CREATE TABLE feedback_board.embeds (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    origins text[] NOT NULL,
    revision int NOT NULL,
    updated_at timestamptz NOT NULL,
    updated_by text NOT NULL
)
""",
    """
CREATE TABLE feedback_board.request_counts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    status text NOT NULL,
    number bigint NOT NULL,
    is_sum boolean NOT NULL DEFAULT false
)
""",
    """
COMMENT ON TABLE feedback_board.request_counts IS
    'how many requests of a status came and went: the sum is how many are public and not merged; a job adds them up'
""",
    "CREATE INDEX request_counts_of_tenant ON feedback_board.request_counts (tenant_id)",
    "CREATE INDEX request_counts_to_add_up ON feedback_board.request_counts (id) WHERE NOT is_sum",
    # A trigger, so that no way to write requests can forget it. Rows are appended: whoever changes requests waits for
    # nobody else who does, as they would at one counter for all of a tenant.
    """
CREATE FUNCTION feedback_board.count_requests() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    gone text := CASE
        WHEN TG_OP <> 'INSERT' AND OLD.merged_into IS NULL AND OLD.visibility = 'published' THEN OLD.status
    END;
    come text := CASE
        WHEN TG_OP <> 'DELETE' AND NEW.merged_into IS NULL AND NEW.visibility = 'published' THEN NEW.status
    END;
BEGIN
    IF gone IS DISTINCT FROM come THEN
        INSERT INTO feedback_board.request_counts (tenant_id, status, number)
        SELECT coalesce(NEW.tenant_id, OLD.tenant_id), moved.status, moved.number
        FROM (VALUES (gone, -1), (come, 1)) AS moved (status, number)
        WHERE moved.status IS NOT NULL;
    END IF;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER requests_come_and_go AFTER INSERT OR DELETE ON feedback_board.requests
FOR EACH ROW EXECUTE FUNCTION feedback_board.count_requests()
""",
    """
CREATE TRIGGER requests_change_status AFTER UPDATE OF status, merged_into, visibility ON feedback_board.requests
FOR EACH ROW WHEN (
    OLD.status <> NEW.status OR OLD.merged_into IS DISTINCT FROM NEW.merged_into OR OLD.visibility <> NEW.visibility
)
EXECUTE FUNCTION feedback_board.count_requests()
""",
)

# The owner sees the rows only while it is not forced under the policies, which name no tenant for it.
COUNTS = (
    "ALTER TABLE feedback_board.requests NO FORCE ROW LEVEL SECURITY",
    """
INSERT INTO feedback_board.request_counts (tenant_id, status, number, is_sum)
SELECT tenant_id, status, count(*), true FROM feedback_board.requests
WHERE merged_into IS NULL AND visibility = 'published' GROUP BY tenant_id, status
""",
    "ALTER TABLE feedback_board.requests FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *COUNTS):
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
