"""Every SQL statement about what is gathered, the bundles that hold it, and storms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.delivery import store as deliveries
from plaudit.common.delivery.domain.gathering import STORM_COUNTED_OVER, TO_PEOPLE, Gathering, Waiting
from plaudit.common.delivery.domain.message import Content, Delivery
from plaudit.common.delivery.store.rows import DELIVERY
from plaudit.common.delivery.tables import gatherings

_GATHERING: Final = Columns(gatherings)

_WAITS = """
FROM message_deliveries d WHERE d.tenant_id = g.tenant_id AND d.gathering = g.gathering
AND d.channel = g.channel AND d.recipient = g.recipient AND d.state = 'gathered' AND d.bundle_id IS NULL
"""
_MAY_LEAVE = f"""
(g.free_at IS NULL OR g.free_at <= {{now}}) AND EXISTS (SELECT {_WAITS} AND d.next_attempt_at <= {{now}})
OR g.urgent_at <= {{now}} AND EXISTS (SELECT {_WAITS} AND d.is_urgent AND d.next_attempt_at <= {{now}})
"""
ANY_WORK: Final = f"""
SELECT EXISTS (SELECT FROM gatherings g WHERE {_MAY_LEAVE}) OR EXISTS (SELECT FROM storms WHERE until IS NULL)
OR ({deliveries.ANY_DUE})
"""
"""Whether there is anything to release or to lease, or a storm that may end; for `Database.holds`."""
_DUE = f"""
SELECT {_GATHERING.of("g")},
    (SELECT d.next_attempt_at {_WAITS} ORDER BY d.next_attempt_at LIMIT 1) AS oldest_at,
    (SELECT d.next_attempt_at > d.created_at + interval '1 minute' {_WAITS} ORDER BY d.next_attempt_at LIMIT 1)
        AS was_put_off,
    (SELECT d.next_attempt_at {_WAITS} AND d.is_urgent ORDER BY d.next_attempt_at LIMIT 1) AS oldest_urgent_at
FROM gatherings g WHERE {_MAY_LEAVE.format(now="$1")}
ORDER BY g.free_at NULLS FIRST LIMIT $2 FOR UPDATE OF g SKIP LOCKED
"""
_SAVE = """
UPDATE gatherings g SET step = k.step, free_at = k.free_at, urgent_at = k.urgent_at, opened_at = k.opened_at
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[],
    $6::timestamptz[], $7::timestamptz[], $8::timestamptz[])
    AS k (tenant_id, gathering, channel, recipient, step, free_at, urgent_at, opened_at)
