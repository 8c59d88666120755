"""Every SQL statement of insight."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from msgspec.structs import fields

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import SqlTx, Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.scoring.insight.domain.days import COUNTS, NUMBERS, TOPIC_NUMBERS, Numbers, RowKey, rows_of, topics_of
from plaudit.scoring.insight.domain.kept import ALL, DayCounts, DayKey, EntryKey, Kept, Polarity, StoredReview
from plaudit.scoring.insight.domain.report import Insight, Sample, WeekCounts, insight_of
from plaudit.scoring.insight.domain.sample import ALL_DRAWS, WEEK_DAYS, Group, SampledReview, draws_below, group_of
from plaudit.scoring.insight.domain.window import UnknownSubjectError, Window
from plaudit.scoring.insight.domain.wording import Wording, named, wanted, worded
from plaudit.scoring.insight.tables import insight_days, insight_places, insight_reviews
from plaudit.scoring.sums.domain.traits import TRAITS
from plaudit.scoring.sums.store import LOOK_UP_EACH_ROW

_REVIEW: Final = Columns(insight_reviews)
_PLACE: Final = Columns(insight_places)
_DAY: Final = Columns(insight_days)
_KEPT: Final = tuple(field.name for field in fields(Kept))
_SAMPLED: Final = tuple(field.name for field in fields(SampledReview))
_kept_values = attrgetter(*_KEPT)
_NOTHING_KEPT: Final = (None,) * len(_KEPT)

# In the order of the key, so that two writers cannot deadlock; each row by its key, whatever the planner expects.
_LOCKED = f"""
SELECT found.* FROM unnest($1::text[], $2::uuid[]) AS told (tenant_id, review_id)
CROSS JOIN LATERAL (
    SELECT {_REVIEW.listed} FROM insight_reviews AS held
    WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id
    OFFSET 0 FOR UPDATE
) AS found
"""
_INSERT = f"INSERT INTO insight_reviews ({_REVIEW.listed}) SELECT * FROM {_REVIEW.unnest()}"
_REPLACE = f"""
UPDATE insight_reviews AS held SET {", ".join(f"{name} = told.{name}" for name in ("revision", *_KEPT))}
FROM {_REVIEW.unnest()} AS told ({_REVIEW.listed})
WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id
"""
_KEY = tuple(column.name for column in insight_places.primary_key)
# A place that is there already belongs to no review, since whoever changes one holds it: what is told now replaces it.
_ADD_PLACES = f"""
INSERT INTO insight_places ({_PLACE.listed}) SELECT * FROM {_PLACE.unnest()} ON CONFLICT ({", ".join(_KEY)}) DO NOTHING
"""
_DELETE_PLACES = f"""
DELETE FROM insight_places AS held USING {_PLACE.unnest()} AS told ({_PLACE.listed})
WHERE {" AND ".join(f"held.{name} = told.{name}" for name in _KEY)}
"""
_SUMMED = (
    *(f"{name} = held.{name} + excluded.{name}" for name in COUNTS),
    *(f"{name} = coalesce(held.{name} + excluded.{name}, held.{name}, excluded.{name})" for name in TOPIC_NUMBERS),
)
_ADD_COUNTS = f"""
INSERT INTO insight_days AS held ({_DAY.listed}) SELECT * FROM {_DAY.unnest()}
ON CONFLICT ({", ".join(column.name for column in insight_days.primary_key)}) DO UPDATE SET {", ".join(_SUMMED)}
"""
# One look into the index for each week, whose days are counted without sorting them.
_WEEKS = f"""
SELECT is_now, age, {", ".join(NUMBERS)}
FROM generate_series(0, ($6::date - 1 - $4::date) / {WEEK_DAYS}) AS ages (age)
CROSS JOIN LATERAL (
    SELECT day >= $5::date AS is_now, {", ".join(f"sum({name})::bigint AS {name}" for name in NUMBERS)}
    FROM insight_days
    WHERE tenant_id = $1 AND prefix = $2 AND persona = $3
        AND day >= greatest($4::date, $6::date - {WEEK_DAYS} * (age + 1)) AND day < $6::date - {WEEK_DAYS} * age
        AND ($7::uuid IS NULL OR source_id = $7)
    GROUP BY 1
) AS counted
"""
# One look into the index for each day: the draws of a day lie side by side.
_SAMPLE = f"""
SELECT {", ".join(f"review.{name}" for name in _SAMPLED)}
FROM generate_series($5::date, $6::date - 1, interval '1 day') AS looked_at (day)
CROSS JOIN LATERAL (
    SELECT review_id FROM insight_places AS place
    WHERE place.tenant_id = $1 AND prefix = $2 AND persona = $3 AND polarity = $4 AND place.day = looked_at.day::date
        AND draw < $7::bigint AND ($8::uuid IS NULL OR place.source_id = $8)
    OFFSET 0
) AS place
CROSS JOIN LATERAL (
    SELECT * FROM insight_reviews AS held WHERE held.tenant_id = $1 AND held.review_id = place.review_id OFFSET 0
) AS review
"""
_WORDINGS = """
SELECT found.* FROM unnest($2::uuid[]) AS told (review_id)
CROSS JOIN LATERAL (
    SELECT review_id, stems, surfaces, words FROM insight_reviews AS held
    WHERE held.tenant_id = $1 AND held.review_id = told.review_id AND words IS NOT NULL
    OFFSET 0
) AS found
"""
# The ledger tells why a review was written, of those, too, whose words were kept before anybody asked for it.
_ORIGINS = """
SELECT told.review_id, newest.traits FROM unnest($2::uuid[]) AS told (review_id)
CROSS JOIN LATERAL (
    SELECT traits FROM ledger AS held
    WHERE held.tenant_id = $1 AND held.review_id = told.review_id AND held.sign = 1
    ORDER BY held.revision DESC LIMIT 1
) AS newest
"""
# Each step looks up the next prefix in the index, past all days of the present one.
_FIRST = """
WITH RECURSIVE steps AS (
    (SELECT prefix FROM insight_days WHERE tenant_id = $1 ORDER BY prefix LIMIT 1)
    UNION ALL
    SELECT (
        SELECT prefix FROM insight_days AS held
        WHERE held.tenant_id = $1 AND held.prefix > steps.prefix ORDER BY held.prefix LIMIT 1
    )
    FROM steps WHERE steps.prefix IS NOT NULL
)
SELECT prefix FROM steps WHERE prefix IS NOT NULL LIMIT $2
"""
# One look into the index for each day.
_SOURCES = """
SELECT DISTINCT found.source_id
FROM generate_series($3::date, $4::date - 1, interval '1 day') AS looked_at (day)
CROSS JOIN LATERAL (
    SELECT source_id FROM insight_days AS held
    WHERE held.tenant_id = $1 AND held.prefix = $2 AND held.persona = '' AND held.day = looked_at.day::date
    OFFSET 0
) AS found
ORDER BY found.source_id
LIMIT $5
"""
_KNOWN = """
SELECT prefix FROM unnest($2::text[]) AS told (prefix)
WHERE EXISTS (SELECT FROM insight_days AS held WHERE held.tenant_id = $1 AND held.prefix = told.prefix)
"""


async def locked(tx: Tx, keys: Collection[tuple[str, UUID]]) -> dict[tuple[str, UUID], StoredReview]:
    """Return those of the reviews, each `(tenant id, review id)`, that are stored, and lock them until the end."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOCKED, *map(list, zip(*sorted(keys), strict=True)))
    return {(row["tenant_id"], row["review_id"]): _stored(dict(row)) for row in rows}


