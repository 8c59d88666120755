"""Every statement over published scores, and those that take marks. `sums/store.py` appends marks."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final, NamedTuple

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns, under
from plaudit.common.db.subjects import is_within
from plaudit.scoring.half_lives.tables import ROW
from plaudit.scoring.profiles.domain import BUILT_IN, Profile, profile_of
from plaudit.scoring.publishing.domain import Mark, OwnProfiles, Place, Published, ScoreKey, SubjectSums
from plaudit.scoring.publishing.tables import published_scores
from plaudit.scoring.sums.domain.decay import Sums
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart, Part
from plaudit.scoring.sums.tables import INTEGERS

ANY_WORK: Final = """
SELECT EXISTS (SELECT FROM marks) OR EXISTS (SELECT FROM published_scores WHERE next_change_at <= {now})
"""
"""Whether there may be anything to publish; for `Database.holds`."""
MAX_MARKS: Final = 500
_LAST_TENANT: Final = "~"
"""No name of a tenant comes after it."""

_MARKS = f"""
SELECT id, marked_at, row_ids FROM (
    SELECT *, sum(cardinality(row_ids)) OVER (ORDER BY id) - cardinality(row_ids) AS ids_before
    FROM (SELECT * FROM marks ORDER BY id LIMIT {MAX_MARKS}) AS oldest
) AS counted
WHERE ids_before < $1 ORDER BY id
"""
_PREFIXES = "SELECT id, tenant_id, prefix FROM sums WHERE id = ANY($1::bigint[])"
# A mark that is locked is another publisher's, who deletes it and marks anew what it has not published, or keeps it.
_DELETE_MARKS = """
DELETE FROM marks WHERE id = ANY (ARRAY(SELECT id FROM marks WHERE id = ANY ($1::bigint[]) FOR UPDATE SKIP LOCKED))
RETURNING id
"""
_EPOCH = "(SELECT epoch FROM relay_cursor WHERE name = 'outbox')"
_WANTED = "unnest($1::text[], $2::text[]) AS wanted (tenant_id, prefix)"
# LIMIT keeps each look-up by itself: the planner would else read the whole table to join it with many.
_LAST = f"""
SELECT last.* FROM {_WANTED}
CROSS JOIN LATERAL (
    SELECT tenant_id, prefix, number, published_at, next_change_at, epoch = {_EPOCH} AS is_held, profiles
    FROM published_scores AS p
    WHERE p.tenant_id = wanted.tenant_id AND p.prefix = wanted.prefix LIMIT 1
) AS last
"""


def _total(name: str) -> str:
    if name == "newest_us":
        return f"max({name}) AS {name}"
    return f"sum({name})::{_type(name)} AS {name}"


def _type(name: str) -> str:
    return "bigint" if name in INTEGERS else "float8"


def _rows(columns: Iterable[str], key: str, half_life: str, inner: str) -> str:
    """Return a query of the rows of sums of subjects, in columns that both kinds of sums share; others are NULL."""
    found = frozenset(columns)
    numbers = ", ".join(name if name in found else f"NULL::{_type(name)} AS {name}" for name in _NUMBERS)
    return f"""
