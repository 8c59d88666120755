"""Moves of clocks: the orders, how far each has come, and the clocks that it comes to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from plaudit.alerting.calendars.domain import CalendarRef
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock import root_of as group_of
from plaudit.alerting.clocks.domain.moves import Chunk, Move, Moved
from plaudit.alerting.clocks.store.keeping import CLOCK, clock_of
from plaudit.alerting.clocks.tables import moves
from plaudit.alerting.policies.domain.revisions import PolicyRef
from plaudit.common.db import Tx
from plaudit.common.db.columns import Columns
from plaudit.common.db.results import rows_changed

_TO_MOVE = """
FROM clocks
WHERE tenant_id = $1 AND id > $2 AND waiting AND state IN ('running', 'paused')
AND ($4::text IS NULL OR (calendar = $4 AND calendar_revision = $5)) ORDER BY id LIMIT $3
"""
_MOVABLE = f"SELECT {CLOCK.listed} {_TO_MOVE}"
_NEXT_TO_MOVE = f"SELECT id, about_kind, about_id {_TO_MOVE}"

_MOVE: Final = Columns(moves)
_ADD_MOVE = f"INSERT INTO moves ({_MOVE.listed}) VALUES ({_MOVE.values()})"
ANY_MOVE: Final = "SELECT EXISTS (SELECT FROM moves WHERE state = 'running')"
"""Whether clocks are to be moved; for `Database.holds`."""
_RUNNING_MOVE = f"SELECT {_MOVE.listed} FROM moves WHERE state = 'running' ORDER BY created_at LIMIT 1"
_READ_MOVE = f"SELECT {_MOVE.listed} FROM moves WHERE tenant_id = $1 AND id = $2"
_SAVE_PROGRESS = """
UPDATE moves SET place = $4, moved = moved + $5, breached = breached + $6, state = $7, finished_at = $8
WHERE tenant_id = $1 AND id = $2 AND place = $3 AND state = 'running'
"""

_FAIL_MOVE = """
UPDATE moves SET state = 'failed', error = $3, finished_at = $4
WHERE tenant_id = $1 AND id = $2 AND state = 'running'
"""
# A plan that was made while the table was small, and is kept, would read all of it.
_BY_PLACE = "SET LOCAL enable_seqscan = off"

# Rows are told with their places, by which they are written without being looked up again.
_LOAD_PLACED = f"""
SELECT {CLOCK.listed}, ctid FROM clocks
WHERE tenant_id = $1 AND id = ANY ($2::uuid[]) AND waiting AND state IN ('running', 'paused')
"""

# A move sets nothing else. Pins are few, and sent once.
_SAVE_MOVED = """
UPDATE clocks AS c SET generation = k.generation, due_at = k.due_at, applied_at = $6,
    policy_id = ($8::text[])[k.pin], policy_revision = ($9::int[])[k.pin], policy_class = ($10::text[])[k.pin],
    calendar = ($11::text[])[k.pin], calendar_revision = ($12::int[])[k.pin]
