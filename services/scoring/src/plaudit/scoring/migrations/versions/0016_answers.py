"""Answers: what became of each review, how it stood when, and which sources tell answers."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("answer_reviews", "answer_places", "answer_sources"):
        protect_tenant_rows(op.execute, "scoring", table)
    for table in ("answer_places", "answer_sources", "answer_starts"):
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
    for table in ("answer_reviews", "answer_sources"):
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", table, (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT, INSERT, DELETE", "answer_places", (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT, INSERT", "answer_starts", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.answer_reviews (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    life text NOT NULL,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    """
COMMENT ON COLUMN scoring.answer_reviews.life IS
    'in JSON, revisions that changed what matters to answers: [number, when it took effect, [subject, source id, '
    'published, rating, answered]], times in microseconds since 1970'
""",
    """
CREATE TABLE scoring.answer_places (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    published_us bigint NOT NULL,
    review_id uuid NOT NULL,
    from_us bigint NOT NULL,
    until_us bigint NOT NULL,
    source_id uuid NOT NULL,
    answered_us bigint,
    is_raised boolean,
    PRIMARY KEY (tenant_id, prefix, published_us, review_id, from_us)
        INCLUDE (until_us, source_id, answered_us, is_raised)
)
""",
    "COMMENT ON TABLE scoring.answer_places IS 'how a review stood from an instant until another, by prefix'",
    """
COMMENT ON COLUMN scoring.answer_places.is_raised IS
    'whether its rating is higher than when it was answered; null where it has no answer, or was not negative then'
""",
    """
CREATE TABLE scoring.answer_sources (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    told_us bigint,
    untold_us bigint,
    PRIMARY KEY (tenant_id, source_id)
) WITH (fillfactor = 50)
""",
    """
COMMENT ON TABLE scoring.answer_sources IS
    'the newest change that said that answers are told at a source, and the newest that said that they are not'
""",
    """
CREATE TABLE scoring.answer_starts (
    partition smallint PRIMARY KEY,
    epoch bigint NOT NULL,
    sequence bigint NOT NULL,
    known_us bigint NOT NULL
)
""",
    "COMMENT ON TABLE scoring.answer_starts IS 'the first record of each partition that was applied'",
)
