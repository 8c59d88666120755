"""The ledger says what happened and what was talked about; sums of changes by day; the names of sources."""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.database import role_name
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    worker = role_name("scoring", Role.WORKER)
    # Topics are told by what a person wrote. Nothing else of the ledger may be changed.
    op.execute(f"GRANT UPDATE (topics) ON scoring.ledger TO {worker}")
    for table in ("moves", "summed_prefixes", "changed_days", "sources"):
        protect_tenant_rows(op.execute, "scoring", table)
        grant(op.execute, "scoring", "SELECT", table, (Role.API,))
        grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", table, (Role.WORKER,))


_SUMS = ("changes", "total", "n", "trust_a", "trust_b", "recent_a", "recent_b")

STATEMENTS = (
    "ALTER TABLE scoring.ledger NO FORCE ROW LEVEL SECURITY",
    """
ALTER TABLE scoring.ledger ADD COLUMN happened smallint NOT NULL DEFAULT 0, ADD COLUMN topics int,
    ADD COLUMN other_star smallint, ADD COLUMN other_traits smallint, ADD COLUMN other_subject text COLLATE "C"
""",
    "COMMENT ON COLUMN scoring.ledger.happened IS 'what became of the review, by its number in history/domain.py'",
    "COMMENT ON COLUMN scoring.ledger.topics IS 'a bit for each; null: not sorted, -1: the review was erased'",
    "COMMENT ON COLUMN scoring.ledger.other_star IS 'of the other state of a review that is still there'",
    "COMMENT ON COLUMN scoring.ledger.other_subject IS 'of the other state, where it is another subject'",
    # An erasure was not told apart from a removal, and no topic was kept.
    """
UPDATE scoring.ledger SET happened = told.happened, other_star = told.star, other_traits = told.traits,
    other_subject = nullif(told.subject, ledger.subject)
FROM (
    SELECT one.partition, one.epoch, one.sequence, one.sign, other.traits, other.subject,
        floor(other.rating + 0.5)::smallint AS star,
        CASE
            WHEN other.sign IS NULL AND one.sign < 0 THEN 3
            WHEN other.sign IS NULL AND one.number > 1 THEN 4
            WHEN other.sign IS NULL AND one.known_at - one.rated_at > interval '1 day' THEN 6
            WHEN other.sign IS NULL THEN 0
            WHEN other.subject <> one.subject AND (other.source_id, other.traits, other.rating, other.rated_at)
                = (one.source_id, one.traits, one.rating, one.rated_at) THEN 2
            ELSE 1
        END AS happened
    FROM (
        SELECT *, row_number() OVER (PARTITION BY review_id ORDER BY epoch, sequence, sign) AS number
        FROM scoring.ledger
    ) AS one
    LEFT JOIN scoring.ledger AS other ON other.partition = one.partition AND other.epoch = one.epoch
        AND other.sequence = one.sequence AND other.sign = -one.sign
) AS told
WHERE ledger.partition = told.partition AND ledger.epoch = told.epoch AND ledger.sequence = told.sequence
    AND ledger.sign = told.sign AND told.happened <> 0
""",
    "ALTER TABLE scoring.ledger FORCE ROW LEVEL SECURITY",
    """
CREATE INDEX ledger_changed_again ON scoring.ledger (tenant_id, known_at) INCLUDE (subject, epoch, sequence, sign,
    review_id, source_id, traits, rating, rated_at, valid_at, happened, other_subject)
WHERE happened BETWEEN 1 AND 5
""",
    "CREATE INDEX ledger_early ON scoring.ledger (tenant_id, valid_at) WHERE valid_at > known_at",
    f"""
CREATE TABLE scoring.moves (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    grain smallint NOT NULL,
    span int NOT NULL,
    source_id uuid NOT NULL,
    happened smallint NOT NULL,
    traits smallint NOT NULL,
    other_traits smallint NOT NULL,
    star smallint NOT NULL,
    other_star smallint NOT NULL,
    sign smallint NOT NULL,
    topic smallint NOT NULL,
    newest_us bigint NOT NULL,
    {", ".join(f"{name} float8 NOT NULL" for name in _SUMS)},
    PRIMARY KEY (tenant_id, prefix, grain, span, source_id, happened, traits, other_traits, star, other_star, sign,
        topic)
)
""",
    "COMMENT ON TABLE scoring.moves IS 'sums of what became of a large subject''s reviews, by the days it was shown'",
    "COMMENT ON COLUMN scoring.moves.grain IS '0: a day, 1: 8 days, 2: 64 days; all counted from 1970'",
    "COMMENT ON COLUMN scoring.moves.topic IS '-1: by what happened, all topics; else by topic, all that happened'",
    "COMMENT ON COLUMN scoring.moves.trust_b IS 'weights as they were at the first instant of the 64 days'",
    """
CREATE TABLE scoring.summed_prefixes (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    next_day int NOT NULL,
    PRIMARY KEY (tenant_id, prefix)
)
""",
    "COMMENT ON COLUMN scoring.summed_prefixes.next_day IS 'all that was shown before this day since 1970 is summed'",
    """
CREATE TABLE scoring.changed_days (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id text NOT NULL COLLATE "C",
    day int NOT NULL
)
""",
    "COMMENT ON TABLE scoring.changed_days IS 'past days since 1970 of which the ledger has learned more since'",
    "CREATE INDEX changed_days_by_tenant ON scoring.changed_days (tenant_id, day)",
    """
CREATE TABLE scoring.sources (
    tenant_id text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    name text NOT NULL,
    platform text NOT NULL,
    told_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source_id)
)
""",
    "COMMENT ON TABLE scoring.sources IS 'names of a tenant''s accounts on platforms, as reviews told them last'",
)
