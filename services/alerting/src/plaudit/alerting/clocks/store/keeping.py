"""Clocks as they stand, and the logs that they are folded from."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from plaudit.alerting.calendars.domain import CalendarRef
from plaudit.alerting.clocks.domain.about import About
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, Stream
from plaudit.alerting.clocks.domain.clock import root_of as group_of
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, from_json, to_json
from plaudit.alerting.clocks.domain.run import NO_PAUSES, Run, pauses_of
from plaudit.alerting.clocks.tables import clock_events, clocks
from plaudit.alerting.policies.domain.revisions import PolicyRef
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

KEPT_REFS: Final = 1_000
LEAST_ALIKE: Final = 20
"""Clocks that share an event, from which on it is sent once."""
_ABOUT: Final[Mapping[str, str]] = {name: name for name in About.__struct_fields__} | {
    "kind": "about_kind",
    "id": "about_id",
}
_PINNED: Final = frozenset(("policy", "calendar", "pauses"))
"""Fields of a run that are more or other than a column."""
_RUN: Final[Mapping[str, str]] = {name: name for name in Run.__struct_fields__ if name not in _PINNED} | {
    "number": "run"
}
"""Field → column, of the two parts of a clock, in the order of the struct's fields."""

CLOCK: Final = Columns(
    clocks,
    {column: f"about.{field}" for field, column in _ABOUT.items()}
    | {column: f"run.{field}" for field, column in _RUN.items()}
    | {"policy_id": "run.policy.id", "policy_revision": "run.policy.revision", "policy_class": "run.policy.name"}
    | {"calendar": "run.calendar_name", "calendar_revision": "run.calendar_revision", "pauses": "run.pauses_json"}
    | {"state": "run.state", "waiting": "run.waiting", "topic": "stream.topic", "partition": "stream.partition"},
    without=("review_id", "settled_due_at"),
)


def _of_row(columns: Iterable[str]) -> Callable[[Record], tuple[Any, ...]]:
    """Return a function that takes these columns out of a row of `CLOCK`."""
    return itemgetter(*map(CLOCK.names.index, columns))


_about_of: Final = _of_row(_ABOUT.values())
_policy_of: Final = _of_row(("policy_id", "policy_revision", "policy_class"))
_stream_of: Final = _of_row(("topic", "partition"))
_apart_of: Final = _of_row(("pauses", "calendar", "calendar_revision"))
_until_stream: Final = _of_row(("tenant_id", "id", "metric", "review_revision"))
_after_run: Final = _of_row(("instance", "erased_at", "answers"))


def _fields_of_run(after: str, before: str | None) -> Callable[[Record], tuple[Any, ...]]:
    """Return a function that takes the fields of a run between two others out of a row, in the order of the struct."""
    fields = Run.__struct_fields__
    end = None if before is None else fields.index(before)
    return _of_row(_RUN[name] for name in fields[fields.index(after) + 1 : end])


# By position: a run with its fields by name takes twice as long.
_until_calendar: Final = _fields_of_run("policy", "calendar")
_until_pauses: Final = _fields_of_run("calendar", "pauses")
_after_pauses: Final = _fields_of_run("pauses", None)

# They are few, and looked up by: those that are known hash and compare faster than new ones.
_stream: Final = lru_cache(maxsize=KEPT_REFS)(Stream)
_policy: Final = lru_cache(maxsize=KEPT_REFS)(PolicyRef)
_calendar: Final = lru_cache(maxsize=KEPT_REFS)(CalendarRef)

_ENTRY: Final = Columns(
    clock_events,
    {"tenant_id": "clock.tenant_id", "clock_id": "clock.id", "happened_at": "event.at"},
    without=("id", "recorded_at", "event"),
)

# Each clock is looked up by itself: joined freely, a plan made while the table was small reads all of it.
_LOAD = f"""
SELECT {CLOCK.of("c")}
FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, id)
CROSS JOIN LATERAL (SELECT * FROM clocks WHERE tenant_id = k.tenant_id AND id = k.id OFFSET 0) c
"""

# Of a clock that has gone on to another generation no row is made.
_LOAD_IN_GENERATION = f"""
SELECT {CLOCK.of("c")}
FROM unnest($1::text[], $2::uuid[], $3::int[]) AS k (tenant_id, id, generation)
CROSS JOIN LATERAL (
    SELECT * FROM clocks
    WHERE tenant_id = k.tenant_id AND id = k.id AND generation = coalesce(k.generation, generation) OFFSET 0
) c
"""

