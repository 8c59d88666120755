"""Timers: what is still to come for a clock. A row goes when it fires, or when it has lost its object."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from plaudit.alerting.store.promises import PromiseKey
from plaudit.common.db import Tx

_ADD = """
INSERT INTO timers (tenant_id, clock_id, generation, percent, partition, due_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::int[], $5::int[], $6::timestamptz[])
"""

_CANCEL = """
DELETE FROM timers t USING unnest($1::text[], $2::uuid[]) AS k (tenant_id, clock_id)
WHERE t.tenant_id = k.tenant_id AND t.clock_id = k.clock_id
"""

_LATEST_DUE = """
SELECT p AS partition, t.due_at
FROM unnest($1::int[]) AS p
CROSS JOIN LATERAL (
    SELECT due_at FROM timers
    WHERE partition = p AND failed_at IS NULL AND due_at <= $2 ORDER BY due_at DESC LIMIT 1
) t
"""

_DUE = """
SELECT t.tenant_id, t.clock_id, p.decide_until
FROM unnest($1::int[], $2::timestamptz[]) AS p (partition, decide_until)
CROSS JOIN LATERAL (
    SELECT tenant_id, clock_id FROM timers
    WHERE partition = p.partition AND failed_at IS NULL AND due_at <= p.decide_until ORDER BY due_at LIMIT $3
) t
"""

# The clock's order key is held, so nobody of ours can hold these rows; what somebody else has locked is skipped.
# Row by row over the primary key, whatever the planner thinks of a table that grows and shrinks by the minute.
_CLAIM = """
DELETE FROM timers WHERE ctid = ANY (ARRAY(
    SELECT t.place
    FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, clock_id, decide_until)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM timers
        WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id AND due_at <= k.decide_until AND failed_at IS NULL
        FOR UPDATE SKIP LOCKED
    ) t
))
RETURNING tenant_id, clock_id, generation, percent, due_at
"""

_SET_ASIDE = """
UPDATE timers SET failed_at = $4, error = $3
WHERE tenant_id = $1 AND clock_id = $2 AND failed_at IS NULL AND due_at <= $4
"""


DueClocks = Mapping[PromiseKey, datetime]
"""Clock → the latest due time of its timers that may be acted upon."""


class Timer(NamedTuple):
    """One stage of a clock that is still to come."""

    tenant: str
    clock_id: UUID
    generation: int
    percent: int
    partition: int
    due_at: datetime


class Claimed(NamedTuple):
    """One timer that this transaction fires, and nobody else."""

    tenant: str
    clock_id: UUID
    generation: int
    percent: int
    due_at: datetime


async def add(tx: Tx, timers: Sequence[Timer]) -> None:
    """Write timers."""
    if timers:
        await tx.raw.execute(_ADD, *zip(*timers, strict=True))


async def cancel(tx: Tx, keys: Collection[PromiseKey]) -> None:
    """Take away all that was to come for these clocks."""
    if keys:
        await tx.raw.execute(_CANCEL, [tenant for tenant, _ in keys], [clock for _, clock in keys])


async def latest_due(tx: Tx, partitions: Sequence[int]) -> dict[int, datetime]:
    """Return, of each partition that has timers due by now, the latest due time among them. Locks nothing."""
    rows = await tx.raw.fetch(_LATEST_DUE, partitions, tx.now)
    return {row["partition"]: row["due_at"] for row in rows}


async def due(tx: Tx, decide_until: Mapping[int, datetime], limit: int) -> DueClocks:
    """Return clocks with timers that may be acted upon, the longest due of each partition first.

    Locks nothing and assigns no xid.

    Args:
        tx: the open transaction.
        decide_until: partition → the latest due time that may be acted upon.
        limit: how many timers to look at, each partition having the same share.
    """
    share = max(1, limit // max(1, len(decide_until)))
    rows = await tx.raw.fetch(_DUE, list(decide_until), list(decide_until.values()), share)
    return {(row["tenant_id"], row["clock_id"]): row["decide_until"] for row in rows}


async def claim(tx: Tx, clocks: DueClocks) -> list[Claimed]:
    """Take the due timers of these clocks out of the table. The clocks' order keys must be held."""
    rows = await tx.raw.fetch(
        _CLAIM, [tenant for tenant, _ in clocks], [clock for _, clock in clocks], list(clocks.values())
    )
    return [Claimed(*row) for row in rows]


async def set_aside(tx: Tx, key: PromiseKey, error: str) -> None:
    """Keep the due timers of a clock that cannot be fired from being tried again."""
    await tx.raw.execute(_SET_ASIDE, *key, error, tx.now)
