"""The library of guidelines, and the last published answers that drafts are compared with."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0010"
down_revision = "0009"

SERVICE = "alerting"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("guidelines", "published_answers"):
        protect_tenant_rows(op.execute, SERVICE, table)
        grant(op.execute, SERVICE, "SELECT", table, (Role.API, Role.WORKER))
    # A revision is never changed: nobody may.
    grant(op.execute, SERVICE, "INSERT", "guidelines", (Role.API,))
    grant(op.execute, SERVICE, "INSERT, UPDATE, DELETE", "published_answers", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE alerting.guidelines (
    tenant_id text NOT NULL COLLATE "C",
    id uuid NOT NULL,
    number int NOT NULL CHECK (number >= 1),
    language text NOT NULL,
    topic text,
    severity text CHECK (severity IN ('normal', 'negative', 'drastic')),
    stance text NOT NULL,
    points text[] NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    restored_from int,
    is_withdrawn boolean NOT NULL,
    PRIMARY KEY (tenant_id, id, number)
)
""",
    "COMMENT ON TABLE alerting.guidelines IS 'revisions; of each guideline the one with the highest number counts'",
    """
CREATE TABLE alerting.published_answers (
    tenant_id text NOT NULL COLLATE "C",
    review_id text NOT NULL COLLATE "C",
    revision bigint NOT NULL,
    subject text NOT NULL COLLATE "C",
    published_at timestamptz NOT NULL,
    excerpt text NOT NULL,
    trigrams bytea NOT NULL,
    body_digest bigint NOT NULL,
    text_digest bigint NOT NULL,
    words bytea NOT NULL,
    review_words bytea NOT NULL,
    similarity double precision,
    repeats int NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    """
COMMENT ON COLUMN alerting.published_answers.trigrams IS
    'of the answer without names, numbers, greeting and sign-off: sorted 32-bit numbers; empty if it is too short'
""",
    """
CREATE INDEX published_answers_by_time ON alerting.published_answers (tenant_id, published_at DESC, review_id DESC)
""",
)
