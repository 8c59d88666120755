"""Every statement about silences."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.alerts.domain.silences import HELD_BACK, Silence
from plaudit.alerting.alerts.store.alerts import ALERT, SILENCED, alert_of
from plaudit.alerting.alerts.tables import silences
from plaudit.alerting.clocks import store as clocks
from plaudit.alerting.clocks.domain.clock import THREAD_PREFIX, Clock
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_ALL: Final = Columns(silences, without=("failed_at", "error"))
_ADD: Final = f"INSERT INTO silences ({_ALL.listed}) VALUES ({_ALL.values()})"
_READ: Final = f"SELECT {_ALL.listed} FROM silences WHERE tenant_id = $1 AND id = $2"
_ACTIVE: Final = f"""
SELECT {_ALL.listed} FROM silences
WHERE tenant_id = ANY($1::text[]) AND told_at IS NULL AND ended_at IS NULL AND until > $2 ORDER BY created_at, id
"""
_LISTED: Final = f"""
SELECT {_ALL.listed} FROM silences
WHERE tenant_id = $1 AND (NOT $2 OR (told_at IS NULL AND ended_at IS NULL AND until > $3))
AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
ORDER BY created_at DESC, id DESC LIMIT $6
"""
_END: Final = f"""
UPDATE silences SET ended_at = $3, ended_by = $4 WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL AND until > $3
RETURNING {_ALL.listed}
"""
_OVER: Final = "told_at IS NULL AND failed_at IS NULL AND (until <= {now} OR ended_at IS NOT NULL)"
ANY_OVER: Final = f"SELECT EXISTS (SELECT FROM silences WHERE {_OVER})"
"""Whether the end of a silence is still to be told; for `Database.holds`."""
_NEXT_OVER: Final = f"""
SELECT {_ALL.listed} FROM silences WHERE {_OVER.format(now="$1")} ORDER BY until, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_TOLD: Final = "UPDATE silences SET told_at = $3 WHERE tenant_id = $1 AND id = $2"
_SET_ASIDE: Final = "UPDATE silences SET failed_at = $3, error = $4 WHERE tenant_id = $1 AND id = $2"
_COUNT_SET_ASIDE: Final = "SELECT count(*) FROM silences WHERE told_at IS NULL AND failed_at IS NOT NULL"
# What another silence still holds is told when that one ends.
_STILL_OPEN: Final = f"""
SELECT {ALERT.of("a")} FROM alerts a
WHERE a.tenant_id = $1 AND a.state = 'open' AND NOT a.is_statutory
AND (a.id = $2 OR (starts_with(a.subject || '/', $3 || '/') AND ($4::text IS NULL OR a.source_id = $4)))
AND NOT ({SILENCED.format(now="$5")}) AND ($6::timestamptz IS NULL OR (a.raised_at, a.id) > ($6, $7::uuid))
ORDER BY a.raised_at, a.id LIMIT $8
"""

# Those of which something was held back while the silence held: few beside all that run, so what was held back is read
# first, and of each its clock.
_STILL_RUNNING: Final = f"""
WITH held AS MATERIALIZED (
    SELECT DISTINCT substr(thread, {len(THREAD_PREFIX) + 1}, 36)::uuid AS clock_id FROM message_deliveries
    WHERE tenant_id = $1 AND state = 'withdrawn' AND finished_at >= $4 AND starts_with(reason, '{HELD_BACK}')
    AND starts_with(thread, '{THREAD_PREFIX}')
)
SELECT c.tenant_id, c.id FROM held
CROSS JOIN LATERAL (SELECT * FROM clocks WHERE tenant_id = $1 AND id = held.clock_id OFFSET 0) c
WHERE c.state = 'running' AND c.waiting AND c.metric <> '{Metric.STATUTORY}'
AND starts_with(c.subject || '/', $2 || '/') AND ($3::text IS NULL OR c.source_id = $3)
AND ($5::timestamptz IS NULL OR (c.due_at, c.id) > ($5, $6::uuid))
ORDER BY c.due_at, c.id LIMIT $7
"""

ListKey = tuple[datetime, UUID]
"""(time, silence id): the sort key of silences, the newest first."""


async def add(tx: Tx, silence: Silence) -> None:
    """Write a new silence."""
    await tx.raw.execute(_ADD, *_ALL.row(silence))


async def read(tx: Tx, tenant_id: str, silence_id: UUID) -> Silence | None:
    """Return one silence."""
    row = await tx.raw.fetchrow(_READ, tenant_id, silence_id)
    return None if row is None else _silence(row)


async def active(tx: Tx, tenants: Collection[str]) -> dict[str, list[Silence]]:
    """Return tenant → the silences that hold now."""
    found: dict[str, list[Silence]] = {}
    for row in await tx.raw.fetch(_ACTIVE, sorted(tenants), tx.now):
        found.setdefault(row["tenant_id"], []).append(_silence(row))
    return found


async def listed(
    tx: Tx, tenant_id: str, *, only_active: bool, after: ListKey | None = None, limit: int
) -> Sequence[Silence]:
    """Return silences, the newest first: those that hold, or all."""
    rows = await tx.raw.fetch(_LISTED, tenant_id, only_active, tx.now, *(after or (None, None)), limit)
    return [_silence(row) for row in rows]


async def end(tx: Tx, tenant_id: str, silence_id: UUID, by: str) -> Silence | None:
    """End a silence early; None where it does not hold any more."""
    row = await tx.raw.fetchrow(_END, tenant_id, silence_id, tx.now, by)
    return None if row is None else _silence(row)


async def next_over(tx: Tx) -> Silence | None:
    """Return one silence whose end is still to be told, locked; those that another process holds are left to it."""
    row = await tx.raw.fetchrow(_NEXT_OVER, tx.now)
    return None if row is None else _silence(row)


async def told(tx: Tx, silence: Silence) -> None:
    """Note that what was open at the end of a silence is told."""
    await tx.raw.execute(_TOLD, silence.tenant_id, silence.id, tx.now)


async def set_aside(tx: Tx, silence: Silence, error: str) -> None:
    """Mark a silence whose end cannot be told, so that it is not tried again."""
    await tx.raw.execute(_SET_ASIDE, silence.tenant_id, silence.id, tx.now, error)


async def count_set_aside(tx: Tx) -> int:
    """Return how many ends of silences could not be told."""
    return int(await tx.raw.fetchval(_COUNT_SET_ASIDE))


async def still_open(tx: Tx, silence: Silence, after: ListKey | None, limit: int) -> list[Alert]:
    """Return alerts that a silence was for and that are open, the oldest first, from after a sort key on."""
    scope = silence.scope
    values = (scope.alert_id, scope.subject_prefix, scope.source_id, tx.now, *(after or (None, None)), limit)
    return [alert_of(row) for row in await tx.raw.fetch(_STILL_OPEN, silence.tenant_id, *values)]


async def still_running(tx: Tx, silence: Silence, after: ListKey | None, limit: int) -> list[Clock]:
    """Return clocks of a silenced subject that run and of which something was held back, from after a sort key on."""
    values = (silence.subject_prefix, silence.source_id, silence.created_at, *(after or (None, None)), limit)
    rows = await tx.raw.fetch(_STILL_RUNNING, silence.tenant_id, *values)
    found = await clocks.load(tx, [(row["tenant_id"], row["id"]) for row in rows])
    return sorted(found.values(), key=lambda clock: (clock.run.due_at, clock.id))


def _silence(row: Record) -> Silence:
    return Silence(**row)