async def insert(tx: Tx, reviews: Sequence[StoredReview]) -> None:
    """Store reviews that are not stored yet.

    Raises:
        asyncpg.UniqueViolationError: another transaction has stored one of them meanwhile.
    """
    if reviews:
        await tx.raw.execute(_INSERT, *_arrays(reviews))


async def replace(tx: Tx, reviews: Sequence[StoredReview]) -> None:
    """Store another state of reviews that `locked` has returned."""
    if reviews:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
        await tx.raw.execute(_REPLACE, *_arrays(reviews))


async def move(tx: Tx, gone: Collection[EntryKey], new: Collection[EntryKey]) -> None:
    """Delete where reviews were found, and add where they are found now, in place of whatever is there."""
    await _delete_places(tx, sorted(gone))
    rows = sorted(new)
    if await _add_places(tx, rows) < len(rows):
        await _delete_places(tx, rows)
        await _add_places(tx, rows)


async def _delete_places(tx: Tx, places: Sequence[EntryKey]) -> None:
    if places:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
        await tx.raw.execute(_DELETE_PLACES, *zip(*places, strict=True))


async def _add_places(tx: Tx, places: Sequence[EntryKey]) -> int:
    """Add places, and return how many were not there yet."""
    return rows_changed(await tx.raw.execute(_ADD_PLACES, *zip(*places, strict=True))) if places else 0


