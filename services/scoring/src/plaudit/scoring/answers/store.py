"""Every SQL statement of answers."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed
from plaudit.common.statistics.waiting import Waits
from plaudit.scoring.answers.domain.figures import (
    MAX_WAITS,
    SourceCounts,
    SourceReviews,
    TooManyWaitsError,
)
from plaudit.scoring.answers.domain.life import Revision
from plaudit.scoring.answers.domain.places import PlacedStand
from plaudit.scoring.answers.tables import answer_places, answer_reviews, answer_sources, answer_starts
from plaudit.scoring.sums.store import LOOK_UP_EACH_ROW

ReviewKey = tuple[str, UUID]
"""Tenant id and review id."""
SourceKey = tuple[str, UUID]
"""Tenant id and source id."""
LastSeen = tuple[int | None, int | None]
"""When a source was last seen to tell answers, and when last not to."""
Start = tuple[int, int, int, int]
"""Partition, epoch, number and time of the first record that was applied."""

NOTED_AGAIN_US: Final = 60_000_000
"""A source that goes on telling answers, or not telling them, is noted again after so long."""

_REVIEW: Final = Columns(answer_reviews)
_PLACE: Final = Columns(answer_places)
_SOURCE: Final = Columns(answer_sources)
_START: Final = Columns(answer_starts)
_LIFE: Final = msgspec.json.Decoder(list[Revision])
_LIFE_TEXT: Final = msgspec.json.Encoder()

# In the order of the key, so that two writers cannot deadlock; each row by its key, whatever the planner expects.
_LOCKED = f"""
SELECT found.* FROM unnest($1::text[], $2::uuid[]) AS told (tenant_id, review_id)
CROSS JOIN LATERAL (
    SELECT {_REVIEW.listed} FROM answer_reviews AS held
    WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id
    OFFSET 0 FOR UPDATE
) AS found
"""
_INSERT = f"INSERT INTO answer_reviews ({_REVIEW.listed}) SELECT * FROM {_REVIEW.unnest()}"
_REPLACE = f"""
UPDATE answer_reviews AS held SET life = told.life FROM {_REVIEW.unnest()} AS told ({_REVIEW.listed})
WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id
"""
_DELETE = """
DELETE FROM answer_reviews AS held USING unnest($1::text[], $2::uuid[]) AS told (tenant_id, review_id)
WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id
"""
_KEY = tuple(column.name for column in answer_places.primary_key)
_DELETE_PLACES = f"""
DELETE FROM answer_places AS held USING unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::bigint[])
    AS told ({", ".join(_KEY)})
WHERE {" AND ".join(f"held.{name} = told.{name}" for name in _KEY)}
"""
# A place that is there already belongs to no review, since whoever changes one holds it: what is told now replaces it.
_ADD_PLACES = f"""
INSERT INTO answer_places ({_PLACE.listed}) SELECT * FROM {_PLACE.unnest()} ON CONFLICT ({", ".join(_KEY)}) DO NOTHING
"""
# `greatest` passes over nulls. What is known but for less than a minute is not written: an upsert would lock it on
# every batch for nothing. Whether the source tells answers now is always written.
_IS_KNOWN = f"""
coalesce(told.told_us < same.told_us + {NOTED_AGAIN_US}, told.told_us IS NULL)
AND coalesce(told.untold_us < same.untold_us + {NOTED_AGAIN_US}, told.untold_us IS NULL)
AND (same.told_us >= coalesce(same.untold_us, same.told_us)) IS NOT DISTINCT FROM (
    greatest(same.told_us, told.told_us) >= greatest(same.untold_us, told.untold_us, same.told_us, told.told_us)
)
"""
_NOTE_SOURCES = f"""
INSERT INTO answer_sources AS held ({_SOURCE.listed})
SELECT {_SOURCE.of("told")} FROM {_SOURCE.unnest()} AS told ({_SOURCE.listed})
WHERE NOT EXISTS (
    SELECT FROM answer_sources AS same
    WHERE same.tenant_id = told.tenant_id AND same.source_id = told.source_id AND {_IS_KNOWN}
)
ORDER BY told.tenant_id, told.source_id
ON CONFLICT (tenant_id, source_id) DO UPDATE
SET told_us = greatest(held.told_us, excluded.told_us), untold_us = greatest(held.untold_us, excluded.untold_us)
"""
_NOTE_STARTS = f"""
INSERT INTO answer_starts ({_START.listed}) SELECT * FROM {_START.unnest()} ON CONFLICT (partition) DO NOTHING
"""
_STOOD = "from_us <= $4::bigint AND until_us > $4::bigint"
_COUNTS = """
        count(*) FILTER (WHERE is_raised IS NOT NULL AND answered_us <= $4::bigint) AS answered_negatives,
        count(*) FILTER (WHERE is_raised AND answered_us <= $4::bigint) AS raised"""
_WAITS = """
        array_agg(greatest(answered_us - published_us, 0)) FILTER (WHERE answered_us <= $4::bigint) AS answered,
        array_agg($4::bigint - published_us) FILTER (WHERE answered_us > $4::bigint OR answered_us IS NULL) AS waiting,
