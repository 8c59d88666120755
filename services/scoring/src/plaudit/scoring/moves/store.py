"""Every SQL statement over sums of changes, and the entries that they are made of."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.subjects import is_within
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.history.store import RATED_US, SHOWN_AT, day_of
from plaudit.scoring.moves.domain import (
    ABSENT,
    GRAIN_BITS,
    LANDMARK_BITS,
    MIXED,
    Moved,
    ShownPieces,
    ShownStretch,
)
from plaudit.scoring.moves.tables import moves
from plaudit.scoring.profiles.domain import DAY_US
from plaudit.scoring.sums.domain.decay import EPOCH, are_sound, time_of
from plaudit.scoring.sums.domain.kept import RECENT_US, TRUST_US
from plaudit.scoring.topics.domain import NO_TOPIC, NOT_SORTED, OTHER_TOPIC

JOB_LOCK: Final = "scoring/moves"
"""The order key of whoever changes sums of changes."""
HALF_LIVES: Final = {TRUST_US: "trust", RECENT_US: "recent"}
"""Half-life → the columns that are summed for it. What never fades is summed as well."""
MAX_EXPONENT: Final = 1000
"""Beyond it a weight is nothing, and its power would be an error."""

_MOVES = Columns(moves)
KEY: Final = ("source_id", "happened", "traits", "other_traits", "star", "other_star", "sign", "topic")


def shown_between(after: str, until: str) -> str:
    """Return entries that are shown after an instant and until another, found by when they were known.

    Few take effect after they are known, and an index holds these alone.
    """
    return f"""(
        SELECT * FROM ledger WHERE tenant_id = $1 AND known_at > {after} AND known_at <= {until} AND valid_at <= {until}
        UNION ALL
        SELECT * FROM ledger WHERE tenant_id = $1 AND valid_at > known_at
            AND valid_at > {after} AND valid_at <= {until} AND (known_at <= {after}) IS TRUE
    )"""


def as_seen(entries: str, prefix: str, *more: str) -> str:
    """Return what entries of a prefix did to it: what only moved below it did nothing."""
    is_here = f"(other_subject IS NULL OR {is_within('other_subject', prefix)})"
    return f"""
    SELECT {"".join(f"{each}, " for each in more)}review_id, epoch, sequence, source_id, sign, rating, rated_at, topics,
        traits, floor(rating + 0.5)::smallint AS star,
        CASE
            WHEN is_here THEN happened WHEN sign > 0 THEN {Happened.MOVED_IN:d} ELSE {Happened.MOVED_OUT:d}
        END AS happened,
        CASE WHEN is_here THEN coalesce(other_traits, {MIXED}) ELSE {MIXED} END AS other_traits,
        CASE WHEN is_here THEN coalesce(other_star, {ABSENT}) ELSE {ABSENT} END AS other_star
    FROM (SELECT *, {is_here} AS is_here FROM {entries} AS entries) AS placed
    WHERE NOT (is_here AND happened = {Happened.MOVED:d})
"""


# A change with two states here is counted where its new one came.
_COUNTED = f"(sign > 0 OR other_star = {ABSENT})"


def summed(seen: str, sums: Sequence[str], *groups: str) -> str:
    """Return the WITH queries and the statement that sum what was seen, by what happened and once more by topic.

    A review that mentions several topics is shared out equally between them.

    Args:
        seen: a statement as `as_seen` returns, with what is summed, and the groups.
        sums: expressions over it with their names: `rating * sign AS total`.
        groups: further columns to tell sums apart by.
    """
    names = [each.rpartition(" AS ")[2] for each in sums]
    added = ", ".join(f"sum({each.rpartition(' AS ')[0]}) AS {name}" for each, name in zip(sums, names, strict=True))
    listed = "".join(f"{each}, " for each in groups)
    count = f"count(*) FILTER (WHERE {_COUNTED})::float8 AS changes"
    return f"""
