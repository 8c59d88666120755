"""Writing what is new: the deliveries of a group, and the revisions, reviews and events that come of them.

Tenants and sources of a group are few: each is sent once, and rows name it by its number.
"""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Boolean, Column, SmallInteger

from plaudit.common.contracts.subjects import first_segment
from plaudit.common.db import Tx, one_trip
from plaudit.common.db.columns import Columns, relation, under
from plaudit.common.outbox.table import append_statement
from plaudit.ingest.deliveries.tables import OF_REPLAYS
from plaudit.ingest.deliveries.tables import deliveries as deliveries_table
from plaudit.ingest.hooks.domain import (
    Group,
    LoggedDelivery,
    ReviewKey,
)
from plaudit.ingest.reviews.domain.decisions import NewRevision
from plaudit.ingest.reviews.domain.held import HeldEvent, Unknown
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.domain.state_formats import STATE_FORMAT, encode_state
from plaudit.ingest.reviews.tables import held_events as held_events_table
from plaudit.ingest.reviews.tables import reviews as reviews_table
from plaudit.ingest.reviews.tables import revisions as revisions_table

_encode = msgspec.json.Encoder().encode
_encode_versions = msgspec.msgpack.Encoder().encode


class _NoState(msgspec.Struct, frozen=True):
    """In place of the state of an erased review, of which nothing is known."""

    subject: None = None
    kind: None = None
    rating: None = None
    severity: None = None
    published_at: None = None
    answered_at: None = None
    person: None = None
    verified: None = None
    origin: None = None
    spoken: None = None
    traits: None = None


_NO_STATE = _NoState()


class _DeliveryRow(msgspec.Struct, gc=False):
    logged: LoggedDelivery
    source_number: int
    quarantined: str | None
    set_aside: str | None
    latency_us: int | None


class _ChangeRow(msgspec.Struct, gc=False):
    """A revision, and its review after it."""

    new: NewRevision
    shown: ReviewState | _NoState
    source_number: int
    is_last: bool
    """Whether the group has no later revision of the review."""
    state: bytes | None
    part_versions: bytes | None
    state_format: int = STATE_FORMAT


_SOURCE_NUMBER: Column[int] = Column("source_number", SmallInteger)
_OF_SOURCE = ("tenant_id", "source_id")
_NEW_DELIVERIES = Columns(
    relation("new_deliveries", _SOURCE_NUMBER, *deliveries_table.c, without=(*_OF_SOURCE, "received_at", *OF_REPLAYS)),
    {
        "id": "logged.delivery.id",
        "dedup_id": "logged.dedup_id",
        "sent_id": "logged.delivery.sent_id",
        "status": "logged.outcome.status",
        "accepted": "logged.outcome.accepted",
        "unchanged": "logged.outcome.unchanged",
        "quarantine_reason": "logged.outcome.quarantine_reason",
        "headers": "logged.delivery.headers",
        "body": "logged.outcome.body",
        "scrubbed_at": "logged.outcome.scrubbed_at",
    },
)
_CHANGES = Columns(
    relation(
        "changes",
        _SOURCE_NUMBER,
        Column("is_last", Boolean),
        *reviews_table.c,
        *revisions_table.c,
        without=(*_OF_SOURCE, "id", "changed_at", "known_at", "actor", "xid"),
    ),
    {
        "review_id": "new.stored.review_id",
        "external_id": "new.stored.external_id",
        "revision": "new.stored.revision",
        "version": "new.stored.version",
        "removed": "new.stored.removed",
        "partition_key": "new.stored.partition_key",
        "delivery_id": "new.delivery_id",
        "type": "new.type",
        "erased_at": "new.stored.erased_at",
        "language": "shown.spoken",
        **{name: f"shown.{name}" for name in _NoState.__struct_fields__ if name != "spoken"},
    },
)
_DELIVERIES, _REVIEWS = Columns(deliveries_table, without=OF_REPLAYS), Columns(reviews_table)
_REVISIONS = Columns(revisions_table, without=("actor", "xid"))