WHERE g.tenant_id = k.tenant_id AND g.gathering = k.gathering AND g.channel = k.channel AND g.recipient = k.recipient
"""
_OF_GATHERING = """
d.tenant_id = $1 AND d.gathering = $2 AND d.channel = $3 AND d.recipient = $4
AND d.state = 'gathered' AND d.bundle_id IS NULL AND d.next_attempt_at <= $5
"""
_FIRST = f"""
SELECT {DELIVERY.of("d")}, m.content FROM message_deliveries d
JOIN messages m ON m.tenant_id = d.tenant_id AND m.id = d.message_id
WHERE {_OF_GATHERING} ORDER BY d.is_urgent DESC, d.next_attempt_at, d.id LIMIT $6
"""
_RELEASE = """
UPDATE message_deliveries SET state = 'pending', reason = '', released_at = $3
WHERE tenant_id = $1 AND id = $2 AND state = 'gathered'
"""
_WAITING = f"""
SELECT count(*) AS waiting, coalesce(bool_or(d.is_urgent), false) AS is_urgent
FROM message_deliveries d WHERE {_OF_GATHERING}
"""
_BUNDLE = f"UPDATE message_deliveries d SET bundle_id = $6 WHERE {_OF_GATHERING}"
_NOTE_RELEASE = "UPDATE message_deliveries SET released_at = $3 WHERE tenant_id = $1 AND id = $2"
_MEMBERS = f"""
SELECT {DELIVERY.of("d")}, m.content FROM message_deliveries d
JOIN messages m ON m.tenant_id = d.tenant_id AND m.id = d.message_id
WHERE d.tenant_id = $1 AND d.bundle_id = $2 AND d.state = 'gathered' AND d.id > $3 ORDER BY d.id LIMIT $4
"""
_WITHDRAW = """
UPDATE message_deliveries d SET state = 'withdrawn', reason = k.reason, finished_at = $1
FROM unnest($2::text[], $3::uuid[], $4::text[]) AS k (tenant_id, id, reason)
WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND d.state = 'gathered'
"""
# It is in no bundle any more: whoever sends a thread or an outlet again finds it.
_FAIL = """
UPDATE message_deliveries d SET state = 'failed', reason = k.reason, finished_at = $1, bundle_id = NULL
FROM unnest($2::text[], $3::uuid[], $4::text[]) AS k (tenant_id, id, reason)
WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND d.state = 'gathered'
"""
_PUT_OFF = """
UPDATE message_deliveries d SET bundle_id = NULL, reason = k.reason, next_attempt_at = k.until
FROM unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::text[]) AS k (tenant_id, id, until, reason)
WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND d.state = 'gathered'
"""
_LEFT = """
SELECT count(*)::int FROM message_deliveries
WHERE tenant_id = $1 AND released_at > $2 AND channel = ANY($3::text[]) AND state NOT IN ('withdrawn', 'gathered')
"""
_OPEN_STORMS = "SELECT tenant_id, since FROM storms WHERE until IS NULL"
_BEGIN_STORM = """
INSERT INTO storms (tenant_id, since) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING since
"""
_END_STORM = "UPDATE storms SET until = $3 WHERE tenant_id = $1 AND since = $2 AND until IS NULL RETURNING since"


@dataclass(frozen=True, slots=True)
class DueGathering:
    """A gathering of which something may leave."""

    gathering: Gathering
    waiting: Waiting


async def due(tx: Tx, limit: int) -> list[DueGathering]:
    """Return gatherings of which something may leave, locked; one that another process holds is left to it."""
    rows = await tx.raw.fetch(_DUE, tx.now, limit)
    found: list[DueGathering] = []
    for row in rows:
        urgent_at = row["oldest_urgent_at"]
        may_urgent = urgent_at is not None and urgent_at <= tx.now
        state = Gathering(**{name: row[name] for name in _GATHERING.names})
        found.append(
            DueGathering(state, Waiting(row["oldest_at"], urgent_at if may_urgent else None, row["was_put_off"]))
        )
    return found


async def save(tx: Tx, states: Sequence[Gathering]) -> None:
    """Record how gatherings stand."""
    if states:
        rows = [
            (e.tenant_id, e.gathering, e.channel, e.recipient, e.step, e.free_at, e.urgent_at, e.opened_at)
            for e in states
        ]
        await tx.raw.execute(_SAVE, *([row[n] for row in rows] for n in range(8)))


async def first(tx: Tx, gathering: Gathering, limit: int) -> list[tuple[Delivery, Content]]:
    """Return messages that could leave, urgent ones before those that have waited longest."""
    return [_told(dict(row)) for row in await tx.raw.fetch(_FIRST, *_key(gathering), tx.now, limit)]


async def release(tx: Tx, gathering: Gathering, delivery_id: UUID) -> None:
    """Let one message leave by itself."""
    await tx.raw.execute(_RELEASE, gathering.tenant_id, delivery_id, tx.now)


async def waiting(tx: Tx, gathering: Gathering) -> tuple[int, bool]:
    """Return how many messages could leave, and whether any is urgent."""
    [row] = await tx.raw.fetch(_WAITING, *_key(gathering), tx.now)
    return row["waiting"], row["is_urgent"]


async def add_bundle(tx: Tx, gathering: Gathering, bundle: Delivery, content: Content) -> None:
    """Make a bundle of all that could leave. Nothing gets into it afterwards; what is not wanted any more falls out."""
    await deliveries.add_bundle(tx, bundle, content)
    await tx.raw.execute(_BUNDLE, *_key(gathering), tx.now, bundle.id)
    await tx.raw.execute(_NOTE_RELEASE, bundle.tenant_id, bundle.id, tx.now)


async def members(tx: Tx, bundle: Delivery, after: UUID, limit: int) -> list[tuple[Delivery, Content]]:
    """Return deliveries that leave with a bundle, in the order of their ids, with what they said when queued.

    Args:
        tx: the open transaction.
        bundle: which.
        after: the id of the last one of the page before.
        limit: how many.
    """
    rows = await tx.raw.fetch(_MEMBERS, bundle.tenant_id, bundle.id, after, limit)
    return [_told(dict(row)) for row in rows]


async def withdraw(tx: Tx, reasons: Mapping[tuple[str, UUID], str]) -> None:
    """End gathered deliveries, (tenant, id) → reason, that are not wanted any more."""
    if reasons:
        columns = [each for each, _ in reasons], [each for _, each in reasons]
        await tx.raw.execute(_WITHDRAW, tx.now, *columns, list(reasons.values()))


async def fail(tx: Tx, reasons: Mapping[tuple[str, UUID], str]) -> None:
    """End gathered deliveries, (tenant, id) → reason, that cannot be told; they can be sent again by hand."""
    if reasons:
        columns = [each for each, _ in reasons], [each for _, each in reasons]
        await tx.raw.execute(_FAIL, tx.now, *columns, list(reasons.values()))


async def put_off(tx: Tx, until: Mapping[tuple[str, UUID], tuple[datetime, str]]) -> None:
    """Take gathered deliveries out of their bundle until later: (tenant, id) → (time, reason)."""
    if until:
        columns = [each for each, _ in until], [each for _, each in until]
        times = [at for at, _ in until.values()]
        await tx.raw.execute(_PUT_OFF, *columns, times, [reason for _, reason in until.values()])


async def left(tx: Tx, tenant_id: str) -> int:
    """Return how many gathered messages and bundles have left for people within the counted time."""
    since = tx.now - STORM_COUNTED_OVER
    return int(await tx.raw.fetchval(_LEFT, tenant_id, since, list(TO_PEOPLE)))


async def open_storms(tx: Tx) -> dict[str, datetime]:
    """Return the storms that go on: tenant → since when."""
    return {row["tenant_id"]: row["since"] for row in await tx.raw.fetch(_OPEN_STORMS)}


async def begin_storm(tx: Tx, tenant_id: str) -> bool:
    """Note that a tenant has a storm; return False where it has one."""
    return await tx.raw.fetchval(_BEGIN_STORM, tenant_id, tx.now) is not None


async def end_storm(tx: Tx, tenant_id: str, since: datetime) -> bool:
    """Note that a storm is over; return False where another process has."""
    return await tx.raw.fetchval(_END_STORM, tenant_id, since, tx.now) is not None


def _key(gathering: Gathering) -> tuple[Any, ...]:
    return gathering.tenant_id, gathering.gathering, gathering.channel, gathering.recipient


def _told(row: Mapping[str, Any]) -> tuple[Delivery, Content]:
    delivery = Delivery(**{name: row[name] for name in DELIVERY.names})
    return delivery, msgspec.json.decode(row["content"], type=Content)