seen AS MATERIALIZED ({seen}),
by_topics AS (
    SELECT {listed}source_id, traits, topics, greatest(bit_count(greatest(topics, 0)::bit(32)), 1)::float8 AS shares,
        max({RATED_US}) AS newest_us, {count}, {added}
    FROM seen GROUP BY {listed}source_id, traits, topics
),
summed AS (
    SELECT {listed}source_id, happened, traits, other_traits, star, other_star, sign, {MIXED} AS topic,
        max({RATED_US}) AS newest_us, {count}, {added}
    FROM seen GROUP BY {listed}source_id, happened, traits, other_traits, star, other_star, sign
    UNION ALL
    SELECT {listed}source_id, {MIXED}, traits, {MIXED}, {ABSENT}, {ABSENT}, 0, topic, max(newest_us), sum(changes),
        {", ".join(f"sum({name} / shares)" for name in names)}
    FROM by_topics CROSS JOIN LATERAL (
        SELECT bit AS topic FROM generate_series(0, {OTHER_TOPIC}) AS bit WHERE topics > 0 AND topics >> bit & 1 = 1
        UNION ALL SELECT {NO_TOPIC} WHERE topics = 0
        UNION ALL SELECT {NOT_SORTED} WHERE coalesce(topics, -1) = -1
    ) AS of_review
    GROUP BY {listed}source_id, traits, topic
)"""


def weight(half_life_us: str, at_us: str) -> str:
    """Return what an entry weighs at an instant while its profile's own weights are 1; 1 where nothing fades."""
    return f"power(2::float8, greatest(-{MAX_EXPONENT}, coalesce(({RATED_US} - {at_us})::float8 / {half_life_us}, 0)))"


_OF_PREFIX = f"tenant_id = $1 AND {is_within('subject', '$2')}"
_AT_ONCE = ("sign * rating * w AS a", "sign * w AS b")
_READ_US, _HALF_LIFE_US = "$5::bigint", "$6::float8"
STRETCHES = "unnest($3::timestamptz[], $4::timestamptz[]) AS stretch (after, until)"
# OFFSET 0 keeps the subject out of the choice of an index: there may be a million below the prefix.
BY_TIME: Final = f"""(
    SELECT found.* FROM {STRETCHES} CROSS JOIN LATERAL (
        SELECT * FROM {shown_between("stretch.after", "stretch.until")} AS shown OFFSET 0
    ) AS found WHERE {is_within("found.subject", "$2")}
)"""
BY_SUBJECT: Final = f"""(
    SELECT ledger.* FROM {STRETCHES} CROSS JOIN ledger
    WHERE {_OF_PREFIX} AND (({SHOWN_AT} > stretch.after AND {SHOWN_AT} <= stretch.until) IS TRUE)
)"""
"""Entries of a subject ($1: the tenant, $2: it) that are shown in stretches of time ($3, $4), found by the subject."""


def _read(entries: str) -> str:
    return f"""
WITH {summed(f"SELECT *, {weight(_HALF_LIFE_US, _READ_US)} AS w FROM ({as_seen(entries, '$2')}) AS seen", _AT_ONCE)}
SELECT * FROM summed
"""


_READ_BY_TIME, _READ_BY_SUBJECT = _read(BY_TIME), _read(BY_SUBJECT)
_FACTOR = f"""
power(2::float8, greatest(-{MAX_EXPONENT}, least({MAX_EXPONENT},
    coalesce(((span >> ({LANDMARK_BITS} - bits) << {LANDMARK_BITS})::bigint * {DAY_US} - $5::bigint) / $6::float8, 0))))
"""


def _of_spans(a: str, b: str) -> str:
    """Return what reads spans, by the columns that have sums of ratings by weight, and of weights."""
    return f"""
SELECT {", ".join(KEY)}, max(newest_us) AS newest_us, sum(changes) AS changes, sum(factor * {a}) AS a,
    sum(factor * {b}) AS b
FROM (
    SELECT moves.*, {_FACTOR} AS factor
    FROM unnest($3::smallint[], $4::int[]) AS wanted (grain, span)
    JOIN (VALUES {", ".join(f"({grain}, {bits})" for grain, bits in enumerate(GRAIN_BITS))}) AS grains (grain, bits)
        USING (grain)
    JOIN moves USING (grain, span) WHERE tenant_id = $1 AND prefix = $2
) AS found
GROUP BY {", ".join(KEY)}
"""


_OF_SPANS: Final = {half_life_us: _of_spans(f"{name}_a", f"{name}_b") for half_life_us, name in HALF_LIVES.items()}
_TOTALS_OF_SPANS = _of_spans("total", "n")
_SUMMED_UNTIL = """
SELECT next_day, ARRAY(
    SELECT DISTINCT day FROM changed_days WHERE tenant_id = $1 AND day >= $3 AND day < next_day
) AS changed
FROM summed_prefixes WHERE tenant_id = $1 AND prefix = $2
"""

