"""What insight and answers derive from what they keep of each review is compared with it every night."""

from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


STATEMENTS = (
    """
ALTER TABLE scoring.reconciliations ADD COLUMN derived bigint NOT NULL DEFAULT 0,
    ADD COLUMN remade bigint NOT NULL DEFAULT 0, ADD COLUMN walk text, ADD COLUMN walk_after text
""",
    """
COMMENT ON COLUMN scoring.reconciliations.derived IS
    'rows of insight and answers that were compared with what is kept of each review'
""",
    "COMMENT ON COLUMN scoring.reconciliations.remade IS 'those that were wrong or missing, and were made anew'",
    """
COMMENT ON COLUMN scoring.reconciliations.walk IS
    'the table that is walked along, when all subjects are compared; null before'
""",
    "COMMENT ON COLUMN scoring.reconciliations.walk_after IS 'the key of the last row there, in JSON'",
    # Days that clients can read: one who writes others by hand is refused.
    *(
        f"ALTER TABLE scoring.{table} ADD CONSTRAINT {table}_day CHECK (day BETWEEN '0001-01-01' AND '9999-12-31')"
        for table in ("insight_reviews", "insight_places", "insight_days")
    ),
    # Counts of days are compared with the reviews of one subject after the other.
    """
CREATE INDEX insight_reviews_by_subject ON scoring.insight_reviews (tenant_id, subject) WHERE subject IS NOT NULL
""",
)
