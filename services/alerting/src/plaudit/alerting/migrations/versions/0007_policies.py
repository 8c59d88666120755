"""Policies as revisions of documents, which of them are in force, and a row for each review without its words."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0007"
down_revision = "0006"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("policy_revisions", "policy_activations", "reviews"):
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, (Role.API, Role.WORKER))
    # A revision and an activation are never changed: nobody may.
    grant(op.execute, SERVICE, "INSERT", "policy_revisions", (Role.API,))
    grant(op.execute, SERVICE, "INSERT", "policy_activations", (Role.API,))
    grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", "reviews", (Role.WORKER,))


# The two built-in policies of before are classes of the shipped document, with the same times: the code knows them by
# these names, so clocks that run keep their due times, and their logs stay as they were written.
STATEMENTS = (
    """
CREATE TABLE alerting.policy_revisions (
    tenant_id text NOT NULL COLLATE "C",
    policy_id text NOT NULL COLLATE "C",
    number int NOT NULL CHECK (number >= 1),
    title text NOT NULL,
    format text NOT NULL CHECK (format IN ('yaml', 'json')),
    document text NOT NULL,
    compiled text NOT NULL,
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL,
    PRIMARY KEY (tenant_id, policy_id, number)
)
""",
    """
COMMENT ON COLUMN alerting.policy_revisions.compiled IS
    'the classes as JSON, as they were read when it was saved: clocks are pinned to these'
""",
    """
CREATE TABLE alerting.policy_activations (
    tenant_id text NOT NULL COLLATE "C",
    id bigint GENERATED ALWAYS AS IDENTITY,
    policy_id text NOT NULL COLLATE "C",
    number int NOT NULL,
    activated_at timestamptz NOT NULL,
    activated_by text NOT NULL,
    PRIMARY KEY (tenant_id, id)
)
""",
    """
COMMENT ON TABLE alerting.policy_activations IS
    'who put which revision into force, and when; the last one of a tenant is in force'
""",
    """
CREATE TABLE alerting.reviews (
    tenant_id text NOT NULL COLLATE "C",
    id text NOT NULL COLLATE "C",
    revision bigint NOT NULL,
    subject text NOT NULL COLLATE "C",
    source_id text NOT NULL COLLATE "C",
    source_name text NOT NULL,
    source_created_at timestamptz NOT NULL,
    platform text NOT NULL,
    kind text NOT NULL,
    rating double precision NOT NULL,
    severity text NOT NULL,
    personas text[] NOT NULL,
    topics text[] NOT NULL,
    language text,
    verified boolean NOT NULL,
    origin text NOT NULL,
    published_at timestamptz NOT NULL,
    rated_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    answered_at timestamptz,
    resolved_at timestamptz,
    removed_at timestamptz,
    is_backfill boolean NOT NULL,
    answers text NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85)
""",
    "COMMENT ON TABLE alerting.reviews IS 'for previews, coverage and reports: no words of a review, and no author'",
    "CREATE INDEX reviews_by_time ON alerting.reviews (tenant_id, published_at DESC, id)",
    "CREATE INDEX reviews_by_subject ON alerting.reviews (tenant_id, subject, published_at)",
)