async def add_counts(tx: Tx, counts: Mapping[DayKey, DayCounts]) -> None:
    """Add to the counts of days what reviews with some topics add to them."""
    await add_rows(tx, rows_of(counts))


async def add_rows(tx: Tx, added: Mapping[RowKey, Numbers]) -> None:
    """Add to rows of days, in the order of their keys, so that two writers cannot deadlock."""
    rows = [(*key, *added[key]) for key in sorted(added)]
    if rows:
        await tx.raw.execute(_ADD_COUNTS, *zip(*rows, strict=True))


async def counts_of_weeks(
    tx: Tx, tenant_id: str, prefix: str, persona: str, source_id: UUID | None, window: Window
) -> list[WeekCounts]:
    """Return what was counted of each topic in each week of a window and of the days before.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        prefix: the subject; all below it counts too.
        persona: of the writers; the empty text for all.
        source_id: where the reviews come from, None for everywhere.
        window: the days.
    """
    rows = await tx.raw.fetch(_WEEKS, tenant_id, prefix, persona, window.before, window.start, window.end, source_id)
    last = window.weeks - 1
    return [
        WeekCounts(topic, is_now, last - age, counts)
        for is_now, age, *numbers in rows
        for topic, counts in topics_of(numbers)
    ]


async def sampled(
    tx: Tx,
    tenant_id: str,
    prefix: str,
    persona: str,
    source_id: UUID | None,
    polarity: Polarity,
    days: Window,
    below: int,
) -> list[SampledReview]:
    """Return reviews with terms of some days whose draw is below a bound.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        prefix: the subject; all below it counts too.
        persona: of the writers; the empty text for all.
        source_id: where the reviews come from, None for everywhere.
        polarity: of the reviews.
        days: of which the days from the start to the end are looked at, and none before.
        below: the bound.
    """
    rows = await tx.raw.fetch(
        _SAMPLE, tenant_id, prefix, persona, int(polarity), days.start, days.end, below, source_id
    )
    return [SampledReview(*row) for row in rows]


async def wordings(tx: Tx, tenant_id: str, review_ids: Iterable[UUID]) -> dict[UUID, Wording]:
    """Return review id → how it is written, of those reviews that are there."""
    rows = await tx.raw.fetch(_WORDINGS, tenant_id, list(review_ids))
    return {row["review_id"]: Wording(**row) for row in rows}


