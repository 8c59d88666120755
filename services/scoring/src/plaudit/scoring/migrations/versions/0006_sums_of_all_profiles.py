"""Sums of all kinds, for three profiles, by traits; the ledger says when an entry took effect, and is read by subject.

The sums are made anew from the ledger. The group `scoring-live` goes on where `scoring-history` stands, with the
records that this one has set aside: so every record is in the sums exactly if it is in the ledger.
"""

from alembic import op

from plaudit.common.db import Role
from plaudit.common.db.roles import grant, protect_tenant_rows

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    protect_tenant_rows(op.execute, "scoring", "sums")
    grant(op.execute, "scoring", "SELECT", "sums", (Role.API,))
    grant(op.execute, "scoring", "SELECT, INSERT, UPDATE, DELETE", "sums", (Role.WORKER,))


_HALF_LIVES = {"trust": 182.5, "recent": 30}
_BLOCK_US = 64 * 30 * 86_400_000_000
_TRUST_US = 15_768_000_000_000
_RECENT_US = 2_592_000_000_000
_SUMS = ("a", "b2", "w1", "w2", "w3", "w4", "w5")


def _sums(name: str) -> str:
    weight = f"{name}_w"
    stars = ", ".join(f"coalesce(sum(sign * {weight}) FILTER (WHERE star = {star}), 0)" for star in range(1, 6))
    return f"sum(sign * rating * {weight}), sum(sign * {weight} * {weight}), {stars}"


STATEMENTS = (
    "DROP TABLE scoring.unscored_subjects",
    "DROP TABLE scoring.sums",
    f"""
CREATE TABLE scoring.sums (
    tenant_id text NOT NULL COLLATE "C",
    prefix text NOT NULL COLLATE "C",
    source_id uuid NOT NULL,
    traits smallint NOT NULL,
    partition smallint NOT NULL,
    block int NOT NULL,
    {", ".join(f"n{star} bigint NOT NULL" for star in range(1, 6))},
    total float8 NOT NULL,
    newest_us bigint NOT NULL,
    {", ".join(f"{name}_{column} float8 NOT NULL" for name in _HALF_LIVES for column in _SUMS)},
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    PRIMARY KEY (tenant_id, prefix, source_id, traits, partition, block)
) WITH (fillfactor = 70)
""",
    """
COMMENT ON TABLE scoring.sums IS
    'counts and decayed sums; one partition''s row may be negative, only the sum over a prefix has a meaning'
""",
    "COMMENT ON COLUMN scoring.sums.traits IS 'kind, origin and verification in one number'",
    "COMMENT ON COLUMN scoring.sums.block IS 'index of the 1,920 days after 1970 that its reviews were rated in'",
    "COMMENT ON COLUMN scoring.sums.newest_us IS 'when the newest review that ever counted was rated'",
    "ALTER TABLE scoring.ledger NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE scoring.ledger ADD COLUMN traits smallint, ADD COLUMN valid_at timestamptz",
    """
UPDATE scoring.ledger SET
    traits = (array_position(ARRAY['stars', 'thumbs', 'nps', 'csat', 'ces'], kind) - 1) * 6
        + (array_position(ARRAY['organic', 'invited', 'incentivised'], origin) - 1) * 2 + verified::int,
    valid_at = known_at
""",
    # A review counts from when its rating was given, all else from when it was known; nothing before what preceded it.
    """
WITH told AS (
    SELECT review_id, partition, epoch, sequence, min(revision) AS revision, max(known_at) AS known_at,
        max(rated_at) FILTER (WHERE sign = 1) AS after, max(rated_at) FILTER (WHERE sign = -1) AS before,
        max(rated_at) AS newest
    FROM scoring.ledger GROUP BY review_id, partition, epoch, sequence
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY review_id ORDER BY epoch, sequence) AS number FROM told
), valid AS (
    SELECT partition, epoch, sequence, max(greatest(newest, CASE
        WHEN after IS NULL THEN known_at
        WHEN before IS NULL AND number = 1 OR after > before THEN after
        ELSE known_at
    END)) OVER (PARTITION BY review_id ORDER BY number) AS valid_at
    FROM placed
)
UPDATE scoring.ledger SET valid_at = valid.valid_at FROM valid
WHERE ledger.partition = valid.partition AND ledger.epoch = valid.epoch AND ledger.sequence = valid.sequence
""",
    """
ALTER TABLE scoring.ledger ALTER COLUMN traits SET NOT NULL, ALTER COLUMN valid_at SET NOT NULL,
    DROP COLUMN kind, DROP COLUMN verified, DROP COLUMN origin
""",
    "COMMENT ON COLUMN scoring.ledger.traits IS 'kind, origin and verification in one number'",
    "COMMENT ON COLUMN scoring.ledger.valid_at IS 'when the change took effect where the review stands'",
    "CREATE INDEX ledger_by_subject ON scoring.ledger (tenant_id, subject, valid_at)",
    "CREATE INDEX ledger_by_review ON scoring.ledger (review_id, valid_at)",
    f"""
INSERT INTO scoring.sums
SELECT tenant_id, prefix, source_id, traits, partition, block,
    {", ".join(f"coalesce(sum(sign) FILTER (WHERE star = {star}), 0)" for star in range(1, 6))},
    sum(sign * rating), max(rated_us), {_sums("trust")}, {_sums("recent")}
FROM (
    SELECT *,
        power(2::float8, (rated_us - {64 * _TRUST_US}
            * floor(block * {_BLOCK_US}::numeric / {64 * _TRUST_US})::bigint)::float8 / {_TRUST_US}) AS trust_w,
        power(2::float8, (rated_us - block * {_BLOCK_US})::float8 / {_RECENT_US}) AS recent_w
    FROM (
        SELECT *, floor(rated_us / {_BLOCK_US}::float8)::bigint AS block, floor(rating + 0.5)::int AS star
        FROM (
            SELECT tenant_id, array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, source_id, traits, partition,
                sign, rating, round(date_part('epoch', rated_at) * 1e6)::bigint AS rated_us
            FROM scoring.ledger, string_to_array(subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth
        ) AS entries
    ) AS blocked
) AS weighed
GROUP BY tenant_id, prefix, source_id, traits, partition, block
""",
    "ALTER TABLE scoring.ledger FORCE ROW LEVEL SECURITY",
    "DELETE FROM scoring.positions WHERE consumer_group = 'scoring-live'",
    """
INSERT INTO scoring.positions (consumer_group, topic, partition, topic_id, next_offset, epoch, sequence, parked)
SELECT 'scoring-live', topic, partition, topic_id, next_offset, epoch, sequence, parked
FROM scoring.positions WHERE consumer_group = 'scoring-history'
""",
    "DELETE FROM scoring.dead_letters WHERE consumer_group = 'scoring-live'",
    """
INSERT INTO scoring.dead_letters (id, consumer_group, topic, partition, record_offset, epoch, sequence, record_key,
    headers, value, order_keys, reason, error, tries, state, created_at)
SELECT gen_random_uuid(), 'scoring-live', topic, partition, record_offset, epoch, sequence, record_key,
    headers, value, order_keys, reason, error, tries, state, created_at
FROM scoring.dead_letters WHERE consumer_group = 'scoring-history'
""",
)
