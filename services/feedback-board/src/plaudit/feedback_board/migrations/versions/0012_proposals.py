"""Links that are proposed between reviews and requests, and complaints that staff dismissed.

A job compares. Triggers mark what it has to do, so that no way to change a review or a request is forgotten.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0012"
down_revision = "0011"

GRANTS = {
    "proposals": {Role.API: "SELECT, UPDATE", Role.WORKER: "SELECT, INSERT, UPDATE, DELETE"},
    "reviews_to_match": {Role.WORKER: "SELECT, INSERT, DELETE"},
    "requests_to_match": {Role.API: "INSERT", Role.WORKER: "SELECT, INSERT, DELETE"},
    "matched_boards": {Role.WORKER: "SELECT, INSERT, UPDATE"},
    "dismissed_complaints": {Role.API: "SELECT, INSERT", Role.WORKER: "SELECT"},
}

STATEMENTS = (
    """
CREATE TABLE feedback_board.proposals (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    request_id uuid NOT NULL,
    review_id uuid NOT NULL,
    review_revision int NOT NULL,
    sentence int NOT NULL CHECK (sentence >= 0),
    score float8 NOT NULL CHECK (score > 0 AND score <= 1),
    proposed_at timestamptz NOT NULL,
    decision text CHECK (decision IN ('accepted', 'rejected')),
    decided_by text,
    decided_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, review_id, request_id),
    FOREIGN KEY (tenant_id, request_id) REFERENCES feedback_board.requests (tenant_id, id),
    CHECK ((decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (decided_by IS NULL))
)
""",
    """
COMMENT ON TABLE feedback_board.proposals IS
    'requests that a review seems to be about; a decided one stays, so that the pair is never proposed again'
""",
    """
COMMENT ON COLUMN feedback_board.proposals.sentence IS
    'which sentence of title and excerpt says so; the words themselves are in reviews alone'
""",
    """
CREATE INDEX proposals_open ON feedback_board.proposals (tenant_id, score DESC, id) WHERE decision IS NULL
""",
    "CREATE INDEX proposals_of_request ON feedback_board.proposals (tenant_id, request_id, score DESC, id)",
    """
CREATE TABLE feedback_board.reviews_to_match (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL
)
""",
    "COMMENT ON TABLE feedback_board.reviews_to_match IS 'marks of reviews that changed; appended, never upserted'",
    """
CREATE TABLE feedback_board.requests_to_match (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    request_id uuid NOT NULL
)
""",
    "COMMENT ON TABLE feedback_board.requests_to_match IS 'marks of requests that changed; appended, never upserted'",
    """
CREATE TABLE feedback_board.matched_boards (
    tenant_id text NOT NULL COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL
)
""",
    """
COMMENT ON TABLE feedback_board.matched_boards IS
    'rises when requests of a tenant changed: a process whose memory has an older version reads them anew'
""",
    """
CREATE TABLE feedback_board.dismissed_complaints (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    actor text NOT NULL,
    dismissed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    """
COMMENT ON TABLE feedback_board.dismissed_complaints IS
    'reviews that staff want no request of: they are in no group of complaints again'
""",
    """
CREATE INDEX reviews_that_complain ON feedback_board.reviews (tenant_id, published_at) WHERE present AND rating <= 2
""",
    """
CREATE FUNCTION feedback_board.mark_reviews_to_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback_board.reviews_to_match (tenant_id, review_id) SELECT tenant_id, id FROM told;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER matches_of_new_reviews AFTER INSERT ON feedback_board.reviews
REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION feedback_board.mark_reviews_to_match()
""",
    """
CREATE TRIGGER matches_of_changed_reviews AFTER UPDATE ON feedback_board.reviews
REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION feedback_board.mark_reviews_to_match()
""",
    """
CREATE FUNCTION feedback_board.mark_request_to_match() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO feedback_board.requests_to_match (tenant_id, request_id) VALUES (NEW.tenant_id, NEW.id);
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER matches_of_new_requests AFTER INSERT ON feedback_board.requests
FOR EACH ROW EXECUTE FUNCTION feedback_board.mark_request_to_match()
""",
    """
CREATE TRIGGER matches_that_change AFTER UPDATE OF title, text, status, visibility, merged_into
ON feedback_board.requests FOR EACH ROW
WHEN ((OLD.title, OLD.text, OLD.status, OLD.visibility, OLD.merged_into)
      IS DISTINCT FROM (NEW.title, NEW.text, NEW.status, NEW.visibility, NEW.merged_into))
EXECUTE FUNCTION feedback_board.mark_request_to_match()
""",
)

# The owner sees the rows only while it is not forced under the policies, which name no tenant for it.
_MARK_ALL = (
    "ALTER TABLE feedback_board.requests NO FORCE ROW LEVEL SECURITY",
    """
INSERT INTO feedback_board.requests_to_match (tenant_id, request_id) SELECT tenant_id, id FROM feedback_board.requests
""",
    "ALTER TABLE feedback_board.requests FORCE ROW LEVEL SECURITY",
)


def upgrade() -> None:
    for statement in (*STATEMENTS, *_MARK_ALL):
        op.execute(statement)
    for table, privileges_by_role in GRANTS.items():
        protect_tenant_rows(op.execute, "feedback-board", table)
        for role, privileges in privileges_by_role.items():
            grant(op.execute, "feedback-board", privileges, table, (role,))
