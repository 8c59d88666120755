"""What reviews of a day say is counted in one row, whatever topics they mention, not in one for each topic and for all.

A review of four topics wrote ten rows in place of two. The days are counted anew from what is kept of each review. A
subject all of whose reviews are gone stays known by a row that counts nothing.
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
    "low": "(polarity = -1)::int",
    "middle": "(polarity = 0)::int",
    "high": "(polarity = 1)::int",
    "low_with_terms": "(polarity = -1 AND stems <> '')::int",
    "high_with_terms": "(polarity = 1 AND stems <> '')::int",
    "drastic": "(polarity = -1 AND is_drastic)::int",
    "questions": "(polarity = -1 AND is_question)::int",
    "solved": "(polarity = -1 AND is_solved)::int",
    "eased": "(polarity = -1 AND ease IS NOT NULL)::int",
    "ease_sum": "CASE WHEN polarity = -1 THEN coalesce(ease, 0) ELSE 0 END",
    "ease_squares": "CASE WHEN polarity = -1 THEN coalesce(ease * ease, 0) ELSE 0 END",
}
_PAIRS = {
    "rated": ("low", "high"),
    "urgent": ("drastic", "questions"),
    "solved": ("solved", "eased"),
    "ease": ("ease_sum", "ease_squares"),
}
_TOPIC_NUMBERS = {f"{topic}_{pair}": (place, pair) for place, topic in enumerate(_TOPICS) for pair in _PAIRS}


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "insight_days")
    grant(op.execute, "scoring", "SELECT", "insight_days", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE", "insight_days", (Role.WORKER,))


STATEMENTS = (
    "ALTER TABLE scoring.insight_days NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE scoring.insight_days RENAME TO insight_days_before",
    "ALTER INDEX scoring.insight_days_pkey RENAME TO insight_days_before_pkey",
    f"""
CREATE TABLE scoring.insight_days (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    persona text NOT NULL COLLATE "C",
    day date NOT NULL,
    source_id uuid NOT NULL,
    {", ".join(f"{name} bigint NOT NULL" for name in _COUNTS)},
    {", ".join(f"{name} bigint" for name in _TOPIC_NUMBERS)},
    PRIMARY KEY (tenant_id, prefix, persona, day, source_id)
) WITH (fillfactor = 80)
""",
    """
COMMENT ON TABLE scoring.insight_days IS
    'reviews of a day by persona, in all and of each topic, which has two counts in a number: '
    'the first + 2^32 * the second; the empty persona stands for all'
""",
    "ALTER TABLE scoring.insight_reviews NO FORCE ROW LEVEL SECURITY",
    f"""
INSERT INTO scoring.insight_days
SELECT tenant_id, prefix, persona, day, source_id, {", ".join(f"sum({name})" for name in _COUNTS)},
    {
        ", ".join(
            f"sum(nullif({pair}_pair, 0)) FILTER (WHERE topics_in_one & {1 << place} <> 0)"
            for place, pair in _TOPIC_NUMBERS.values()
        )
    }
FROM (
    SELECT *, {", ".join(f"{first} + {second} * 4294967296 AS {pair}_pair" for pair, (first, second) in _PAIRS.items())}
    FROM (
        SELECT tenant_id, subject, day, source_id, personas, topics,
            {", ".join(f"{count} AS {name}" for name, count in _COUNTS.items())}
        FROM scoring.insight_reviews WHERE subject IS NOT NULL
    ) AS counted
) AS in_pairs
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
GROUP BY 1, 2, 3, 4, 5
""",
    f"""
INSERT INTO scoring.insight_days
SELECT DISTINCT ON (tenant_id, prefix) tenant_id, prefix, '', day, source_id, {", ".join("0" for _ in _COUNTS)}
FROM scoring.insight_days_before AS before
WHERE NOT EXISTS (
    SELECT FROM scoring.insight_days AS d WHERE d.tenant_id = before.tenant_id AND d.prefix = before.prefix
)
ORDER BY tenant_id, prefix
""",
    "ALTER TABLE scoring.insight_reviews FORCE ROW LEVEL SECURITY",
    "DROP TABLE scoring.insight_days_before",
)
