"""Every SQL statement of a repair."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.scoring.repairs.domain import FIRST_ID, LEASE, GroupPlace, RepairProgress, Stage, Standing

GROUPS: Final = ("scoring-insight", "scoring-answers")

_BEGIN = "INSERT INTO repairs (id, run_id, seen_at) VALUES (1, $1, now()) ON CONFLICT DO NOTHING RETURNING true"
_BEGIN_TENANTS = f"""
INSERT INTO repair_tenants (tenant_id, stage, noted, after, revisions, refused, gone, damaged)
SELECT unnest($1::text[]), {Stage.NOTING:d}, '{FIRST_ID}', NULL, 0, 0, 0, 0
"""
_KEEP = """
UPDATE repairs SET run_id = $1, seen_at = now() WHERE run_id = $1 OR seen_at < now() - $2::interval RETURNING true
"""
_RELEASE = "UPDATE repairs SET seen_at = '-infinity' WHERE run_id = $1"
_DISCARD = "DELETE FROM repairs WHERE seen_at < now() - $1::interval RETURNING true"
_SECONDS_SINCE = """
SELECT CASE WHEN isfinite(seen_at) THEN date_part('epoch', now() - seen_at) END FROM repairs
"""
_STANDINGS = "SELECT tenant_id, stage, after FROM repair_tenants ORDER BY tenant_id"
_NOTED = "SELECT noted FROM repair_tenants WHERE tenant_id = $1"
# Of a review of which insight keeps nothing, there is nothing to take away.
_NOTE = f"""
WITH following AS (
    SELECT review_id FROM (
        (
            SELECT review_id FROM insight_reviews WHERE tenant_id = $1 AND review_id > $2 AND subject IS NOT NULL
            ORDER BY review_id LIMIT $3
        )
        UNION
        (SELECT review_id FROM answer_reviews WHERE tenant_id = $1 AND review_id > $2 ORDER BY review_id LIMIT $3)
    ) AS both_of
    ORDER BY review_id LIMIT $3
),
noted AS (INSERT INTO repair_reviews (tenant_id, review_id) SELECT $1, review_id FROM following)
UPDATE repair_tenants SET noted = coalesce(last.review_id, noted),
    stage = CASE WHEN last.review_id IS NULL THEN {Stage.READING:d} ELSE stage END
FROM (SELECT (SELECT review_id FROM following ORDER BY review_id DESC LIMIT 1)) AS last (review_id)
WHERE tenant_id = $1
RETURNING stage
"""
_PLACES = f"""
SELECT partition, epoch, sequence FROM positions
WHERE topic = '{REVIEWS.name}' AND consumer_group = ANY($1::text[]) AND epoch > 0
"""
_IS_AT = f"""
SELECT EXISTS (
    SELECT FROM repair_tenants
    WHERE tenant_id = $1 AND stage = {Stage.READING:d} AND after IS NOT DISTINCT FROM $2::text
)
"""
_TELL = "DELETE FROM repair_reviews WHERE tenant_id = $1 AND review_id = ANY($2::uuid[])"
_MOVE = f"""
UPDATE repair_tenants SET after = $2::text, revisions = revisions + $3, refused = refused + $4,
    damaged = damaged + $5,
    stage = CASE WHEN $2::text IS NULL THEN {Stage.CLEARING:d} ELSE stage END
WHERE tenant_id = $1
"""
_HAS_DAMAGED = "SELECT damaged > 0 FROM repair_tenants WHERE tenant_id = $1"
_UNTOLD = "SELECT review_id FROM repair_reviews WHERE tenant_id = $1 ORDER BY review_id LIMIT $2"
_CLEARED = f"""
UPDATE repair_tenants SET gone = gone + $2, stage = CASE WHEN $2 = 0 THEN {Stage.DONE:d} ELSE stage END
WHERE tenant_id = $1
"""
_PROGRESS = f"""
SELECT coalesce(sum(revisions), 0)::bigint AS revisions, coalesce(sum(refused), 0)::bigint AS refused,
    coalesce(sum(gone), 0)::bigint AS gone,
    coalesce(sum(damaged), 0)::bigint AS damaged, count(*) FILTER (WHERE stage = {Stage.DONE:d}) AS tenants_done,
    count(*) AS tenants