DAY: Final = day_of(SHOWN_AT)
_LANDMARK_US = f"((span >> {LANDMARK_BITS} << {LANDMARK_BITS})::bigint * {DAY_US})"
ALL_SUMS = (
    "sign * rating AS total",
    "sign AS n",
    *(
        each
        for name in HALF_LIVES.values()
        for each in (f"sign * rating * {name}_w AS {name}_a", f"sign * {name}_w AS {name}_b")
    ),
)
_PATHS = "string_to_array(subject, '/') AS parts, generate_series(1, cardinality(parts)) AS depth"
_OF_DAYS = f"""(
    SELECT shown.*, summing.prefix, {DAY} AS span FROM {shown_between("$3::timestamptz", "$4::timestamptz")} AS shown,
        {_PATHS}, unnest($2::text[]) AS summing (prefix)
    WHERE summing.prefix = array_to_string(parts[1:depth], '/') COLLATE "C"
)"""
WEIGHED = ", ".join(f"{weight(str(us), _LANDMARK_US)} AS {name}_w" for us, name in HALF_LIVES.items())
_SUM_DAYS = f"""
WITH {
    summed(
        f"SELECT *, {WEIGHED} FROM ({as_seen(_OF_DAYS, 'prefix', 'prefix', 'span')}) AS seen",
        ALL_SUMS,
        "prefix",
        "span",
    )
}
INSERT INTO moves ({_MOVES.listed})
SELECT {_MOVES.selected({"tenant_id": "$1", "grain": "0"})} FROM summed
"""
_NUMBERS: Final = ("changes", "total", "n", *(f"{name}_{each}" for name in HALF_LIVES.values() for each in "ab"))
_SUM_SPANS = f"""
INSERT INTO moves ({_MOVES.listed})
SELECT tenant_id, prefix, $3, span >> $4::int, {", ".join(KEY)}, max(newest_us),
    {", ".join(f"sum({name})" for name in _NUMBERS)}
FROM moves WHERE tenant_id = $1 AND prefix = ANY($2::text[]) AND grain = 0 AND span >= $5 AND span < $6
GROUP BY tenant_id, prefix, span >> $4::int, {", ".join(KEY)}
"""
_DELETE_SPANS = """
DELETE FROM moves WHERE tenant_id = $1 AND prefix = ANY($2::text[]) AND grain = $3 AND span >= $4 AND span < $5
"""
_NEW_PREFIXES = """
INSERT INTO summed_prefixes (tenant_id, prefix, next_day)
SELECT celled.tenant_id, celled.prefix, (first.known_at AT TIME ZONE 'UTC')::date - DATE '1970-01-01'
FROM celled_prefixes AS celled CROSS JOIN LATERAL (
    SELECT known_at FROM ledger WHERE ledger.tenant_id = celled.tenant_id ORDER BY known_at LIMIT 1
) AS first
WHERE NOT EXISTS (
    SELECT FROM summed_prefixes AS known WHERE known.tenant_id = celled.tenant_id AND known.prefix = celled.prefix
)
ON CONFLICT DO NOTHING
"""
_TAKE_CHANGED = """
DELETE FROM changed_days WHERE id IN (SELECT id FROM changed_days ORDER BY id LIMIT $1) RETURNING tenant_id, day
"""
_BEHIND = """
SELECT tenant_id, next_day, array_agg(prefix) AS prefixes FROM summed_prefixes
WHERE next_day < $1 GROUP BY tenant_id, next_day ORDER BY next_day LIMIT 1
"""
_PREFIXES_PAST = "SELECT prefix, next_day FROM summed_prefixes WHERE tenant_id = $1 AND next_day > $2"
_CHUNK_END = "SELECT known_at FROM ledger WHERE tenant_id = $1 AND known_at >= $2 ORDER BY known_at OFFSET $3 LIMIT 1"
_ADVANCE = "UPDATE summed_prefixes SET next_day = $3 WHERE tenant_id = $1 AND prefix = ANY($2::text[])"
_NOTE_REVIEW_DAYS = f"""
INSERT INTO changed_days (tenant_id, day)
SELECT DISTINCT tenant_id, {DAY} FROM ledger WHERE tenant_id = $1 AND review_id = $2::uuid
"""


class SummedUntil(msgspec.Struct, frozen=True):
    """How far a subject's changes are summed."""

    next_day: int
    """Those shown before this day are, since 1970 in UTC."""
    changed: Sequence[int]
    """Days before it whose sums are old."""


class Behind(msgspec.Struct, frozen=True):
    """Large subjects of a tenant whose sums end at one day."""

    tenant_id: str
    next_day: int
    prefixes: Sequence[str]


async def summed_until(tx: Tx, tenant_id: str, subject: str, from_day: int) -> SummedUntil | None:
    """Return how far a subject's changes are summed, and which days from one on are old; None where none are."""
    row = await tx.raw.fetchrow(_SUMMED_UNTIL, tenant_id, subject, from_day)
    return None if row is None else SummedUntil(row["next_day"], row["changed"])