SELECT wanted.tenant_id, wanted.prefix, source_id, traits, {key}::bigint, {half_life} AS half_life_us, {numbers}
FROM {inner}
"""


_NUMBERS: Final = tuple(dict.fromkeys((*KeptSums._fields, *ROW)))
_OF_ALL: Final = f"""{_WANTED}
CROSS JOIN LATERAL (
    SELECT source_id::text AS source_id, traits, block, {", ".join(map(_total, KeptSums._fields))} FROM sums AS s
    WHERE s.tenant_id = wanted.tenant_id AND s.prefix = wanted.prefix GROUP BY s.source_id, traits, block
) AS kept"""
_OF_TENANTS: Final = f"""unnest($3::text[], $4::text[], $5::bigint[]) AS wanted (tenant_id, prefix, half_life_us)
CROSS JOIN LATERAL (
    SELECT source_id::text AS source_id, traits, landmark, {", ".join(map(_total, ROW))} FROM tenant_sums AS s
    WHERE s.tenant_id = wanted.tenant_id AND s.half_life_us = wanted.half_life_us AND s.prefix = wanted.prefix
    GROUP BY s.source_id, traits, landmark
) AS own"""
_SUMS: Final = _rows(KeptSums._fields, "block", "NULL::bigint", _OF_ALL)
# One statement, so that the figures of all profiles are of the same reviews.
_ALL_SUMS: Final = f"{_SUMS} UNION ALL {_rows(ROW, 'landmark', 'wanted.half_life_us', _OF_TENANTS)}"
_KEPT_NUMBERS: Final = itemgetter(*(_NUMBERS.index(name) for name in KeptSums._fields))
_OWN_NUMBERS: Final = itemgetter(*(_NUMBERS.index(name) for name in Sums._fields))
_NEWEST: Final = _NUMBERS.index("newest_us")

# A profile can be read by if its half-life is one that every tenant has, or is kept.
_LATEST: Final = """
SELECT *, parameters IS NOT NULL AND (half_life_us IS NULL OR half_life_us = ANY($1::bigint[]) OR EXISTS (
    SELECT FROM half_lives AS h
    WHERE h.tenant_id = latest.tenant_id AND h.half_life_us = latest.half_life_us AND h.phase = 'kept'
)) AS is_ready
FROM (SELECT DISTINCT ON (tenant_id, name) * FROM profile_revisions WHERE {which}
      ORDER BY tenant_id, name, revision DESC) AS latest
"""
# A revision never changes, so its name and number say all of it.
_TOLD: Final = """
coalesce(('x' || left(md5(string_agg(name || ' ' || revision, ',' ORDER BY name COLLATE "C")
    FILTER (WHERE is_ready)), 16))::bit(64)::bigint, 0) AS told
"""
_OWN: Final = f"""
SELECT tenant_id, {_TOLD}, array_agg(name ORDER BY name COLLATE "C") AS names,
    array_agg(parameters ORDER BY name COLLATE "C") AS parameters
FROM ({_LATEST.format(which="tenant_id = ANY($2::text[])")}) AS ready WHERE is_ready GROUP BY tenant_id
"""
_PRESENT: Final = f"""
SELECT tenant_id, {_TOLD} FROM ({_LATEST.format(which="true")}) AS present GROUP BY tenant_id
"""
# Revisions are only added, so their number and the newest say whether there are others; a half-life may be kept or not.
_STATE: Final = """
SELECT (SELECT count(*) FROM profile_revisions), (SELECT max(changed_at) FROM profile_revisions), (
    SELECT coalesce(sum(hashtextextended(tenant_id || ' ' || half_life_us, 0)), 0) FROM half_lives WHERE phase = 'kept'
)
"""
# As many marks as are needed: whoever sums anew looks at all rows of a subject.
_MARK_DAMAGED: Final = """
INSERT INTO rounded_sums (sums_id)
SELECT min(id) FROM sums JOIN unnest($1::text[], $2::text[]) AS damaged (tenant_id, prefix) USING (tenant_id, prefix)
GROUP BY tenant_id, prefix HAVING min(id) <> ALL (SELECT sums_id FROM rounded_sums)
"""
_MARK_DAMAGED_OWN: Final = """
INSERT INTO rounded_tenant_sums (tenant_id, prefix, half_life_us)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
EXCEPT SELECT tenant_id, prefix, half_life_us FROM rounded_tenant_sums
"""
_KEPT_FOR_ALL: Final = [each.half_life_us for each in BUILT_IN.values() if each.half_life_us is not None]

_KEPT = Columns(published_scores, under("key", "tenant_id", "prefix"), without=("epoch", "xid"))
_KEEP = f"""
INSERT INTO published_scores ({_KEPT.listed}, epoch)
SELECT {_KEPT.listed}, {_EPOCH} FROM {_KEPT.unnest()} AS published ({_KEPT.listed})
ON CONFLICT (tenant_id, prefix) DO UPDATE SET {_KEPT.excluded()}, epoch = excluded.epoch, xid = excluded.xid
"""
_DUE = """
SELECT tenant_id, prefix FROM published_scores
WHERE next_change_at <= $1 AND (tenant_id, prefix) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))
ORDER BY next_change_at LIMIT $2
"""
_WALKED = f"""
WITH walked AS MATERIALIZED (
    SELECT DISTINCT tenant_id, prefix FROM sums WHERE (tenant_id, prefix) > ($2, $3) AND tenant_id <= $4
    ORDER BY tenant_id, prefix LIMIT $5
), own AS MATERIALIZED (
    SELECT tenant_id, {_TOLD}
    FROM ({_LATEST.format(which="tenant_id = ANY (ARRAY(SELECT tenant_id FROM walked))")}) AS present GROUP BY tenant_id
)
SELECT tenant_id, prefix, NOT EXISTS (
    SELECT FROM published_scores AS p
    WHERE p.tenant_id = walked.tenant_id AND p.prefix = walked.prefix AND p.epoch = {_EPOCH}
        AND p.profiles = coalesce(own.told, 0)
) AS is_missing
FROM walked LEFT JOIN own USING (tenant_id) ORDER BY tenant_id, prefix
"""
# Only where all transactions have ended: so nothing new comes before what was read.
_EVENTS = f"""
SELECT xid, prefix, data FROM published_scores
WHERE tenant_id = $1 AND (xid, prefix) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot())
AND ($4::text IS NULL OR prefix = $4)
AND ($5::text IS NULL OR {is_within("prefix", "$5")})
ORDER BY xid, prefix LIMIT $6
"""
_END = "SELECT pg_snapshot_xmin(pg_current_snapshot())"


class ProfilesState(NamedTuple):
    """What is other where any tenant's profiles that scores can be read by are others."""

    revisions: int
    changed_at: datetime | None
    kept: Decimal
    """A digest of the half-lives that are kept."""


