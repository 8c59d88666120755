"""What reviews of a day say is counted once with all of their topics, not once for each of them and once for all.

A review of four topics wrote ten rows in place of two. The days are counted anew from what is kept of each review.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0025"
down_revision = "0024"

_TOPICS = (
    *("price_fees", "billing_refund", "cancel_contract", "support_contact", "staff_attitude", "speed_waiting"),
    *("delivery", "quality_defect", "app_website", "account_identity", "choice_availability", "clean_safe"),
    *("honesty_terms", "decision_denied", "ads_privacy"),
)
_LISTED = ", ".join(f"'{topic}'" for topic in _TOPICS)
_COUNTS = {
    "low": "polarity = -1",
    "middle": "polarity = 0",
    "high": "polarity = 1",
    "low_with_terms": "polarity = -1 AND stems <> ''",
    "high_with_terms": "polarity = 1 AND stems <> ''",
    "drastic": "polarity = -1 AND is_drastic",
    "questions": "polarity = -1 AND is_question",
    "solved": "polarity = -1 AND is_solved",
    "eased": "polarity = -1 AND ease IS NOT NULL",
}
_SUMS = {"ease_sum": "ease", "ease_squares": "ease * ease"}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "insight_days")
    grant(op.execute, "scoring", "SELECT", "insight_days", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", "insight_days", (Role.WORKER,))


STATEMENTS = (
    "DROP TABLE scoring.insight_days",
    f"""
CREATE TABLE scoring.insight_days (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    persona text NOT NULL COLLATE "C",
    day date NOT NULL,
    topics int NOT NULL,
    source_id uuid NOT NULL,
    {", ".join(f"{name} bigint NOT NULL" for name in (*_COUNTS, *_SUMS))},
    PRIMARY KEY (tenant_id, prefix, persona, day, topics, source_id)
) WITH (fillfactor = 80)
""",
    """
COMMENT ON TABLE scoring.insight_days IS
    'reviews of a day by all of their topics and by persona; the empty persona stands for all'
""",
    "COMMENT ON COLUMN scoring.insight_days.topics IS 'a bit for each'",
    "ALTER TABLE scoring.insight_reviews NO FORCE ROW LEVEL SECURITY",
    f"""
INSERT INTO scoring.insight_days
SELECT tenant_id, prefix, persona, day, coalesce(topics_in_one, 0), source_id,
    {", ".join(f"count(*) FILTER (WHERE {which})" for which in _COUNTS.values())},
    {", ".join(f"coalesce(sum({what}) FILTER (WHERE polarity = -1), 0)" for what in _SUMS.values())}
FROM scoring.insight_reviews
CROSS JOIN LATERAL (
    SELECT array_to_string((string_to_array(subject, '/'))[1\\:depth], '/') AS prefix
    FROM generate_series(1, cardinality(string_to_array(subject, '/'))) AS depth
) AS prefixes
CROSS JOIN LATERAL (
    SELECT '' AS persona UNION ALL SELECT unnest(string_to_array(nullif(personas, ''), ' '))
) AS by_persona
CROSS JOIN LATERAL (
    SELECT bit_or(1 << (array_position(ARRAY[{_LISTED}], topic) - 1)) AS topics_in_one
    FROM unnest(string_to_array(nullif(topics, ''), ' ')) AS topic
) AS of_topics
WHERE subject IS NOT NULL
GROUP BY 1, 2, 3, 4, 5, 6
""",
    "ALTER TABLE scoring.insight_reviews FORCE ROW LEVEL SECURITY",
)
