"""Promises: the present fold of each clock, and the log it is folded from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec.structs import astuple

from plaudit.alerting.domain.clocks import Clock, ClockEvent, kind_of
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
    "anchor_at": "timestamptz",
    "started_at": "timestamptz",
    "due_at": "timestamptz",
    "run": "int",
    "generation": "int",
    "breached_at": "timestamptz",
    "provisional": "boolean",
    "fulfilled_at": "timestamptz",
    "cancelled_at": "timestamptz",
    "reason": "text",
}
"""The promise's own, then the fields of `ReviewFacts`, the state for queries, and the fields of `Clock`, in order."""
_REVIEW = slice(5, 14)
_POLICY = slice(16, 18)
_CLOCK = slice(18, 28)
_ARRAYS = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_COLUMNS.values(), start=1))

_LOAD = f"""
SELECT {", ".join(f"c.{name}" for name in _COLUMNS)}
FROM unnest($1::text[], $2::uuid[]) AS k (tenant_id, id)
CROSS JOIN LATERAL (SELECT * FROM clocks WHERE tenant_id = k.tenant_id AND id = k.id OFFSET 0) c
"""

_SAVE = f"""
INSERT INTO clocks ({", ".join(_COLUMNS)}) SELECT * FROM unnest({_ARRAYS})
ON CONFLICT (tenant_id, id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name not in {"tenant_id", "id", "partition"})}
"""

_APPEND = """
INSERT INTO clock_events (tenant_id, clock_id, kind, happened_at, recorded_at, event)
SELECT tenant_id, clock_id, kind, happened_at, $6, event::jsonb
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[])
    AS entry (tenant_id, clock_id, kind, happened_at, event)
"""

_LOG = "SELECT event::text, recorded_at FROM clock_events WHERE tenant_id = $1 AND clock_id = $2 ORDER BY id"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClockEvent).decode


class LogEntry(NamedTuple):
    """One event of a clock's log."""

    tenant: str
    clock_id: UUID
    event: ClockEvent


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
        await tx.raw.execute(
            _APPEND,
            [entry.tenant for entry in entries],
            [entry.clock_id for entry in entries],
            [kind_of(entry.event) for entry in entries],
            [entry.event.at for entry in entries],
            [_encode(entry.event).decode() for entry in entries],
            tx.now,
        )


async def log_of(tx: Tx, tenant: str, clock_id: UUID) -> list[tuple[ClockEvent, datetime]]:
    """Return a clock's log, oldest first: each event, and when it was written down."""
    rows = await tx.raw.fetch(_LOG, tenant, clock_id)
    return [(_decode(row["event"]), row["recorded_at"]) for row in rows]


def _row(promise: Promise) -> tuple[object, ...]:
    clock = promise.clock
    own = (promise.tenant, promise.id, promise.metric, promise.partition, promise.revision)
    policy, *rest = astuple(clock)
    return (*own, *astuple(promise.review), clock.state, clock.waiting, *policy, *rest)


def _promise(row: Record) -> Promise:
    tenant, clock, metric, partition, revision = row[:5]
    return Promise(
        tenant=tenant,
        id=clock,
        metric=metric,
        partition=partition,
        revision=revision,
        review=ReviewFacts(*row[_REVIEW]),
        clock=Clock(PolicyRef(*row[_POLICY]), *row[_CLOCK]),
    )
