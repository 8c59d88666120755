"""Which ratings a review had, and what a change after its answer is counted from."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    # Row level security is forced on the owner too, who would see no row to change.
    op.execute("ALTER TABLE alerting.reviews NO FORCE ROW LEVEL SECURITY")
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute("ALTER TABLE alerting.reviews FORCE ROW LEVEL SECURITY")


# Of reviews from before only the newest rating is known: where it came after the answer, what it was then is not.
STATEMENTS = (
    """
ALTER TABLE alerting.reviews
    ADD COLUMN ratings double precision[],
    ADD COLUMN rated_ats timestamptz[],
    ADD COLUMN first_answered_at timestamptz,
    ADD COLUMN base_rating double precision,
    ADD COLUMN base_rated_at timestamptz
""",
    """
UPDATE alerting.reviews SET ratings = ARRAY[rating], rated_ats = ARRAY[rated_at], first_answered_at = answered_at,
    base_rating = CASE WHEN rated_at <= answered_at OR answered_at IS NULL AND rating < 2.5 THEN rating END,
    base_rated_at = CASE WHEN rated_at <= answered_at OR answered_at IS NULL AND rating < 2.5 THEN rated_at END
""",
    """
ALTER TABLE alerting.reviews ALTER COLUMN ratings SET NOT NULL, ALTER COLUMN rated_ats SET NOT NULL,
    ADD CONSTRAINT reviews_ratings_check CHECK (cardinality(ratings) = cardinality(rated_ats))
""",
    "COMMENT ON COLUMN alerting.reviews.rated_ats IS 'since when each of the ratings stood'",
    """
COMMENT ON COLUMN alerting.reviews.base_rating IS
    'the rating when the answer was published; without an answer, the first one of one or two stars'
""",
)