# All clocks about a review: few, and the newest instance of each metric is what its changes are decided by.
_LOAD_ABOUT = f"""
SELECT {CLOCK.of("c")}
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, review_id)
CROSS JOIN LATERAL (SELECT * FROM clocks WHERE tenant_id = k.tenant_id AND review_id = k.review_id OFFSET 0) c
"""

_WAITING_FOR = f"""
SELECT {CLOCK.of("c")}
FROM unnest($1::text[], $2::text[]) AS k (tenant_id, person)
CROSS JOIN LATERAL (
    SELECT * FROM clocks WHERE tenant_id = k.tenant_id AND person = k.person AND waiting OFFSET 0
) c
"""

_ABOUT_OF = "SELECT about_kind, about_id FROM clocks WHERE tenant_id = $1 AND id = $2"

_SAVE = f"""
INSERT INTO clocks ({CLOCK.listed}) SELECT {CLOCK.unnested()}
ON CONFLICT (tenant_id, id) DO UPDATE SET {CLOCK.excluded(keep=("topic", "partition"))}
"""

# Events travel as text: the driver encodes an array of jsonb element by element in Python.
_APPEND = f"""
INSERT INTO clock_events (recorded_at, event, {_ENTRY.listed})
SELECT $1, unnest($2::text[])::jsonb, {_ENTRY.unnested(3)}
"""

# Of clocks that move together, the few events that are the same for many are sent and read once.
_APPEND_SAME = """
INSERT INTO clock_events (recorded_at, tenant_id, event, kind, happened_at, clock_id)
SELECT $1, ($2::text[])[same], ($3::jsonb[])[same], ($4::text[])[same], ($5::timestamptz[])[same], clock_id
FROM (SELECT unnest($6::int[]) AS same, unnest($7::uuid[]) AS clock_id) AS e
"""

# A note may say something about a customer.
_EMPTY_NOTES = """
UPDATE clock_events SET event = event - 'note' WHERE tenant_id = $1 AND clock_id = $2 AND event ->> 'note' IS NOT NULL
"""

_LOGS = """
SELECT k.tenant_id, k.clock_id, e.event::text FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, clock_id)
CROSS JOIN LATERAL (
    SELECT id, event FROM clock_events WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id ORDER BY id
) e
ORDER BY k.tenant_id, k.clock_id, e.id
"""

_BEGAN = """
SELECT k.tenant_id, k.clock_id, e.recorded_at FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, clock_id)
CROSS JOIN LATERAL (
    SELECT recorded_at FROM clock_events WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id AND kind = 'started'
    ORDER BY id DESC LIMIT 1
) e
"""

_LOG = "SELECT event::text, recorded_at FROM clock_events WHERE tenant_id = $1 AND clock_id = $2 ORDER BY id"

ReviewKey = tuple[str, str]
"""(tenant, review id)."""


async def began_recorded(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, datetime]:
    """Return when the start of the present run of each of these clocks was written."""
    rows = await tx.raw.fetch(_BEGAN, [tenant_id for tenant_id, _ in keys], [clock for _, clock in keys])
    return {(row["tenant_id"], row["clock_id"]): row["recorded_at"] for row in rows}


async def load(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, Clock]:
    """Return those of the clocks that exist."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOAD, [tenant_id for tenant_id, _ in keys], [clock for _, clock in keys])
    return {clock.key: clock for clock in map(clock_of, rows)}


async def load_in_generation(tx: Tx, keys: Collection[tuple[str, UUID, int | None]]) -> dict[ClockKey, Clock]:
    """Return those of the clocks that are in a generation, each key with it; in any, where it has none."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOAD_IN_GENERATION, *([key[place] for key in keys] for place in range(3)))
    return {clock.key: clock for clock in map(clock_of, rows)}


async def load_about(tx: Tx, reviews: Collection[ReviewKey]) -> list[Clock]:
    """Return all clocks about these reviews."""
    if not reviews:
        return []
    rows = await tx.raw.fetch(_LOAD_ABOUT, [tenant_id for tenant_id, _ in reviews], [review for _, review in reviews])
    return [clock_of(row) for row in rows]


