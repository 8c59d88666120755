"""Timers: what is still to come for a clock. A row is deleted when it fires, or when it no longer applies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.alerting.clocks.domain.clock import ClockKey, Lane
from plaudit.alerting.timers.domain import Timer
from plaudit.alerting.timers.tables import timers
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns

_TIMER: Final = Columns(timers, without=("failed_at", "error"))

_timer_of: Final = itemgetter(*map(_TIMER.names.index, Timer._fields))

_ADD = f"INSERT INTO timers ({_TIMER.listed}) SELECT * FROM {_TIMER.unnest()} ON CONFLICT DO NOTHING"

# Once for each clock: a statement over many keys reads the whole table, if its plan was made while that was small.
_CANCEL = "DELETE FROM timers WHERE tenant_id = $1 AND clock_id = $2"

_LATEST_DUE = """
SELECT p.topic, p.partition, t.due_at
FROM unnest($1::text[], $2::int[]) AS p (topic, partition)
CROSS JOIN LATERAL (
    SELECT due_at FROM timers
    WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= $3
    ORDER BY due_at DESC LIMIT 1
) t
"""

ANY_DUE: Final = """
SELECT EXISTS (
    SELECT FROM unnest($1::text[], $2::int[]) AS p (topic, partition)
    CROSS JOIN LATERAL (
        SELECT FROM timers
        WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= {now} LIMIT 1
    ) t
)
"""
"""Whether any lane, given by topics and partitions, has a due timer; for `Database.holds`."""

_DUE = """
SELECT t.tenant_id, t.clock_id, t.root, p.decide_until
FROM unnest($1::text[], $2::int[], $3::timestamptz[]) AS p (topic, partition, decide_until)
CROSS JOIN LATERAL (
    SELECT tenant_id, clock_id, root FROM timers
    WHERE topic = p.topic AND partition = p.partition AND failed_at IS NULL AND due_at <= p.decide_until
    ORDER BY due_at LIMIT $4
) t
"""

# The clock's order key is held, so no other process of ours locks these rows; rows locked by others are skipped.
# The rows are looked up clock by clock over the primary key, whatever the planner thinks of a table that grows and
# shrinks by the minute.
_CLAIM = f"""
DELETE FROM timers WHERE ctid = ANY (ARRAY(
    SELECT t.place
    FROM unnest($1::text[], $2::uuid[], $3::timestamptz[]) AS k (tenant_id, clock_id, decide_until)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM timers
        WHERE tenant_id = k.tenant_id AND clock_id = k.clock_id AND due_at <= k.decide_until AND failed_at IS NULL
        FOR UPDATE SKIP LOCKED
    ) t
))
RETURNING {_TIMER.listed}
"""

_SET_ASIDE = """
UPDATE timers SET failed_at = $4, error = $3
WHERE tenant_id = $1 AND clock_id = $2 AND failed_at IS NULL AND due_at <= $4
"""


class Due(NamedTuple):
    """What may fire of a clock."""

    root: UUID
    """The group of clocks under whose order key it fires."""
    until: datetime
    """The latest due time of its timers that may fire."""


DueClocks = Mapping[ClockKey, Due]
"""Clock → what of it may fire."""


async def add(tx: Tx, added: Sequence[Timer]) -> None:
    """Write timers."""
    if added:
        await tx.raw.execute(_ADD, *_TIMER.arrays(added))


async def cancel(tx: Tx, keys: Collection[ClockKey]) -> None:
    """Delete all timers of these clocks. The clocks' order keys must be held."""
    if keys:
        await tx.raw.executemany(_CANCEL, keys)


async def latest_due(tx: Tx, lanes: Sequence[Lane]) -> dict[Lane, datetime]:
    """Return, of each lane that has timers due by now, the latest due time among them. Locks nothing."""
    rows = await tx.raw.fetch(_LATEST_DUE, *columns_of(lanes), tx.now)
    return {Lane(row["topic"], row["partition"]): row["due_at"] for row in rows}


async def due(tx: Tx, decide_until: Mapping[Lane, datetime], limit: int) -> DueClocks:
    """Return clocks with timers that may fire, the longest due of each lane first.

    Locks nothing and assigns no xid.

    Args:
        tx: the open transaction.
        decide_until: lane → the latest due time that may fire.
        limit: how many timers to look at, each lane having the same share.
    """
    share = max(1, limit // max(1, len(decide_until)))
    rows = await tx.raw.fetch(_DUE, *columns_of(decide_until), list(decide_until.values()), share)
    return {(row["tenant_id"], row["clock_id"]): Due(row["root"], row["decide_until"]) for row in rows}


async def claim(tx: Tx, clocks: DueClocks) -> list[Timer]:
    """Delete and return the due timers of these clocks. The clocks' order keys must be held."""
    rows = await tx.raw.fetch(
        _CLAIM,
        [tenant_id for tenant_id, _ in clocks],
        [clock for _, clock in clocks],
        [due.until for due in clocks.values()],
    )
    return [Timer(*_timer_of(row)) for row in rows]


def columns_of(lanes: Iterable[Lane]) -> tuple[list[str], list[int]]:
    """Return lanes as two parameters: topics, and partitions."""
    listed = list(lanes)
    return [lane.topic for lane in listed], [lane.partition for lane in listed]


async def set_aside(tx: Tx, key: ClockKey, error: str) -> None:
    """Mark the due timers of a clock that cannot fire, so that they are not tried again."""
    await tx.raw.execute(_SET_ASIDE, *key, error, tx.now)
