"""Promises: the present fold of each clock, and the log it is folded from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from asyncpg import Record

from plaudit.alerting.domain.clocks import (
    Breached,
    Cancelled,
    CancelReason,
    Clock,
    ClockEvent,
    Fulfilled,
    Retracted,
    RetractReason,
    Started,
    StartReason,
    Warned,
)
from plaudit.alerting.domain.policy import PolicyRef
from plaudit.alerting.domain.promises import Promise, ReviewFacts
from plaudit.common.db import Tx

PromiseKey = tuple[str, UUID]
"""(tenant, clock id)."""

_COLUMNS: Final[Mapping[str, str]] = {
    "tenant_id": "text",
    "id": "uuid",
    "metric": "text",
    "partition": "int",
    "review_revision": "bigint",
    "review_id": "text",
    "source_id": "text",
    "source_name": "text",
    "external_id": "text",
    "subject": "text",
    "stars": "int",
    "title": "text",
    "excerpt": "text",
    "url": "text",
    "state": "text",
    "waiting": "boolean",
    "policy_id": "text",
    "policy_revision": "int",
    "run": "int",
    "generation": "int",
    "anchor_at": "timestamptz",
    "started_at": "timestamptz",
    "due_at": "timestamptz",
    "breached_at": "timestamptz",
    "provisional": "boolean",
    "fulfilled_at": "timestamptz",
    "cancelled_at": "timestamptz",
    "reason": "text",
}
_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_COLUMNS.values(), start=1))

_LOAD = f"""
SELECT {", ".join(f"c.{name}" for name in _COLUMNS)}
FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, id) JOIN clocks c USING (tenant_id, id)
"""

_SAVE = f"""
INSERT INTO clocks ({", ".join(_COLUMNS)}) SELECT * FROM unnest({_ARRAYS})
ON CONFLICT (tenant_id, id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in {"tenant_id", "id", "partition"})}
"""

_APPEND = """
INSERT INTO clock_events (tenant_id, clock_id, kind, happened_at, recorded_at, anchor_at, policy_id,
                          policy_revision, percent, collapsed, provisional, reason)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
                     $7::text[], $8::int[], $9::int[], $10::boolean[], $11::boolean[], $12::text[])
"""

_LOG = """
SELECT kind, happened_at, recorded_at, anchor_at, policy_id, policy_revision, percent, collapsed, provisional, reason
FROM clock_events WHERE tenant_id = $1 AND clock_id = $2 ORDER BY id
"""


class LogEntry(NamedTuple):
    """One event of a clock's log, and when it was written down."""

    tenant: str
    clock_id: UUID
    event: ClockEvent
    recorded_at: datetime


async def load(tx: Tx, keys: Collection[PromiseKey]) -> dict[PromiseKey, Promise]:
    """Return those of the promises that exist."""
    if not keys:
        return {}
    rows = await tx.raw.fetch(_LOAD, [tenant for tenant, _ in keys], [clock for _, clock in keys])
    return {(row["tenant_id"], row["id"]): _promise(row) for row in rows}


async def save(tx: Tx, promises: Collection[Promise]) -> None:
    """Write the promises as they stand now, new ones and known ones."""
    if promises:
        await tx.raw.execute(_SAVE, *zip(*map(_row, promises), strict=True))


async def append(tx: Tx, entries: Sequence[LogEntry]) -> None:
    """Append to the logs of clocks."""
    if entries:
        await tx.raw.execute(_APPEND, *zip(*map(_entry_row, entries), strict=True))


async def log_of(tx: Tx, tenant: str, clock_id: UUID) -> list[LogEntry]:
    """Return a clock's log, oldest first."""
    rows = await tx.raw.fetch(_LOG, tenant, clock_id)
    return [LogEntry(tenant, clock_id, _event(row), row["recorded_at"]) for row in rows]


def _row(promise: Promise) -> tuple[object, ...]:
    review, clock = promise.review, promise.clock
    return (
        promise.tenant,
        promise.id,
        promise.metric,
        promise.partition,
        promise.revision,
        review.id,
        review.source_id,
        review.source_name,
        review.external_id,
        review.subject,
        review.stars,
        review.title,
        review.excerpt,
        review.url,
        clock.state,
        clock.waiting,
        *clock.policy,
        clock.run,
        clock.generation,
        clock.anchor_at,
        clock.started_at,
        clock.due_at,
        clock.breached_at,
        clock.provisional,
        clock.fulfilled_at,
        clock.cancelled_at,
        clock.reason,
    )


def _promise(row: Record) -> Promise:
    return Promise(
        tenant=row["tenant_id"],
        id=row["id"],
        metric=row["metric"],
        partition=row["partition"],
        revision=row["review_revision"],
        review=ReviewFacts(
            id=row["review_id"],
            source_id=row["source_id"],
            source_name=row["source_name"],
            external_id=row["external_id"],
            subject=row["subject"],
            stars=row["stars"],
            title=row["title"],
            excerpt=row["excerpt"],
            url=row["url"],
        ),
        clock=Clock(
            policy=PolicyRef(row["policy_id"], row["policy_revision"]),
            anchor_at=row["anchor_at"],
            started_at=row["started_at"],
            due_at=row["due_at"],
            run=row["run"],
            generation=row["generation"],
            breached_at=row["breached_at"],
            provisional=row["provisional"],
            fulfilled_at=row["fulfilled_at"],
            cancelled_at=row["cancelled_at"],
            reason=row["reason"],
        ),
    )


def kind_of(event: ClockEvent) -> str:
    """Return the word for an event in the log and, after `clock.`, on the bus."""
    return type(event).__name__.lower()


def _entry_row(entry: LogEntry) -> tuple[object, ...]:
    event = entry.event
    started = event if isinstance(event, Started) else None
    warned = event if isinstance(event, Warned) else None
    return (
        entry.tenant,
        entry.clock_id,
        kind_of(event),
        event.at,
        entry.recorded_at,
        started and started.anchor_at,
        started and started.policy.id,
        started and started.policy.revision,
        warned and warned.percent,
        warned.collapsed if warned else None,
        event.provisional if isinstance(event, Breached) else None,
        event.reason if isinstance(event, Started | Cancelled | Retracted) else None,
    )


def _event(row: Record) -> ClockEvent:
    at = row["happened_at"]
    match row["kind"]:
        case "started":
            return Started(
                at, row["anchor_at"], PolicyRef(row["policy_id"], row["policy_revision"]), StartReason(row["reason"])
            )
        case "warned":
            return Warned(at, row["percent"], row["collapsed"])
        case "breached":
            return Breached(at, row["provisional"])
        case "fulfilled":
            return Fulfilled(at)
        case "cancelled":
            return Cancelled(at, CancelReason(row["reason"]))
        case _:
            return Retracted(at, RetractReason(row["reason"]))