"""
_NUMBERS = """
        count(*) FILTER (WHERE answered_us <= $4::bigint) AS answered,
        count(*) FILTER (WHERE answered_us > $4::bigint OR answered_us IS NULL) AS waiting,
"""
# Of one that has ceased to tell, what it told up to then is known.
_TOLD = """
    SELECT source_id, told_us >= coalesce(untold_us, told_us) OR told_us >= $4::bigint AS is_told
    FROM answer_sources WHERE tenant_id = $1
"""
_OF_WINDOW = "published_us > $4::bigint - $3::bigint AND published_us <= $4::bigint"
_STEP = "width_bucket(published_us, $3::bigint[]) - 1"
_OF_STEPS = """published_us >= ($3::bigint[])[1] AND published_us < ($3::bigint[])[cardinality($3::bigint[])]
            AND published_us <= $4::bigint"""


def _places(step: str, published: str, which: str) -> str:
    """Return the statement that reads so many reviews of each step and source at most, as they stood."""
    return f"""
        SELECT {step} AS step, source_id, published_us, answered_us, is_raised FROM answer_places
        WHERE tenant_id = $1 AND prefix = $2 AND {published} AND {_STOOD} {which}
        LIMIT $5::bigint"""


def _waits(step: str, published: str, which: str) -> str:
    """Return the statement that reads the waits of the reviews of each step and source, of so many reviews at most.

    Sources are looked up once all of their reviews are together.

    Args:
        step: of a review.
        published: the condition of when it was published.
        which: a further one, since one that may be none costs each row more than all others together.
    """
    return f"""
SELECT step, of_source.source_id, coalesce(is_told, false) AS is_told, count,
    CASE WHEN is_told THEN answered END AS answered, CASE WHEN is_told THEN waiting END AS waiting,
    answered_negatives, raised
FROM (
    SELECT step, source_id, count(*) AS count, {_WAITS} {_COUNTS}
    FROM ({_places(step, published, which)}) AS places GROUP BY 1, 2
) AS of_source
LEFT JOIN ({_TOLD}) AS told ON told.source_id = of_source.source_id
"""


def _counts(which: str = "") -> str:
    """Return the statement that counts the reviews of each step; $3 has where each begins, and the last ends."""
    return f"""
