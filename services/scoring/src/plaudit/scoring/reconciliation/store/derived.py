"""Every SQL statement that compares what insight and answers derive from what they keep of each review with that.

Whoever changes a review there changes in the same transaction what is derived from it, so that both are always even.
Counts of days are compared in one statement, which sees one instant. Where reviews are found is compared in steps: what
looks wrong in one is looked at again while its review is held, and only then made anew.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from types import GenericAlias
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import Table

from plaudit.common.contracts.subjects import prefixes
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.subjects import is_within_one_range
from plaudit.scoring.answers import store as answers
from plaudit.scoring.answers.domain.life import FOR_EVER_US, Revision
from plaudit.scoring.answers.domain.places import PlacedStand, places_of
from plaudit.scoring.answers.tables import answer_places, answer_reviews
from plaudit.scoring.insight import store as insight
from plaudit.scoring.insight.domain.days import COUNTS, NUMBERS, PAIRS, SECOND, TOPIC_NUMBERS, Numbers, RowKey
from plaudit.scoring.insight.domain.kept import ALL, Kept, Polarity, entries
from plaudit.scoring.insight.tables import insight_days, insight_places, insight_reviews
from plaudit.scoring.reconciliation.domain import Scope, Walk
from plaudit.scoring.topics.domain import TOPICS

DAYS_LOCK: Final = "scoring/reconciliation/days"
"""The order key of whoever adds to counts of days what a comparison found to be missing: two would add it twice."""
MAX_COUNT: Final = 2**63 - 1
"""That a column holds; a damaged count may differ by more, and takes two turns."""

ReviewKey: TypeAlias = tuple[str, UUID]
"""Tenant id and review id."""
PlaceRow: TypeAlias = tuple[Any, ...]
"""A row of a table of places, in the order of its columns."""

_DAY_KEY = "prefix, persona, day, source_id"
_LOW, _MIDDLE, _HIGH = (f"polarity = {each:d}" for each in (Polarity.LOW, Polarity.MIDDLE, Polarity.HIGH))
_COUNTED: Final = {
    "low": _LOW,
    "middle": _MIDDLE,
    "high": _HIGH,
    "low_with_terms": f"{_LOW} AND stems <> ''",
    "high_with_terms": f"{_HIGH} AND stems <> ''",
    "drastic": f"{_LOW} AND is_drastic",
    "questions": f"{_LOW} AND is_question",
    "solved": f"{_LOW} AND is_solved",
    "eased": f"{_LOW} AND ease IS NOT NULL",
}
_SUMMED: Final = {"ease_sum": "ease", "ease_squares": "ease * ease"}
_OF_TOPICS: Final = {
    f"{topic}_{pair}": f"sum({first} + {second} * {SECOND}) FILTER (WHERE '{topic}' = ANY(named))"
    for topic in TOPICS
    for pair, (first, second) in PAIRS.items()
}
_MISSING: Final = {name: f"greatest(least({name}, {MAX_COUNT}), -{MAX_COUNT})::bigint" for name in NUMBERS}
_DEPTH = "cardinality(string_to_array($2, '/'))"
# Reviews are counted first, and only then by each of their prefixes and personas.
_DAYS = f"""
WITH of_reviews AS (
    SELECT subject, personas, topics, day, source_id,
        {", ".join(f"count(*) FILTER (WHERE {which}) AS {name}" for name, which in _COUNTED.items())},
        {", ".join(f"coalesce(sum({what}) FILTER (WHERE {_LOW}), 0) AS {name}" for name, what in _SUMMED.items())}
    FROM insight_reviews WHERE tenant_id = $1 AND {is_within_one_range("subject", "$2")}
        AND num_nulls(source_id, day, polarity, personas, stems) = 0
    GROUP BY subject, personas, topics, day, source_id
),
truth AS (
    SELECT array_to_string(parts[1:depth], '/') COLLATE "C" AS prefix, persona COLLATE "C" AS persona, day, source_id,
        {", ".join(f"sum({name}) AS {name}" for name in COUNTS)},
        {", ".join(f"{numbers} AS {name}" for name, numbers in _OF_TOPICS.items())}
    FROM of_reviews CROSS JOIN string_to_array(topics, ' ') AS named
        CROSS JOIN string_to_array(subject, '/') AS parts
        CROSS JOIN generate_series({_DEPTH}, cardinality(parts)) AS depth
        CROSS JOIN unnest(string_to_array(nullif(personas, ''), ' ') || '{ALL}'::text) AS persona
    GROUP BY {_DAY_KEY}
),
held AS (SELECT * FROM insight_days WHERE tenant_id = $1 AND {is_within_one_range("prefix", "$2")}),
compared AS MATERIALIZED (
    SELECT {_DAY_KEY}, {
    ", ".join(f"coalesce(truth.{name}, 0)::numeric - coalesce(held.{name}, 0) AS {name}" for name in NUMBERS)
}
    FROM truth FULL JOIN held USING ({_DAY_KEY})
)
SELECT wrong.*, (SELECT count(*) FROM compared) AS rows
FROM (SELECT 1) AS one LEFT JOIN (
    SELECT {_DAY_KEY}, {", ".join(_MISSING[name] for name in COUNTS)},
        {", ".join(f"nullif({_MISSING[name]}, 0)" for name in TOPIC_NUMBERS)}
    FROM compared WHERE {" OR ".join(f"{name} <> 0" for name in NUMBERS)}
    ORDER BY {_DAY_KEY} LIMIT $3
) AS wrong ON true
"""
_LONG = """
SELECT set_config('statement_timeout', $1, true), set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('work_mem', '64MB', true)
"""
_BY_REVIEW = "unnest($1::text[], $2::uuid[]) AS told (tenant_id, review_id)"


class Days(NamedTuple):
    """What a comparison of counts of days has found."""

    compared: int
    """Rows."""
    missing: Mapping[RowKey, Numbers]
    """Row → what is to be added to it, so that it holds what the reviews say."""


class Walked(NamedTuple):
    """What a step of a walk has found."""

    compared: int
    """Places."""
    unreadable: int
    """Reviews of which nothing can be said, since what is kept of them is damaged."""
    suspects: Mapping[ReviewKey, Collection[PlaceRow]]
    """Review → places that look wrong or missing."""
    after: str
    """The key of the last row, in JSON; the empty text at the end."""


@dataclass(frozen=True)
class Derivation:
    """Reviews as a room keeps them, and where they are found."""

    reviews: Table
    places: Table
    columns: str
    """Of the reviews, those that places follow from."""
    read: Callable[[Any], Iterable[PlaceRow]]
    """From a row of the reviews to its places.

    Raises:
        ValueError: what is kept of the review is damaged. So does `TypeError` say.
    """
    move: Callable[[Tx, Collection[Any], Collection[Any]], Any]
    """Deletes places, and adds others."""

    @cached_property
    def key(self) -> Columns:
        """The columns that name a place."""
        return Columns(self.places, without=set(self.places.c.keys()) - set(self.places.primary_key.columns.keys()))

    @cached_property
    def all(self) -> Columns:
        """All columns of a place."""
        return Columns(self.places)

    @cached_property
    def key_of(self) -> Callable[[PlaceRow], PlaceRow]:
        """Returns what names a place."""
        return itemgetter(*map(self.all.names.index, self.key.names))

    @cached_property
    def review_of(self) -> Callable[[PlaceRow], ReviewKey]:
        """Returns whose place it is."""
        return itemgetter(self.all.names.index("tenant_id"), self.all.names.index("review_id"))

    def of_reviews(self, rows: Iterable[Any]) -> "Read":
        """Return the places that rows of the reviews say, and those reviews that say none since they are damaged."""
        places: dict[ReviewKey, frozenset[PlaceRow]] = {}
        damaged: set[ReviewKey] = set()
        for row in rows:
            key = row["tenant_id"], row["review_id"]
            try:
                places[key] = frozenset(map(tuple, self.read(row)))
            except (ValueError, TypeError, msgspec.MsgspecError):
                damaged.add(key)
        return Read(places, damaged)


class Read(NamedTuple):
    """What reviews say of where they are found."""

    places: Mapping[ReviewKey, frozenset[PlaceRow]]
    damaged: Collection[ReviewKey]


def _places_of_said(row: Any) -> Iterator[PlaceRow]:
    if row["subject"] is not None:
        prefixes(row["subject"])
        if None in {row["source_id"], row["day"], row["polarity"], row["personas"], row["first_stem"]}:
            raise ValueError("something of the review is missing")
        kept = Kept(
            subject=row["subject"],
            source_id=row["source_id"],
            day=row["day"],
            polarity=row["polarity"],
            personas=row["personas"],
            stems=row["first_stem"],
            topics="",
            is_drastic=False,
            is_question=False,
            is_solved=False,
            ease=None,
        )
        yield from entries(kept, row["tenant_id"], row["review_id"])


_LIFE: Final = msgspec.json.Decoder(list[Revision])


def _places_of_life(row: Any) -> Iterator[PlaceRow]:
    for place in places_of(row["tenant_id"], row["review_id"], _LIFE.decode(row["life"])):
        if max(map(abs, (place.published_us, place.from_us, place.until_us, place.answered_us or 0))) > FOR_EVER_US:
            raise ValueError("a time of the review is none")
        yield place


async def _move_answers(tx: Tx, gone: Collection[PlaceRow], new: Collection[PlaceRow]) -> None:
    await answers.move(tx, [PlacedStand(*each) for each in gone], [PlacedStand(*each) for each in new])


SAID: Final = Derivation(
    insight_reviews,
    insight_places,
    "subject, source_id, day, polarity, personas, left(stems, 1) AS first_stem",
    _places_of_said,
    insight.move,
)
ANSWERED: Final = Derivation(answer_reviews, answer_places, "life", _places_of_life, _move_answers)
DERIVATIONS: Final = {Walk.SAID: SAID, Walk.SAID_PLACES: SAID, Walk.LIVES: ANSWERED, Walk.ANSWER_PLACES: ANSWERED}


async def compare_days(tx: Tx, tenant_id: str, subject: str, max_rows: int, seconds: float) -> Days:
    """Compare the counts of days of a subject and all below it with the reviews that insight keeps.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it.
        max_rows: differing rows that are returned at most.
        seconds: how long it may take.
    """
    await tx.raw.fetchval(_LONG, f"{round(seconds * 1000)}")
    rows = await tx.raw.fetch(_DAYS, tenant_id, subject, max_rows, timeout=seconds)
    width = len(insight_days.primary_key) - 1
    missing = {(tenant_id, *row[:width]): tuple(row[width:-1]) for row in rows if row["prefix"] is not None}
    return Days(rows[0]["rows"], missing)


async def add_missing(tx: Tx, found: Days) -> None:
    """Add to counts of days what a comparison in this transaction, which holds `DAYS_LOCK`, has found to be missing.

    Counts are added to alone: what a writer adds meanwhile counts as well, whichever comes first.
    """
    await insight.add_rows(tx, found.missing)


async def walked(tx: Tx, walk: Walk, scope: Scope, after: str, limit: int) -> Walked:
    """Compare the next rows of a table with the rows of the other one that they go with.

    Args:
        tx: the open transaction.
        walk: along which table.
        scope: whose rows.
        after: the key that the last step has returned; the empty text before the first.
        limit: rows of the table.
    """
    derivation = DERIVATIONS[walk]
    if walk in {Walk.SAID, Walk.LIVES}:
        return await _along_reviews(tx, derivation, scope, after, limit)
    return await _along_places(tx, derivation, scope, after, limit)


async def _along_reviews(tx: Tx, of: Derivation, scope: Scope, after: str, limit: int) -> Walked:
    """Find places that are missing, or of which more than their key is wrong."""
    where = "tenant_id >= ${} AND tenant_id < ${}"
    rows = await _next(tx, of.reviews, f"tenant_id, review_id, {of.columns}", where, scope.tenants, after, limit)
    read = of.of_reviews(rows)
    said = {place: key for key, places in read.places.items() for place in places if scope.holds(place[1])}
    missing = said.keys() - await _present(tx, of, said)
    return Walked(
        0, len(read.damaged), _by_review((said[place], place) for place in missing), _last(of.reviews, rows, limit)
    )


async def _along_places(tx: Tx, of: Derivation, scope: Scope, after: str, limit: int) -> Walked:
    """Find places that no review says."""
    where = "(tenant_id, prefix) >= (${}, ${}) AND (tenant_id, prefix) < (${}, ${})"
    rows = await _next(tx, of.places, of.all.listed, where, scope.paths, after, limit)
    found = {place: of.review_of(place) for row in rows if scope.holds((place := tuple(row))[1])}
    read = of.of_reviews(await _reviews(tx, of, set(found.values())))
    wrong = (
        (key, place)
        for place, key in found.items()
        if key not in read.damaged and place not in read.places.get(key, ())
    )
    return Walked(len(found), 0, _by_review(wrong), _last(of.places, rows, limit))


async def make_anew(tx: Tx, walk: Walk, suspects: Mapping[ReviewKey, Collection[PlaceRow]]) -> int:
    """Put places where what is kept of their reviews says, and take away others; return how many were wrong.

    The reviews are held until the transaction ends, so that nobody changes them or their places meanwhile. What a
    walk has seen before that, and no review says now, belongs to none: a place comes and goes with its review. A review
    that is not there cannot be held. One that a group adds before its places are taken away here is there afterwards,
    and has its places again; one that is added later waits for the end of the transaction with its places.

    Args:
        tx: the open transaction.
        walk: that has found them.
        suspects: reviews, and places of theirs that look wrong or missing.
    """
    of = DERIVATIONS[walk]
    absent, wrong = await _make_anew(tx, of, suspects)
    _, wrong_since = await _make_anew(tx, of, absent)
    return len({of.key_of(place) for place in wrong | wrong_since})


async def _make_anew(
    tx: Tx, of: Derivation, suspects: Mapping[ReviewKey, Collection[PlaceRow]]
) -> tuple[dict[ReviewKey, Collection[PlaceRow]], set[PlaceRow]]:
    """Do it once; return the suspects of reviews that are not there, and the places that were wrong."""
    read = of.of_reviews(await _reviews(tx, of, suspects, lock="FOR UPDATE"))
    said = {place for places in read.places.values() for place in places}
    looked_at = said | {place for key, places in suspects.items() if key not in read.damaged for place in places}
    present = await _present(tx, of, looked_at)
    gone, new = present - said, said - present
    await of.move(tx, gone, new)
    absent = {key: places for key, places in suspects.items() if key not in read.damaged and key not in read.places}
    return absent, gone | new


async def _next(
    tx: Tx, table: Table, columns: str, where: str, bounds: Sequence[str], after: str, limit: int
) -> Sequence[Any]:
    """Return the next rows of a table, in the order of its key."""
    key = [column.name for column in table.primary_key]
    behind = _decoded(table, after) if after else ()
    numbers = [f"${n}" for n in range(len(bounds) + 1, len(bounds) + 1 + len(behind))]
    conditions = [where.format(*range(1, len(bounds) + 1))]
    if behind:
        conditions.append(f"({', '.join(key)}) > ({', '.join(numbers)})")
    statement = f"""