def _inserts(first: int, *, rows_from: str = "", on_conflict: str = "") -> str:
    """Return the WITH queries that insert a group.

    Args:
        first: the number of the first parameter: time, tenants, sources, then arrays of deliveries, changes and events.
        rows_from: see `append_statement`.
        on_conflict: what becomes of a review that is stored already.
    """
    now, tenant, source = f"${first}::timestamptz", f"(${first + 1}::text[])[source_number]", _source(first)
    deliveries, changes, events = _positions(first)
    return f"""
new_deliveries AS (SELECT {_NEW_DELIVERIES.unnested(deliveries)} {rows_from}),
changes AS MATERIALIZED (SELECT {_CHANGES.unnested(changes)} {rows_from}),
logged AS (
    INSERT INTO deliveries ({_DELIVERIES.listed})
    SELECT {_DELIVERIES.selected({"tenant_id": tenant, "source_id": source, "received_at": now})}
    FROM new_deliveries
),
stored AS (
    INSERT INTO reviews ({_REVIEWS.listed})
    SELECT {_REVIEWS.selected({"tenant_id": tenant, "source_id": source, "id": "review_id", "changed_at": now})}
    FROM changes WHERE is_last {on_conflict}
),
appended AS (
    INSERT INTO revisions ({_REVISIONS.listed})
    SELECT {_REVISIONS.selected({"tenant_id": tenant, "known_at": now})} FROM changes
),
published AS ({append_statement(events, rows_from=rows_from)})
"""


def _source(first: int) -> str:
    return f"(${first + 2}::uuid[])[source_number]"


def _positions(first: int) -> tuple[int, int, int]:
    """Return where the arrays of deliveries, changes and events begin."""
    deliveries = first + 3
    changes = deliveries + len(_NEW_DELIVERIES.names)
    return deliveries, changes, changes + len(_CHANGES.names)


def _is_new(first: int) -> str:
    """Return the condition that no delivery, review or erased author is known; `first` is as in `_inserts`."""
    deliveries, changes, _ = _positions(first)

    def unknown(table: str, given: Columns, name: str, at: int) -> str:
        return f"""NOT EXISTS (
    SELECT FROM unnest({given.array("source_number", at)}, {given.array(name, at)}) AS given (source_number, name)
    CROSS JOIN LATERAL (
        SELECT FROM {table} WHERE {table}.source_id = {_source(first)} AND {table}.{name} = given.name OFFSET 0
    ) AS found
)"""

    tenant = f"(${first + 1}::text[])[given.source_number]"
    # Most tenants have erased nobody: one look-up for a group says so.
    no_erased_author = f"""(NOT EXISTS (
    SELECT FROM unnest(${first + 1}::text[]) AS given (tenant_id)
    CROSS JOIN LATERAL (
        SELECT FROM erased_people WHERE erased_people.tenant_id = given.tenant_id ORDER BY person LIMIT 1
    ) AS found
) OR NOT EXISTS (
    SELECT FROM unnest({_CHANGES.array("source_number", changes)}, {_CHANGES.array("person", changes)})
        AS given (source_number, person)
    CROSS JOIN LATERAL (
        SELECT FROM erased_people
        WHERE erased_people.tenant_id = {tenant} AND erased_people.person = given.person OFFSET 0
    ) AS found
))"""
    return f"""{no_erased_author} AND {unknown("deliveries", _NEW_DELIVERIES, "dedup_id", deliveries)}
AND {unknown("reviews", _CHANGES, "external_id", changes)}"""


_REVIEW_AFTER = _REVIEWS.excluded(keep=("tenant_id", "id"))
_ON_CONFLICT = f"ON CONFLICT (source_id, external_id) DO UPDATE SET {_REVIEW_AFTER}"
WRITE = f"WITH {_inserts(1, on_conflict=_ON_CONFLICT)} SELECT"
_NO_LONGER_HELD = """
DELETE FROM held_events USING unnest($1::uuid[], $2::text[], $3::uuid[]) AS applied (source_id, external_id, id)
WHERE held_events.source_id = applied.source_id AND held_events.external_id = applied.external_id
AND held_events.id = applied.id
"""
_EXPECT = """
INSERT INTO reviews (changed_at, revision, removed, tenant_id, source_id, external_id, id, partition_key)
SELECT $1, 0, false, expected.* FROM unnest($2::text[], $3::uuid[], $4::text[], $5::uuid[], $6::text[]) AS expected
ON CONFLICT DO NOTHING
"""


class _HeldRow(msgspec.Struct):
    tenant_id: str
    source_id: str
    external_id: str
    event: HeldEvent
    instruction: str