SELECT step, of_source.source_id, coalesce(is_told, false) AS is_told, answered, waiting, answered_negatives, raised
FROM (
    SELECT {_STEP} AS step, source_id, {_NUMBERS} {_COUNTS}
    FROM answer_places
    WHERE tenant_id = $1 AND prefix = $2 AND {_OF_STEPS} AND {_STOOD} {which}
    GROUP BY 1, 2
) AS of_source
LEFT JOIN ({_TOLD}) AS told ON told.source_id = of_source.source_id
"""


# The first record of a partition that was ever written has the number 1: nothing came before it.
_KNOWN_SINCE = "SELECT max(known_us) FROM answer_starts WHERE sequence > 1"


async def locked(
    tx: Tx, keys: Collection[ReviewKey], read: Callable[[str], list[Revision]] = _LIFE.decode
) -> dict[ReviewKey, list[Revision]]:
    """Return the lives of those of the reviews that are stored, and lock them until the end.

    Args:
        tx: the open transaction.
        keys: the reviews.
        read: reads a life as it is stored.

    Raises:
        msgspec.MsgspecError: a life is damaged, and no other way to read it is given.
    """
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOCKED, *map(list, zip(*sorted(keys), strict=True)))
    return {(row["tenant_id"], row["review_id"]): read(row["life"]) for row in rows}


def readable(life: str) -> list[Revision]:
    """Return a life as it is stored; none of it where it is damaged so that nothing can be read."""
    try:
        return _LIFE.decode(life)
    except (msgspec.MsgspecError, ValueError):
        return []


async def insert(tx: Tx, lives: Mapping[ReviewKey, Sequence[Revision]]) -> None:
    """Store the lives of reviews that are not stored yet.

    Raises:
        asyncpg.UniqueViolationError: another transaction has stored one of them meanwhile.
    """
    if lives:
        await tx.raw.execute(_INSERT, *_arrays(lives))


async def replace(tx: Tx, lives: Mapping[ReviewKey, Sequence[Revision]]) -> None:
    """Store the lives of reviews that `locked` has returned."""
    if lives:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
        await tx.raw.execute(_REPLACE, *_arrays(lives))


async def delete(tx: Tx, keys: Collection[ReviewKey]) -> None:
    """Delete the lives of reviews that `locked` has returned."""
    if keys:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
        await tx.raw.execute(_DELETE, *map(list, zip(*sorted(keys), strict=True)))


async def move(tx: Tx, gone: Iterable[PlacedStand], new: Iterable[PlacedStand]) -> None:
    """Delete where reviews were found, and add where they are found now, in place of whatever is there."""
    await _delete_places(tx, sorted(each.key for each in gone))
    rows = sorted(new, key=lambda each: each.key)
    if await _add_places(tx, rows) < len(rows):
        await _delete_places(tx, [each.key for each in rows])
        await _add_places(tx, rows)


async def _delete_places(tx: Tx, keys: Sequence[tuple[object, ...]]) -> None:
    if keys:
        await tx.raw.execute(LOOK_UP_EACH_ROW)
        await tx.raw.execute(_DELETE_PLACES, *zip(*keys, strict=True))


async def _add_places(tx: Tx, rows: Sequence[PlacedStand]) -> int:
    """Add places, and return how many were not there yet."""
    return rows_changed(await tx.raw.execute(_ADD_PLACES, *zip(*rows, strict=True))) if rows else 0


async def note_sources(tx: Tx, seen: Mapping[SourceKey, LastSeen]) -> None:
    """Note when sources told answers and when they did not, in the order of their keys against deadlocks."""
    if rows := [(*key, *times) for key, times in sorted(seen.items())]:
        await tx.raw.execute(_NOTE_SOURCES, *zip(*rows, strict=True))


async def note_starts(tx: Tx, starts: Iterable[Start]) -> None:
    """Note the first records of partitions, where none was noted yet."""
    if rows := sorted(starts):
        await tx.raw.execute(_NOTE_STARTS, *zip(*rows, strict=True))


async def of_sources(
    tx: Tx, tenant_id: str, subject: str, window_us: int, at_us: int, source_id: UUID | None
) -> list[SourceReviews]:
    """Return the reviews of a subject and of everything below it, by source, as they stand at an instant.

    Waits are in no order.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        subject: the subject.
        window_us: reviews that were published less than so long before the instant.
        at_us: the instant.
        source_id: of this source alone, if given.

    Raises:
        TooManyWaitsError: more than `MAX_WAITS` reviews were published in the window.
    """
    rows = await _waits_of(tx, ("0", _OF_WINDOW), (tenant_id, subject, window_us, at_us), source_id)
    return [_source_reviews(row) for row in rows]


async def counts_of_steps(
    tx: Tx, tenant_id: str, subject: str, edges_us: Sequence[int], at_us: int, source_id: UUID | None
) -> list[list[SourceCounts]]:
    """Return how many reviews were published in each of some steps, by source, as they stand at an instant.

    Args:
        tx: the open transaction.
        tenant_id: whose reviews.
        subject: the subject, and everything below it.
        edges_us: where each step begins, in order, and where the last one ends.
        at_us: the instant.
        source_id: of this source alone, if given.
    """
    found: list[list[SourceCounts]] = [[] for _ in edges_us[1:]]
    asked = (tenant_id, subject, [*edges_us], at_us)
    if source_id is None:
        rows = await tx.raw.fetch(_counts(), *asked)
    else:
        rows = await tx.raw.fetch(_counts("AND source_id = $5"), *asked, source_id)
    for row in rows:
        counts = (row["answered"], row["waiting"], row["answered_negatives"], row["raised"])
        found[row["step"]].append(SourceCounts(row["source_id"], row["is_told"], *counts))
    return found


async def of_steps(
    tx: Tx, tenant_id: str, subject: str, edges_us: Sequence[int], at_us: int, source_id: UUID | None
) -> list[list[SourceReviews]]:
    """Return the reviews that were published in each of some steps, by source, with their waits; as `counts_of_steps`.

    Waits are in no order.

    Raises:
        TooManyWaitsError: more than `MAX_WAITS` reviews were published in all steps together.
    """
    found: list[list[SourceReviews]] = [[] for _ in edges_us[1:]]
    for row in await _waits_of(tx, (_STEP, _OF_STEPS), (tenant_id, subject, [*edges_us], at_us), source_id):
        found[row["step"]].append(_source_reviews(row))
    return found


async def refuse_too_many(
    tx: Tx, tenant_id: str, subject: str, edges_us: Sequence[int], at_us: int, source_id: UUID | None
) -> None:
    """Refuse what `of_steps` refuses, without reading waits.

    Raises:
        TooManyWaitsError: as `of_steps`.
    """
    which, source = _which(source_id)
    asked = (tenant_id, subject, [*edges_us], at_us, MAX_WAITS + 1, *source)
    if await tx.raw.fetchval(f"SELECT count(*) FROM ({_places('0', _OF_STEPS, which)}) AS places", *asked) > MAX_WAITS:
        raise TooManyWaitsError(subject)


async def _waits_of(
    tx: Tx, where: tuple[str, str], asked: tuple[str, str, object, int], source_id: UUID | None
) -> list[Any]:
    """Return the rows of `_waits`, in the order of steps and sources."""
    which, source = _which(source_id)
    # One more than may be: whether there are too many is told by what is read, without counting before.
    rows = await tx.raw.fetch(_waits(*where, which), *asked, MAX_WAITS + 1, *source)
    if sum(row["count"] for row in rows) > MAX_WAITS:
        raise TooManyWaitsError(asked[1])
    return sorted(rows, key=itemgetter("step", "source_id"))


def _which(source_id: UUID | None) -> tuple[str, tuple[UUID, ...]]:
    return ("", ()) if source_id is None else ("AND source_id = $6", (source_id,))


def _source_reviews(row: Any) -> SourceReviews:
    return SourceReviews(
        source_id=row["source_id"],
        is_told=row["is_told"],
        count=row["count"],
        waits=Waits(row["answered"] or (), row["waiting"] or ()),
        answered_negatives=row["answered_negatives"],
        raised=row["raised"],
    )


async def known_since_us(tx: Tx) -> int | None:
    """Return since when all reviews are known; None where no review came before the first that was applied."""
    found: int | None = await tx.raw.fetchval(_KNOWN_SINCE)
    return found


def _arrays(lives: Mapping[ReviewKey, Sequence[Revision]]) -> Iterable[Sequence[object]]:
    rows = ((*key, _LIFE_TEXT.encode(life).decode()) for key, life in sorted(lives.items()))
    return zip(*rows, strict=True)


assert _PLACE.names == PlacedStand._fields, "a place is stored in the order of its fields"