async def origins(tx: Tx, tenant_id: str, review_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return review id → why it was written, of those reviews that the ledger tells of: their newest states."""
    rows = await tx.raw.fetch(_ORIGINS, tenant_id, list(review_ids))
    return {row["review_id"]: TRAITS[row["traits"]].origin for row in rows}


async def sources(tx: Tx, tenant_id: str, prefix: str, window: Window, limit: int) -> list[UUID]:
    """Return the first sources that reviews of a subject came from, in a window and the days before, by their ids."""
    rows = await tx.raw.fetch(_SOURCES, tenant_id, prefix, window.before, window.end, limit)
    return [row["source_id"] for row in rows]


async def known(tx: Tx, tenant_id: str, prefixes: Sequence[str]) -> list[str]:
    """Return those of these prefixes that ever had a review that counts, in their order."""
    found = {row["prefix"] for row in await tx.raw.fetch(_KNOWN, tenant_id, prefixes)}
    return [prefix for prefix in prefixes if prefix in found]


async def first_prefixes(tx: Tx, tenant_id: str, limit: int) -> list[str]:
    """Return the first prefixes that ever had a review that counts, in their order."""
    return [row["prefix"] for row in await tx.raw.fetch(_FIRST, tenant_id, limit)]


def _arrays(reviews: Iterable[StoredReview]) -> Iterable[Sequence[Any]]:
    rows = (
        (each.tenant_id, each.review_id, each.revision, *(_kept_values(each.kept) if each.kept else _NOTHING_KEPT))
        for each in reviews
    )
    return zip(*rows, strict=True)


async def read(
    tx: SqlTx, tenant_id: str, subject: str, persona: str, source_id: UUID | None, window: Window, limit: int
) -> Insight:
    """Return what reviews of a subject and of all below it tell.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        subject: what they are about.
        persona: of the writers; the empty text for all.
        source_id: where they come from, None for everywhere.
        window: the days.
        limit: most terms of each list.

    Raises:
        UnknownSubjectError: no review that counts was ever about it.
    """
    where = (tenant_id, subject, persona)
    counted = await counts_of_weeks(tx, *where, source_id, window)
    if not counted:
        paths = await known(tx, tenant_id, prefixes(subject))
        if subject not in paths:
            raise UnknownSubjectError(subject, paths)
    looked_at = counted if source_id is None else await counts_of_weeks(tx, *where, None, window)
    now, before = window, Window(window.before, window.start)
    bounds: list[int] = []
    groups: list[asyncio.Task[Group]] = []
    async with asyncio.TaskGroup() as tasks:
        for polarity, days, is_now in (
            (Polarity.LOW, now, True),
            (Polarity.HIGH, now, True),
            (Polarity.LOW, before, False),
        ):
            bound = draws_below(_with_terms(counted, polarity, is_now), _with_terms(looked_at, polarity, is_now))
            reviews = await sampled(tx, *where, source_id, polarity, days, bound)
            bounds.append(bound)
            # In threads, while the next ones are read, and while other requests go on.
            groups.append(tasks.create_task(asyncio.to_thread(group_of, reviews, window.end)))
    low, high, low_before = (each.result() for each in groups)
    sample = Sample(low, high, low_before, is_whole=set(bounds) == {ALL_DRAWS})
    found = await asyncio.to_thread(insight_of, window, counted, sample, limit)
    told = await wordings(tx, tenant_id, wanted(found))
    return worded(found, told, await origins(tx, tenant_id, named(found)))


def _with_terms(counted: list[WeekCounts], polarity: Polarity, is_now: bool) -> int:
    """Return how many reviews of one polarity and side have terms."""
    found = (each.counts for each in counted if each.topic == ALL and each.is_now == is_now)
    return sum(each.low_with_terms if polarity is Polarity.LOW else each.high_with_terms for each in found)


def _stored(row: dict[str, Any]) -> StoredReview:
    kept = None if row["subject"] is None else Kept(**{name: row[name] for name in _KEPT})
    return StoredReview(row["tenant_id"], row["review_id"], row["revision"], kept)


assert _REVIEW.names == ("tenant_id", "review_id", "revision", *_KEPT), "a review is stored in the order of its fields"
assert _DAY.names[-len(NUMBERS) :] == NUMBERS
assert ALL == "", "the comments of the tables say so"