class ToldEvent(NamedTuple):
    """The data of a subject's last event, and its place among all."""

    place: Place
    data: bytes


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """The last event of a subject, as a row."""

    key: ScoreKey
    number: int
    published_at: datetime
    next_change_at: datetime | None
    data: bytes
    profiles: int
    """`OwnProfiles.told` of those that the event has."""


async def marks(tx: Tx, limit: int) -> list[Mark]:
    """Return the oldest marks, of at least so many rows if there are so many. Locks nothing and assigns no xid."""
    return [Mark(**row) for row in await tx.raw.fetch(_MARKS, limit)]


async def prefixes_of(tx: Tx, row_ids: Collection[int]) -> dict[int, ScoreKey]:
    """Return row id → whose row of sums it is; one that is gone is left out."""
    rows = await tx.raw.fetch(_PREFIXES, sorted(row_ids))
    return {row["id"]: ScoreKey(row["tenant_id"], row["prefix"]) for row in rows}


async def delete_marks(tx: Tx, mark_ids: Sequence[int]) -> set[int]:
    """Delete marks; return the ids of those that were deleted. Marks that another publisher has in hand are left."""
    return {row["id"] for row in await tx.raw.fetch(_DELETE_MARKS, mark_ids)}


async def last_published(tx: Tx, keys: Collection[ScoreKey]) -> dict[ScoreKey, Published]:
    """Return what is known of the last events of subjects that were ever published."""
    rows = await tx.raw.fetch(_LAST, *_arrays(keys))
    return {ScoreKey(tenant_id, prefix): Published(*last) for tenant_id, prefix, *last in rows}


async def own_profiles(tx: Tx, tenants: Collection[str]) -> dict[str, OwnProfiles]:
    """Return tenant → the profiles of its own that scores can be read by; one without any is left out."""
    rows = await tx.raw.fetch(_OWN, _KEPT_FOR_ALL, list(tenants))
    return {row["tenant_id"]: OwnProfiles(row["told"], _profiles(row["names"], row["parameters"])) for row in rows}


async def present_profiles(tx: Tx) -> dict[str, int]:
    """Return tenant → `OwnProfiles.told` of those that it has now, of all that ever had a profile of their own."""
    return {row["tenant_id"]: row["told"] for row in await tx.raw.fetch(_PRESENT, _KEPT_FOR_ALL)}


async def profiles_state(tx: Tx) -> ProfilesState:
    """Return what tells whether any tenant's profiles have become others, at less than reading them costs."""
    row = await tx.raw.fetchrow(_STATE)
    assert row is not None
    return ProfilesState(*row)