SELECT {columns} FROM {table.name} WHERE {" AND ".join(conditions)} ORDER BY {", ".join(key)} LIMIT {limit:d}
"""
    rows: Sequence[Any] = await tx.raw.fetch(statement, *bounds, *behind)
    return rows


async def _reviews(tx: Tx, of: Derivation, keys: Collection[ReviewKey], *, lock: str = "") -> Sequence[Any]:
    """Return what is kept of reviews, in the order of their keys, so that two who hold them cannot deadlock."""
    if not keys:
        return ()
    statement = f"""
SELECT found.* FROM {_BY_REVIEW} CROSS JOIN LATERAL (
    SELECT tenant_id, review_id, {of.columns} FROM {of.reviews.name} AS held
    WHERE held.tenant_id = told.tenant_id AND held.review_id = told.review_id OFFSET 0 {lock}
) AS found
"""
    rows: Sequence[Any] = await tx.raw.fetch(statement, *map(list, zip(*sorted(keys), strict=True)))
    return rows


async def _present(tx: Tx, of: Derivation, places: Collection[PlaceRow]) -> set[PlaceRow]:
    """Return the places that there are at the keys of these."""
    keys = {of.key_of(place) for place in places}
    if not keys:
        return set()
    same = " AND ".join(f"held.{name} = told.{name}" for name in of.key.names)
    statement = f"""