FROM repair_tenants
"""
# Each step looks up the next tenant in the index, past all reviews of the present one.
_TENANTS = """
WITH RECURSIVE found AS (
    (SELECT tenant_id FROM {table} ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT held.tenant_id FROM {table} AS held WHERE held.tenant_id > found.tenant_id ORDER BY 1 LIMIT 1)
    FROM found WHERE found.tenant_id IS NOT NULL
)
SELECT tenant_id FROM found WHERE tenant_id IS NOT NULL
"""


async def begin(tx: Tx, run_id: UUID, tenants: Collection[str]) -> None:
    """Begin a repair, unless one is under way."""
    if await tx.raw.fetchval(_BEGIN, run_id):
        await tx.raw.execute(_BEGIN_TENANTS, sorted(tenants))


async def exists(tx: Tx) -> bool:
    """Return whether a repair is under way."""
    return bool(await tx.raw.fetchval("SELECT EXISTS (SELECT FROM repairs)"))


async def keep(tx: Tx, run_id: UUID) -> bool:
    """Note that a process works on the repair; return False where it is another's, for so long as its lease says."""
    return bool(await tx.raw.fetchval(_KEEP, run_id, LEASE))


async def release(tx: Tx, run_id: UUID) -> None:
    """Let another process go on at once."""
    await tx.raw.execute(_RELEASE, run_id)


async def discard(owner: Tx) -> bool:
    """Forget a repair that nobody works on; return whether there was one. Only the owner of the tables may."""
    if not await owner.raw.fetchval(_DISCARD, LEASE):
        return False
    await owner.raw.execute("TRUNCATE repair_tenants, repair_reviews")
    return True


async def end(tx: Tx) -> None:
    """Forget a repair that has come to its end."""
    await tx.raw.execute("DELETE FROM repairs")
    await tx.raw.execute("DELETE FROM repair_tenants")


async def seconds_since(tx: Tx) -> float | None:
    """Return for how long no process has taken a step; None where the last one has said that it ended."""
    found: float | None = await tx.raw.fetchval(_SECONDS_SINCE)
    return found


async def standings(tx: Tx) -> list[Standing]:
    """Return how far each tenant is."""
    return [msgspec.convert(dict(row), Standing) for row in await tx.raw.fetch(_STANDINGS)]


async def note_some(tx: Tx, tenant_id: str, limit: int) -> bool:
    """Note which reviews are kept, so many; return False, and go on to the next stage, where none is left."""
    noted = await tx.raw.fetchval(_NOTED, tenant_id)
    stage = await tx.raw.fetchval(_NOTE, tenant_id, noted, limit)
    return bool(stage == Stage.NOTING)


async def places(tx: Tx) -> list[GroupPlace]:
    """Return up to where both groups have applied each partition, as far as their places tell a number."""
    return [GroupPlace(*row) for row in await tx.raw.fetch(_PLACES, GROUPS)]


async def is_at(tx: Tx, tenant_id: str, after: str | None) -> bool:
    """Return whether the page behind this place is the next one of a tenant."""
    return bool(await tx.raw.fetchval(_IS_AT, tenant_id, after))


async def tell(tx: Tx, tenant_id: str, review_ids: Collection[UUID]) -> None:
    """Note that the feed tells of reviews."""
    await tx.raw.execute(_TELL, tenant_id, sorted(review_ids))


async def move(tx: Tx, tenant_id: str, after: str | None, revisions: int, refused: int, damaged: int) -> None:
    """Note up to where the feed of a tenant is read; None: to its end."""
    await tx.raw.execute(_MOVE, tenant_id, after, revisions, refused, damaged)


async def has_damaged(tx: Tx, tenant_id: str) -> bool:
    """Return whether anything that is kept of a tenant's reviews was damaged."""
    return bool(await tx.raw.fetchval(_HAS_DAMAGED, tenant_id))


async def untold(tx: Tx, tenant_id: str, limit: int) -> list[UUID]:
    """Return reviews that are kept and that the feed does not tell of."""
    return [row["review_id"] for row in await tx.raw.fetch(_UNTOLD, tenant_id, limit)]


async def cleared(tx: Tx, tenant_id: str, gone: int) -> None:
    """Note that so many reviews were taken away; where none was, that the tenant is done."""
    await tx.raw.execute(_CLEARED, tenant_id, gone)


async def progress(tx: Tx) -> RepairProgress:
    """Return how far the repair has come."""
    return msgspec.convert(dict(await tx.raw.fetchrow(_PROGRESS) or {}), RepairProgress)


async def kept_tenants(tx: Tx) -> list[str]:
    """Return the tenants of whose reviews insight or answers keep anything."""
    found = set()
    for table in ("insight_reviews", "answer_reviews"):
        found |= {row["tenant_id"] for row in await tx.raw.fetch(_TENANTS.format(table=table))}
    return sorted(found)