async def sums_of(
    tx: Tx, keys: Collection[ScoreKey], half_lives: Mapping[str, Collection[int]]
) -> dict[ScoreKey, SubjectSums]:
    """Return the sums of subjects of any tenants, by source; one without sums is left out.

    Args:
        tx: the open transaction.
        keys: the subjects.
        half_lives: tenant → half-lives of its own that are kept, in microseconds.
    """
    own = [(*key, half_life) for key in keys for half_life in half_lives.get(key.tenant_id, ())]
    if own:
        rows = await tx.raw.fetch(_ALL_SUMS, *_arrays(keys), *zip(*own, strict=True))
    else:
        rows = await tx.raw.fetch(_SUMS, *_arrays(keys))
    kept: dict[ScoreKey, list[KeptPart]] = {}
    of_tenants: dict[ScoreKey, dict[int, list[Part]]] = {}
    for tenant_id, prefix, source_id, traits, block, half_life_us, *numbers in rows:
        key = ScoreKey(tenant_id, prefix)
        if half_life_us is None:
            part = KeptPart(source_id, traits, block, KeptSums._make(_KEPT_NUMBERS(numbers)))
            kept.setdefault(key, []).append(part)
        else:
            sums = Sums._make(_OWN_NUMBERS(numbers))
            part_of_own = Part(source_id, traits, block, sums, numbers[_NEWEST])
            of_tenants.setdefault(key, {}).setdefault(half_life_us, []).append(part_of_own)
    return {key: SubjectSums(parts, of_tenants.get(key, {})) for key, parts in kept.items()}


async def mark_damaged(tx: Tx, damaged: Mapping[ScoreKey, Collection[int | None]]) -> None:
    """Let sums that are damaged be summed anew at once: of these half-lives, None for those that every tenant has."""
    if kept := [key for key, half_lives in damaged.items() if None in half_lives]:
        await tx.raw.execute(_MARK_DAMAGED, *_arrays(kept))
    if own := [(*key, each) for key, half_lives in damaged.items() for each in half_lives if each is not None]:
        await tx.raw.execute(_MARK_DAMAGED_OWN, *zip(*own, strict=True))


async def keep(tx: Tx, events: Sequence[KeptEvent]) -> None:
    """Keep the last events of subjects, in place of those before. Their order keys must be held."""
    if events:
        await tx.raw.execute(_KEEP, *_KEPT.arrays(events))


async def due(tx: Tx, limit: int, left_alone: Collection[ScoreKey] = ()) -> list[ScoreKey]:
    """Return subjects whose stars have changed by time alone, the longest due first. Locks nothing.

    Args:
        tx: the open transaction.
        limit: at most so many.
        left_alone: none of these.
    """
    return [ScoreKey(*row) for row in await tx.raw.fetch(_DUE, tx.now, limit, *_arrays(left_alone))]


async def walk(tx: Tx, after: ScoreKey, limit: int, *, tenant_id: str | None = None) -> Mapping[ScoreKey, bool]:
    """Return the next subjects in order, and of each whether its score is missing in the topic that there is now.

    One that was told with other profiles than there are now is missing, too.

    Args:
        tx: the open transaction.
        after: only those that come after this one.
        limit: at most so many.
        tenant_id: only those of this tenant and of such before it, if given.
    """
    rows = await tx.raw.fetch(_WALKED, _KEPT_FOR_ALL, *after, _LAST_TENANT if tenant_id is None else tenant_id, limit)
    return {ScoreKey(row["tenant_id"], row["prefix"]): row["is_missing"] for row in rows}


async def events_after(
    tx: Tx, tenant_id: str, after: Place, subject: str | None, under: str | None, limit: int
) -> list[ToldEvent]:
    """Return the last events of a tenant's subjects, in their order.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        after: only those behind this place.
        subject: only of this subject, if given.
        under: only of this subject and what is below it, if given.
        limit: at most so many.
    """
    rows = await tx.raw.fetch(_EVENTS, tenant_id, *after, subject, under, limit)
    return [ToldEvent(Place(row["xid"], row["prefix"]), row["data"]) for row in rows]


async def end(tx: Tx) -> Place:
    """Return the place behind which all events are that are not final yet."""
    return Place(await tx.raw.fetchval(_END), "")


def _profiles(names: Iterable[str], parameters: Iterable[Mapping[str, Any]]) -> tuple[Profile, ...]:
    return tuple(profile_of(name, each) for name, each in zip(names, parameters, strict=True))


def _arrays(keys: Iterable[ScoreKey]) -> tuple[list[str], list[str]]:
    listed = list(keys)
    return [key.tenant_id for key in listed], [key.prefix for key in listed]