_HELD = Columns(
    held_events_table,
    under("event", "id", "delivery_id", "event_index", "received_at", "traceparent", "tracestate"),
)
_HOLD = f"INSERT INTO held_events ({_HELD.listed}) SELECT * FROM {_HELD.unnest()}"
_NOTE = """
INSERT INTO pull_notices (tenant_id, source_id, name, noticed_at)
SELECT DISTINCT noticed.*, $1::timestamptz FROM unnest($2::text[], $3::uuid[], $4::text[]) AS noticed
ON CONFLICT (source_id, name) DO UPDATE SET noticed_at = excluded.noticed_at
"""
# For `OneTrip`.
IS_NEW = _is_new(one_trip.NOW_AT)
WRITE_NEW = _inserts(one_trip.NOW_AT, rows_from="FROM allowed")
_WRITE_IF_NEW = f"""
WITH checked AS MATERIALIZED (SELECT {_is_new(1)} AS is_right),
allowed AS MATERIALIZED (SELECT FROM checked WHERE is_right),
{_inserts(1, rows_from="FROM allowed")}
SELECT is_right FROM checked
"""


async def write(tx: Tx, group: Group, events: Sequence[Sequence[object]]) -> None:
    """Store deliveries byte for byte, the revisions and reviews that come of them, and their events.

    Args:
        tx: the open transaction, with all order keys locked.
        group: what was decided.
        events: the revisions' events, as `Outbox.arrays` returns them.
    """
    await tx.raw.execute(WRITE, group.now, *arguments(group, events))
    if group.applied:
        keys, ids = zip(*group.applied, strict=True)
        await tx.raw.execute(_NO_LONGER_HELD, *zip(*keys, strict=True), ids)
    if held := group.held:
        await _hold(tx, group, held)
    if group.noticed:
        of = [(source.tenant_id, source.id, name) for source, name in group.noticed]
        await tx.raw.execute(_NOTE, group.now, *map(list, zip(*of, strict=True)))


async def write_if_new(tx: Tx, arguments: Sequence[object]) -> bool:
    """Store a group, given as `arguments` returns it, if none of its deliveries and reviews is known, no author erased.

    Its order keys must have been locked by an earlier statement: this one sees what was committed until then.
    """
    is_right: bool = await tx.raw.fetchval(_WRITE_IF_NEW, tx.now, *arguments)
    return is_right


async def _hold(tx: Tx, group: Group, held: Mapping[ReviewKey, Unknown]) -> None:
    """Store events that wait for their reviews, with a row for each review, by which its creation is no new one."""
    sources = group.sources
    of_source = [sources[source_id] for source_id, _ in held]
    await tx.raw.execute(
        _EXPECT,
        group.now,
        [source.tenant_id for source in of_source],
        [source.id for source in of_source],
        [external_id for _, external_id in held],
        [unknown.review_id for unknown in held.values()],
        [f"{source.tenant_id}/{first_segment(source.subject)}" for source in of_source],
    )
    rows = [
        _HeldRow(sources[source_id].tenant_id, source_id, external_id, event, _encode(event.instruction).decode())
        for (source_id, external_id), unknown in held.items()
        for event in unknown.new
    ]
    await tx.raw.execute(_HOLD, *_HELD.arrays(rows))


def arguments(group: Group, events: Sequence[Sequence[object]]) -> list[object]:
    """Return a group as the parameters of the statements that write it, but for the time."""
    sources = group.sources
    numbers = {source_id: number for number, source_id in enumerate(sources, start=1)}
    written_at = None if group.clock is None else group.clock()
    return [
        [source.tenant_id for source in sources.values()],
        list(sources),
        *_NEW_DELIVERIES.arrays(_delivery_row(each, numbers, written_at) for each in group.log),
        *_CHANGES.arrays(_change_rows(group, numbers)),
        *events,
    ]


def _delivery_row(logged: LoggedDelivery, numbers: dict[str, int], written_at: float | None) -> _DeliveryRow:
    outcome, arrived_at = logged.outcome, logged.delivery.arrived_at
    latency_us = None if written_at is None or arrived_at is None else int((written_at - arrived_at) * 1_000_000)
    quarantined = _encode(outcome.quarantined).decode() if outcome.quarantined else None
    set_aside = None
    if outcome.held or outcome.ignored:
        set_aside = _encode({"held": outcome.held, "ignored": outcome.ignored}).decode()
    return _DeliveryRow(logged, numbers[logged.delivery.source.id], quarantined, set_aside, latency_us)


def _change_rows(group: Group, numbers: dict[str, int]) -> list[_ChangeRow]:
    latest = group.latest
    return [
        _ChangeRow(
            new,
            new.stored.state or _NO_STATE,
            numbers[new.source_id],
            latest[new.source_id, new.stored.external_id] is new,
            encode_state(new.stored.state),
            None if new.stored.part_versions is None else _encode_versions(new.stored.part_versions),
        )
        for new in group.revisions
    ]