async def waiting_for(tx: Tx, persons: Collection[tuple[str, str]]) -> list[Clock]:
    """Return the clocks that wait for a contact with one of these persons, each (tenant, person key)."""
    if not persons:
        return []
    rows = await tx.raw.fetch(_WAITING_FOR, [tenant_id for tenant_id, _ in persons], [person for _, person in persons])
    return [clock_of(row) for row in rows]


async def root_of(tx: Tx, key: ClockKey) -> UUID | None:
    """Return the group of a clock, under whose order key it changes; none where there is no such clock."""
    row = await tx.raw.fetchrow(_ABOUT_OF, *key)
    return None if row is None else group_of(key[0], row["about_kind"], row["about_id"])


async def empty_notes(tx: Tx, clocks: Collection[ClockKey]) -> None:
    """Delete what people noted in the logs of these clocks: it may say something about a customer."""
    if clocks:
        await tx.raw.executemany(_EMPTY_NOTES, clocks)


async def save(tx: Tx, changed: Collection[Clock]) -> None:
    """Write clocks as they stand now, new ones and known ones."""
    if changed:
        await tx.raw.execute(_SAVE, *CLOCK.arrays(changed))


async def append(tx: Tx, entries: Sequence[LogEntry]) -> None:
    """Append to the logs of clocks."""
    if not entries:
        return
    # Events that clocks share are one and the same: they need not be compared.
    numbers: dict[tuple[str, int], int] = {}
    of_each: list[LogEntry] = []
    same: list[int] = []
    for entry in entries:
        key = entry.clock.tenant_id, id(entry.event)
        number = numbers.get(key)
        if number is None:
            of_each.append(entry)
            numbers[key] = number = len(of_each)
        same.append(number)
    if len(of_each) * LEAST_ALIKE <= len(entries):
        await _append_same(tx, entries, of_each, same)
    else:
        events = [to_json(entry.event) for entry in entries]
        await tx.raw.execute(_APPEND, tx.now, events, *_ENTRY.arrays(entries))


async def _append_same(tx: Tx, entries: Sequence[LogEntry], of_each: Sequence[LogEntry], same: Sequence[int]) -> None:
    """Append events that many clocks share; one entry of each is given, and for each clock which it is, from 1."""
    await tx.raw.execute(
        _APPEND_SAME,
        tx.now,
        [entry.clock.tenant_id for entry in of_each],
        [to_json(entry.event) for entry in of_each],
        [entry.kind for entry in of_each],
        [entry.event.at for entry in of_each],
        same,
        [entry.clock.id for entry in entries],
    )


async def log_of(tx: Tx, tenant_id: str, clock_id: UUID) -> list[tuple[ClockEvent, datetime]]:
    """Return a clock's log, oldest first: each event, and when it was recorded."""
    rows = await tx.raw.fetch(_LOG, tenant_id, clock_id)
    return [(from_json(row["event"]), row["recorded_at"]) for row in rows]


async def logs_of(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, list[ClockEvent]]:
    """Return the logs of clocks, oldest first, of those that have one."""
    rows = await tx.raw.fetch(_LOGS, [tenant_id for tenant_id, _ in keys], [clock for _, clock in keys])
    logs: dict[ClockKey, list[ClockEvent]] = {}
    for row in rows:
        logs.setdefault((row["tenant_id"], row["clock_id"]), []).append(from_json(row["event"]))
    return logs


def clock_of(row: Record) -> Clock:
    """Return the clock of a row that has all of `CLOCK`, in their order, before anything else."""
    # By position: a clock with its fields by name takes longer.
    tenant_id, clock_id, metric, revision = _until_stream(row)
    stream = _stream(*_stream_of(row))
    return Clock(tenant_id, clock_id, metric, stream, revision, About(*_about_of(row)), _run(row), *_after_run(row))


def _run(row: Record) -> Run:
    pauses, calendar, revision = _apart_of(row)
    fields: tuple[Any, ...] = (
        _policy(*_policy_of(row)),
        *_until_calendar(row),
        None if calendar is None else _calendar(calendar, revision),
        *_until_pauses(row),
        () if pauses == NO_PAUSES else pauses_of(pauses),
        *_after_pauses(row),
    )
    return Run(*fields)