SELECT found.* FROM {of.key.unnest()} AS told ({of.key.listed}) CROSS JOIN LATERAL (
    SELECT {of.all.listed} FROM {of.places.name} AS held WHERE {same} OFFSET 0
) AS found
"""
    return {tuple(row) for row in await tx.raw.fetch(statement, *map(list, zip(*keys, strict=True)))}


def _by_review(wrong: Iterable[tuple[ReviewKey, PlaceRow]]) -> dict[ReviewKey, list[PlaceRow]]:
    found: dict[ReviewKey, list[PlaceRow]] = {}
    for key, place in wrong:
        found.setdefault(key, []).append(place)
    return found


def _last(table: Table, rows: Sequence[Any], limit: int) -> str:
    """Return the key of the last row in JSON; the empty text where there can be no more."""
    if len(rows) < limit:
        return ""
    return msgspec.json.encode([rows[-1][column.name] for column in table.primary_key]).decode()


def _decoded(table: Table, key: str) -> Sequence[Any]:
    types = tuple(column.type.python_type for column in table.primary_key)
    decoded: Sequence[Any] = msgspec.json.decode(key, type=GenericAlias(tuple, types))
    return decoded


assert (*_COUNTED, *_SUMMED) == COUNTS
assert (*_OF_TOPICS,) == TOPIC_NUMBERS