FROM (
    SELECT unnest($2::tid[]) AS place, unnest($3::uuid[]) AS id, unnest($4::int[]) AS generation,
        unnest($5::timestamptz[]) AS due_at, unnest($7::int[]) AS pin
) AS k
WHERE c.ctid = k.place AND c.tenant_id = $1 AND c.id = k.id
"""

_COUNT_FAILED_MOVES = "SELECT count(*) FROM moves WHERE state = 'failed' AND finished_at > $1"


class Placed(NamedTuple):
    """A clock, and where its row stands as long as nobody changes it."""

    clock: Clock
    place: tuple[int, int]


async def movable(tx: Tx, tenant_id: str, after: UUID, limit: int) -> list[Clock]:
    """Return clocks of a tenant whose due times may still change, by id after one of them."""
    return [clock_of(row) for row in await tx.raw.fetch(_MOVABLE, tenant_id, after, limit, None, None)]


async def next_to_move(
    tx: Tx, tenant_id: str, after: UUID, limit: int, counted_by: CalendarRef | None = None
) -> list[tuple[UUID, UUID]]:
    """Return clocks whose due times may still change, each as its id and the group under whose order key it changes.

    Args:
        tx: the open transaction.
        tenant_id: whose.
        after: the last clock before.
        limit: how many.
        counted_by: only those that count by this revision of a calendar.
    """
    pinned = (None, None) if counted_by is None else counted_by
    rows = await tx.raw.fetch(_NEXT_TO_MOVE, tenant_id, after, limit, *pinned)
    return [(clock_id, group_of(tenant_id, kind, about_id)) for clock_id, kind, about_id in rows]


async def look_up_by_place(tx: Tx) -> None:
    """Let this transaction read no table whole where a key or a place of a row leads to it."""
    await tx.raw.execute(_BY_PLACE)


async def load_placed(tx: Tx, tenant_id: str, clocks: Collection[UUID]) -> list[Placed]:
    """Return those of a tenant's clocks whose due times may still change, with the places of their rows."""
    rows = await tx.raw.fetch(_LOAD_PLACED, tenant_id, clocks)
    return [Placed(clock_of(row), row["ctid"]) for row in rows]


async def save_moved(tx: Tx, tenant_id: str, changed: Sequence[Placed]) -> bool:
    """Write what a move sets of clocks of a tenant, each at the place where this transaction has found it.

    Returns:
        False where a row has changed since, though the order key of its clock is held.
    """
    pins: dict[tuple[PolicyRef, CalendarRef | None], int] = {}
    runs = [clock.run for clock, _ in changed]
    tag = await tx.raw.execute(
        _SAVE_MOVED,
        tenant_id,
        [place for _, place in changed],
        [clock.id for clock, _ in changed],
        [run.generation for run in runs],
        [run.due_at for run in runs],
        tx.now,
        [pins.setdefault((run.policy, run.calendar), len(pins) + 1) for run in runs],
        *([policy[place] for policy, _ in pins] for place in range(3)),
        *([None if calendar is None else calendar[place] for _, calendar in pins] for place in range(2)),
    )
    return rows_changed(tag) == len(changed)


async def add_move(tx: Tx, move: Move) -> None:
    """Write an order to move clocks."""
    await tx.raw.execute(_ADD_MOVE, *_MOVE.row(move))


async def running_move(tx: Tx) -> Move | None:
    """Return the oldest order to move clocks that is not done, of all tenants."""
    row = await tx.raw.fetchrow(_RUNNING_MOVE)
    return None if row is None else Move(**row)


async def read_move(tx: Tx, tenant_id: str, move_id: UUID) -> Move | None:
    """Return one order to move clocks."""
    row = await tx.raw.fetchrow(_READ_MOVE, tenant_id, move_id)
    return None if row is None else Move(**row)


async def fail_move(tx: Tx, move: Move, error: str) -> None:
    """End a move that cannot go on; what has moved stays moved."""
    await tx.raw.execute(_FAIL_MOVE, move.tenant_id, move.id, error, tx.now)


async def count_failed_moves(tx: Tx, since: datetime) -> int:
    """Return how many moves have failed since an instant."""
    return int(await tx.raw.fetchval(_COUNT_FAILED_MOVES, since))


async def save_progress(tx: Tx, move: Move, chunk: Chunk, moved: Moved) -> bool:
    """Write how far a move has come; return False where it was not at this chunk, or had ended."""
    is_done = chunk.is_last or moved.is_stale
    changed = await tx.raw.execute(
        _SAVE_PROGRESS,
        move.tenant_id,
        move.id,
        chunk.place,
        chunk.end,
        moved.clocks,
        moved.breached,
        "done" if is_done else "running",
        tx.now if is_done else None,
    )
    return bool(changed.endswith(" 1"))
