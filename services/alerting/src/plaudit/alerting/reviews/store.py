"""Every statement about the rows of reviews."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec

from plaudit.alerting.reviews.domain import MAX_COUNTED, SHOWN, History, Review
from plaudit.alerting.reviews.tables import reviews
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

ReviewKey: TypeAlias = tuple[str, str]
"""(tenant, review id)."""
PersonKey: TypeAlias = tuple[str, str]
"""(tenant, person key)."""
_ALL: Final = Columns(reviews)
_SAVE: Final = f"""
INSERT INTO reviews ({_ALL.listed}) VALUES ({_ALL.values()})
ON CONFLICT (tenant_id, id) DO UPDATE SET {_ALL.excluded(keep=("is_backfill",))}
WHERE reviews.revision < excluded.revision
"""
# Each is looked up by itself: joined freely, a plan made while the table was small reads all of it.
_LOAD: Final = f"""
SELECT {_ALL.of("r")}
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, id)
CROSS JOIN LATERAL (SELECT * FROM reviews WHERE tenant_id = k.tenant_id AND id = k.id OFFSET 0) r
"""
_DELETE: Final = "DELETE FROM reviews WHERE tenant_id = $1 AND id = ANY($2::text[])"
_OF_PERSONS: Final = f"""
SELECT {_ALL.of("r")} FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
CROSS JOIN LATERAL (
    SELECT * FROM reviews WHERE tenant_id = k.tenant_id AND person = k.person AND removed_at IS NULL
    ORDER BY published_at DESC, id LIMIT {SHOWN}
) r
"""
_COUNTS_OF_PERSONS: Final = f"""
SELECT k.tenant_id, k.person, counted.* FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
CROSS JOIN LATERAL (
    SELECT count(*) AS reviews, count(answered_at) AS answered FROM (
        SELECT answered_at FROM reviews
        WHERE tenant_id = k.tenant_id AND person = k.person AND removed_at IS NULL LIMIT {MAX_COUNTED}
    ) bounded
) counted
"""
_DROP_PERSON: Final = "UPDATE reviews SET person = NULL WHERE tenant_id = $1 AND person = $2"
_PUBLISHED_SINCE: Final = f"""
SELECT {_ALL.listed} FROM reviews WHERE tenant_id = $1 AND published_at >= $2 ORDER BY published_at DESC, id LIMIT $3
"""
GROUPED: Final[dict[str, str]] = {
    "kind": "kind",
    "rating": "floor(rating + 0.5)",
    "platform": "platform",
    "personas": "personas",
    "topics": "topics",
    "language": "language",
    "verified": "verified",
    "origin": "origin",
}
"""What reviews can be grouped by, beside subject, source and severity; the rating by whole stars."""


async def save(tx: Tx, found: Iterable[Review]) -> None:
    """Store reviews as they stand; one that is known at this or a later revision stays as it is."""
    ordered = sorted(found, key=lambda review: (review.tenant_id, review.id))
    if ordered:
        await tx.raw.executemany(_SAVE, [_ALL.row(review) for review in ordered])


async def delete(tx: Tx, tenant_id: str, review_ids: Collection[str]) -> None:
    """Forget reviews."""
    await tx.raw.execute(_DELETE, tenant_id, sorted(review_ids))


async def load(tx: Tx, keys: Collection[ReviewKey]) -> dict[ReviewKey, Review]:
    """Return those of the reviews that are known."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOAD, [tenant_id for tenant_id, _ in keys], [review for _, review in keys])
    return {(row["tenant_id"], row["id"]): _review(row) for row in rows}


async def histories(tx: Tx, persons: Collection[PersonKey]) -> dict[PersonKey, History]:
    """Return what each of these persons has written that stands now; of whoever has written nothing, nothing."""
    if not persons:
        return {}
    keys = [tenant_id for tenant_id, _ in persons], [person for _, person in persons]
    last: defaultdict[PersonKey, list[Review]] = defaultdict(list)
    for row in await tx.raw.fetch(_OF_PERSONS, *keys):
        last[row["tenant_id"], row["person"]].append(_review(row))
    counts = await tx.raw.fetch(_COUNTS_OF_PERSONS, *keys)
    return {
        (row["tenant_id"], row["person"]): History(
            row["reviews"], row["answered"], tuple(last[row["tenant_id"], row["person"]])
        )
        for row in counts
        if row["reviews"]
    }


async def drop_person(tx: Tx, tenant_id: str, person: str) -> None:
    """Forget who wrote the reviews of a person."""
    await tx.raw.execute(_DROP_PERSON, tenant_id, person)


async def published_since(tx: Tx, tenant_id: str, since: datetime, limit: int) -> list[Review]:
    """Return the reviews that were published since then, also those that are removed now; the latest first."""
    rows = await tx.raw.fetch(_PUBLISHED_SINCE, tenant_id, since, limit)
    return [_review(row) for row in rows]


async def grouped(tx: Tx, tenant_id: str, since: datetime, by: Collection[str], limit: int) -> Sequence[Any]:
    """Return how many reviews were published since then, of each subject, source, severity and of what else is named.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        since: only those that stand now and were published then or later.
        by: names in `GROUPED`. What is not named is null in every row.
        limit: at most so many rows, those with the most reviews.
    """
    columns = ", ".join(f"{expression if name in by else 'NULL'} AS {name}" for name, expression in GROUPED.items())
    named = ", ".join(["subject", "source_id", "severity", *(GROUPED[name] for name in GROUPED if name in by)])
    statement = f"""
    SELECT subject, source_id, severity, {columns},
        count(*) AS reviews, max(published_at) AS last_published_at, max(source_name) AS source_name
    FROM reviews WHERE tenant_id = $1 AND published_at >= $2 AND removed_at IS NULL
    GROUP BY {named} ORDER BY count(*) DESC LIMIT $3
    """
    return await tx.raw.fetch(statement, tenant_id, since, limit)


def _review(row: Any) -> Review:
    return msgspec.convert(dict(row), Review)
