"""Insight: reviews with their terms, where each is found, and counts of days."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in ("insight_reviews", "insight_places", "insight_days"):
        protect_tenant_rows(op.execute, "scoring", table)
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", "insight_reviews", (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT, INSERT, DELETE", "insight_places", (Role.WORKER,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", "insight_days", (Role.WORKER,))


STATEMENTS = (
    """
CREATE TABLE scoring.insight_reviews (
    tenant_id text NOT NULL COLLATE "C",
    review_id uuid NOT NULL,
    revision int NOT NULL,
    subject text COLLATE "C",
    source_id uuid,
    day date,
    polarity smallint CHECK (polarity IN (-1, 0, 1)),
    topics text,
    personas text,
    is_drastic boolean,
    is_question boolean,
    is_solved boolean,
    ease smallint,
    writer bigint,
    same_text bigint,
    stems text COLLATE "C",
    surfaces text,
    words text,
    PRIMARY KEY (tenant_id, review_id)
)
""",
    """
COMMENT ON TABLE scoring.insight_reviews IS
    'what is kept of a review at its newest revision; of one that is removed or erased, the revision alone'
""",
    """
CREATE TABLE scoring.insight_places (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    persona text NOT NULL COLLATE "C",
    polarity smallint NOT NULL,
    day date NOT NULL,
    draw int NOT NULL,
    review_id uuid NOT NULL,
    source_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, prefix, persona, polarity, day, draw, review_id) INCLUDE (source_id)
)
""",
    """
COMMENT ON COLUMN scoring.insight_places.draw IS
    'a number made of the review''s id: those below a bound are a sample, the same one at every reading'
""",
    """
CREATE TABLE scoring.insight_days (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    persona text NOT NULL COLLATE "C",
    day date NOT NULL,
    topic text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    low bigint NOT NULL,
    middle bigint NOT NULL,
    high bigint NOT NULL,
    low_with_terms bigint NOT NULL,
    high_with_terms bigint NOT NULL,
    drastic bigint NOT NULL,
    questions bigint NOT NULL,
    solved bigint NOT NULL,
    eased bigint NOT NULL,
    ease_sum bigint NOT NULL,
    ease_squares bigint NOT NULL,
    PRIMARY KEY (tenant_id, prefix, persona, day, topic, source_id)
) WITH (fillfactor = 80)
""",
    """
COMMENT ON TABLE scoring.insight_days IS
    'reviews of a day by topic and persona; the empty topic and persona stand for all'
""",
)
