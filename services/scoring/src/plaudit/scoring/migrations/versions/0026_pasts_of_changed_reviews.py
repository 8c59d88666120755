"""The ledger says what a review may have been when it changed, so that an index bounds what the change did."""

from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    "ALTER TABLE scoring.ledger NO FORCE ROW LEVEL SECURITY",
    """
ALTER TABLE scoring.ledger ADD COLUMN lowest smallint, ADD COLUMN highest smallint,
    ADD COLUMN newest_before timestamptz, ADD COLUMN first_shown_at timestamptz
""",
    "COMMENT ON COLUMN scoring.ledger.lowest IS 'lowest rating of the review until then, down; null: it was new'",
    "COMMENT ON COLUMN scoring.ledger.highest IS 'highest rating of the review until then, rounded up'",
    "COMMENT ON COLUMN scoring.ledger.newest_before IS 'when the newest rating before the change was given'",
    "COMMENT ON COLUMN scoring.ledger.first_shown_at IS 'when its first state was shown; null: that is not here'",
    "DROP INDEX scoring.ledger_changed_again",
    # What a change took away was before it; what it brought is the last of all.
    """
UPDATE scoring.ledger SET lowest = told.low, highest = told.high, newest_before = told.newest_at,
    first_shown_at = told.first_shown_at
FROM (
    SELECT partition, epoch, sequence, sign, floor(min(rating) OVER until_it) AS low,
        ceil(max(rating) OVER until_it) AS high,
        greatest(max(rated_at) OVER before_it, max(CASE WHEN sign < 0 THEN rated_at END) OVER until_it) AS newest_at,
        first_value(CASE WHEN sign > 0 THEN greatest(valid_at, known_at) END) OVER in_order AS first_shown_at
    FROM scoring.ledger
    WHERE review_id IN (SELECT review_id FROM scoring.ledger WHERE happened BETWEEN 1 AND 5)
    WINDOW
        until_it AS (PARTITION BY review_id ORDER BY epoch, sequence RANGE UNBOUNDED PRECEDING),
        before_it AS (PARTITION BY review_id ORDER BY epoch, sequence
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP),
        in_order AS (PARTITION BY review_id ORDER BY epoch, sequence, sign)
) AS told
WHERE ledger.partition = told.partition AND ledger.epoch = told.epoch AND ledger.sequence = told.sequence
    AND ledger.sign = told.sign AND ledger.happened BETWEEN 1 AND 5
""",
    "ALTER TABLE scoring.ledger FORCE ROW LEVEL SECURITY",
    # Of a change below one subject its new state alone is here. The condition is as PostgreSQL tells it, so that a
    # refill makes the same index.
    """
CREATE INDEX ledger_changed_again ON scoring.ledger (tenant_id, lowest, highest, known_at)
INCLUDE (subject, sign, review_id, source_id, traits, rating, rated_at, valid_at, happened, other_star, other_subject,
    newest_before, first_shown_at)
WHERE happened >= 1 AND happened <= 5 AND (sign > 0 OR other_star IS NULL OR other_subject IS NOT NULL)
""",
)
