"""Requests are found by their words and by their likeness; what became of submissions, and what is not the same.

A job indexes the words of requests. A trigger marks what it has to do, so that no way to change a title is forgotten.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0010"
down_revision = "0009"

GRANTS = {
    "words_to_index": {Role.API: "INSERT", Role.WORKER: "SELECT, INSERT, DELETE"},
    "request_words": {Role.WORKER: "SELECT, INSERT, UPDATE"},
    "title_stems": {Role.API: "SELECT", Role.WORKER: "SELECT, INSERT, DELETE"},
    "stem_counts": {Role.API: "SELECT", Role.WORKER: "SELECT, INSERT, UPDATE"},
    "submissions": {Role.API: "SELECT, INSERT, UPDATE", Role.WORKER: "SELECT"},
    "rejected_duplicates": {Role.API: "SELECT, INSERT, DELETE", Role.WORKER: "SELECT"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.words_to_index (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL
)
""",
    """
COMMENT ON TABLE feedback_board.words_to_index IS
    'marks of requests that are new, or whose words changed; appended, never upserted, so that none is lost to the job'
""",
    """
CREATE TABLE feedback_board.request_words (
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    words tsvector NOT NULL,
    stems text[] NOT NULL COLLATE "C",
    PRIMARY KEY (tenant_id, request_id)
)
""",
    """
COMMENT ON COLUMN feedback_board.request_words.words IS
    'of title and text, and of the title ~ nearly so; each behind its tenant''s name, so the index keeps them apart'
""",
    "COMMENT ON COLUMN feedback_board.request_words.stems IS 'of the title: the rows of title_stems'",
    # Rows of one job, in batches: a list of pending entries would only make searches slower.
    """
CREATE INDEX request_words_words ON feedback_board.request_words USING gin (words) WITH (fastupdate = off)
""",
    """
CREATE TABLE feedback_board.title_stems (
    tenant_id text NOT NULL COLLATE "C",
    stem text NOT NULL COLLATE "C",
    request_id uuid NOT NULL,
    stems int NOT NULL,
    PRIMARY KEY (tenant_id, stem, request_id) INCLUDE (stems)
)
""",
    "COMMENT ON COLUMN feedback_board.title_stems.stems IS 'how many stems the title has'",
    """
CREATE TABLE feedback_board.stem_counts (
    tenant_id text NOT NULL COLLATE "C",
    stem text NOT NULL COLLATE "C",
    titles int NOT NULL CHECK (titles >= 0),
    PRIMARY KEY (tenant_id, stem)
) WITH (fillfactor = 80)
""",
    "COMMENT ON TABLE feedback_board.stem_counts IS 'how many titles hold a stem; the empty stem counts all titles'",
    """
CREATE TABLE feedback_board.submissions (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('asked', 'posted', 'voted')),
    request_id uuid,
    PRIMARY KEY (tenant_id, id),
    CHECK ((outcome = 'asked') = (request_id IS NULL))
)
""",
    "CREATE INDEX submissions_by_time ON feedback_board.submissions (tenant_id, at)",
    """
COMMENT ON TABLE feedback_board.submissions IS
    'each form of a new request that somebody sent, and whether it became a request, or a vote for a similar one'
""",
    """
CREATE TABLE feedback_board.rejected_duplicates (
    tenant_id text NOT NULL COLLATE "C",
    one_id uuid NOT NULL,
    other_id uuid NOT NULL,
    actor text NOT NULL,
    rejected_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, one_id, other_id),
    FOREIGN KEY (tenant_id, one_id) REFERENCES feedback_board.requests (tenant_id, id),
    FOREIGN KEY (tenant_id, other_id) REFERENCES feedback_board.requests (tenant_id, id),
    CHECK (one_id < other_id)
)
""",
    "CREATE INDEX rejected_duplicates_of ON feedback_board.rejected_duplicates (tenant_id, other_id)",
    """
COMMENT ON TABLE feedback_board.rejected_duplicates IS
    'pairs that staff said are not the same: never proposed again'
""",
    # Row level security lets no operator near an index that might tell of other rows, and that of full text is such
    # a one. This view has the same condition without that barrier; the api role has no right to the table itself.
    """
CREATE VIEW feedback_board.searched_requests AS
SELECT tenant_id, request_id, words FROM feedback_board.request_words
WHERE tenant_id = ANY((SELECT nullif(current_setting('plaudit.tenants', true), '')::text[])::text[])
""",
    """
CREATE FUNCTION feedback_board.mark_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback_board.words_to_index (tenant_id, request_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER words_of_new_requests AFTER INSERT ON feedback_board.requests
FOR EACH ROW EXECUTE FUNCTION feedback_board.mark_words()
""",
    """
CREATE TRIGGER words_that_change AFTER UPDATE OF title, text ON feedback_board.requests
FOR EACH ROW WHEN (OLD.title IS DISTINCT FROM NEW.title OR OLD.text IS DISTINCT FROM NEW.text)
EXECUTE FUNCTION feedback_board.mark_words()
""",
)

# The owner sees the rows only while it is not forced under the policies, which name no tenant for it.
_MARK_ALL = (
    "ALTER TABLE feedback_board.requests NO FORCE ROW LEVEL SECURITY",
    """
INSERT INTO feedback_board.words_to_index (tenant_id, request_id) SELECT tenant_id, id FROM feedback_board.requests
""",
    "ALTER TABLE feedback_board.requests FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *_MARK_ALL):
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table, lookup=table == "request_words")
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
    grant(op.execute, "feedback-board", "SELECT", "searched_requests", (Role.API,))