async def read(
    tx: Tx, tenant_id: str, subject: str, found: ShownPieces, read_us: int, half_life_us: int | None, *, is_large: bool
) -> list[Moved]:
    """Return what was shown of a subject in pieces of time; from the ledger alone where its sums are damaged.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        subject: it; all below it counts.
        found: the pieces. There are sums of half-lives in `HALF_LIVES` and of what never fades alone.
        read_us: the instant that weights are as of.
        half_life_us: which; None where nothing fades.
        is_large: whether the subject has more entries than a few days of its tenant.
    """
    rows: list[Any] = []
    stretches = found.stretches
    if found.spans:
        grains, spans = zip(*found.spans, strict=True)
        statement = _TOTALS_OF_SPANS if half_life_us is None else _OF_SPANS[half_life_us]
        rows += await tx.raw.fetch(statement, tenant_id, subject, grains, spans, read_us, half_life_us)
        if not all(are_sound((row["a"], row["b"], row["changes"])) for row in rows):
            rows, stretches = [], [found.window]
    if stretches:
        statement = _READ_BY_TIME if is_large else _READ_BY_SUBJECT
        times = bounds(stretches)
        rows += await tx.raw.fetch(statement, tenant_id, subject, *times, read_us, half_life_us)
    return [_moved(row) for row in rows]


def bounds(stretches: Sequence[ShownStretch]) -> tuple[list[datetime], list[datetime]]:
    """Return the instants that stretches begin after and end with, as statements take them."""
    return [time_of(each.after_us) for each in stretches], [time_of(each.until_us) for each in stretches]


async def name_new(tx: Tx) -> None:
    """Note subjects that have become large: nothing of them is summed yet."""
    await tx.raw.execute(_NEW_PREFIXES)


async def take_changed(tx: Tx, limit: int) -> dict[str, set[int]]:
    """Return tenant → past days of which the ledger has learned more, and forget that."""
    found: dict[str, set[int]] = {}
    for row in await tx.raw.fetch(_TAKE_CHANGED, limit):
        found.setdefault(row["tenant_id"], set()).add(row["day"])
    return found


async def prefixes_past(tx: Tx, tenant_id: str, day: int) -> dict[str, int]:
    """Return subject → the day that its sums end at, of those of a tenant that have sums of a day."""
    rows = await tx.raw.fetch(_PREFIXES_PAST, tenant_id, day)
    return {row["prefix"]: row["next_day"] for row in rows}


async def behind(tx: Tx, end_day: int) -> Behind | None:
    """Return large subjects that are not summed up to a day, those that are furthest behind; None without any."""
    row = await tx.raw.fetchrow(_BEHIND, end_day)
    return None if row is None else Behind(*row)


async def chunk_end(tx: Tx, tenant_id: str, day: int, entries: int) -> int | None:
    """Return the day that is so many entries of a tenant after another; None if there are not so many."""
    known_at = await tx.raw.fetchval(_CHUNK_END, tenant_id, time_of(day * DAY_US), entries)
    return None if known_at is None else (known_at - EPOCH).days


async def sum_days(tx: Tx, tenant_id: str, prefixes: Sequence[str], first_day: int, end_day: int) -> None:
    """Sum days of subjects that have no sums of them."""
    times = (time_of(first_day * DAY_US - 1), time_of(end_day * DAY_US - 1))
    await tx.raw.execute(_SUM_DAYS, tenant_id, prefixes, *times)


async def sum_spans(tx: Tx, tenant_id: str, prefixes: Sequence[str], grain: int, first: int, end: int) -> None:
    """Sum spans of a grain, from one until before another, of their days."""
    bits = GRAIN_BITS[grain]
    await tx.raw.execute(_SUM_SPANS, tenant_id, prefixes, grain, bits, first << bits, end << bits)


async def delete_spans(tx: Tx, tenant_id: str, prefixes: Sequence[str], grain: int, first: int, end: int) -> None:
    """Delete the sums of spans of a grain, from one until before another."""
    await tx.raw.execute(_DELETE_SPANS, tenant_id, prefixes, grain, first, end)


async def advance(tx: Tx, tenant_id: str, prefixes: Sequence[str], next_day: int) -> None:
    """Note up to which day subjects are summed."""
    await tx.raw.execute(_ADVANCE, tenant_id, prefixes, next_day)


async def note_review_days(tx: Tx, tenant_id: str, review_id: str) -> None:
    """Note that what is summed of the days on which changes of a review are shown is old."""
    await tx.raw.execute(_NOTE_REVIEW_DAYS, tenant_id, review_id)


def _moved(row: Any) -> Moved:
    return Moved(
        str(row["source_id"]),
        *(row[name] for name in (*KEY[1:], "newest_us", "changes", "a", "b")),
    )
