"""How clocks are moved to what is in force: previewed, ordered, and done in the background."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.calendars.domain import CalendarRef
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands.writing import ClockWriter, Follower, keys_of_order, rules_of
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import ClockEvent
from plaudit.alerting.clocks.domain.moves import (
    START,
    Chunk,
    Move,
    Moved,
    Preview,
    counted_anew,
    moved_together,
    preview,
)
from plaudit.common import idempotency
from plaudit.common.db import Tx, lock
from plaudit.common.db.storable import reason_of
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork

_encode: Final = msgspec.json.Encoder().encode
ZONES_CHANGED: Final = "The data of time zones has changed, and with it the open hours of the calendar."
SYSTEM: Final = "system"
MAX_PREVIEWED: Final = 50_000
"""Clocks that a preview of a move looks at."""


class ChangedMeanwhileError(Exception):
    """The row of a clock has changed although its order key was held: nothing is written, and it may be tried again."""


async def preview_move(tx: Tx, tenant_id: str) -> Preview:
    """Return what moving a tenant's clocks to what is in force would do; it looks at `MAX_PREVIEWED` of them."""
    clocks = await store.movable(tx, tenant_id, START, MAX_PREVIEWED)
    return preview(clocks, await rules_of(tx, {tenant_id}, clocks), tx.now)


class Ordered(NamedTuple):
    """An order to move clocks."""

    move: Move
    already: bool = False
    """Whether it was given before, under its idempotency key."""


async def order_move(
    work: UnitOfWork, tenant_id: str, reason: str, by: str, *, once: IdempotencyKey | None = None
) -> Ordered:
    """Order that a tenant's clocks move to what is in force; a job does it, in the background.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        reason: why.
        by: who orders it.
        once: under which a repeat orders nothing.

    Raises:
        KeyReusedError: the key came with another order before.
    """
    await lock(work.tx, keys_of_order(tenant_id, once))
    first = None if once is None else await idempotency.find(work.tx, tenant_id, once)
    if first is not None:
        move_id = msgspec.json.decode(first, type=UUID)
        known = await store.read_move(work.tx, tenant_id, move_id)
        assert known is not None, "a move is never deleted"
        return Ordered(known, already=True)
    in_force = (await rules_of(work.tx, {tenant_id})).policies.current(tenant_id)
    move = Move(
        tenant_id=tenant_id,
        id=work.ids(),
        policy_id=in_force.id,
        policy_revision=in_force.number,
        reason=reason,
        moved_by=by,
        created_at=work.tx.now,
    )
    await store.add_move(work.tx, move)
    entry = Entry(
        tenant_id=tenant_id,
        actor=by,
        kind="clocks.moved",
        about_kind=About.CLOCKS,
        about_id=str(move.id),
        after={"policy": move.policy_id, "revision": move.policy_revision, "reason": reason},
    )
    await record(work.tx, entry)
    if once is not None:
        await idempotency.keep(work.tx, tenant_id, once, _encode(move.id).decode())
    return Ordered(move)


async def order_counting(tx: Tx, move_id: UUID, tenant_id: str, ref: CalendarRef) -> None:
    """Order that the clocks that count by a revision of a calendar are counted anew, since its open time has moved."""
    in_force = (await rules_of(tx, {tenant_id})).policies.current(tenant_id)
    move = Move(
        tenant_id=tenant_id,
        id=move_id,
        policy_id=in_force.id,
        policy_revision=in_force.number,
        calendar=ref.name,
        calendar_revision=ref.revision,
        reason=ZONES_CHANGED,
        moved_by=SYSTEM,
        created_at=tx.now,
    )
    await store.add_move(tx, move)


async def fail_move(tx: Tx, move: Move, error: Exception) -> None:
    """End a move that fails on its data, with the reason."""
    await store.fail_move(tx, move, reason_of(error))


async def move_some(work: UnitOfWork, move: Move, chunk: Chunk, followers: Sequence[Follower]) -> Moved:
    """Move some clocks; how far the move has come is for the caller to note.

    Args:
        work: the open unit of work, which holds the order keys of the chunk and has done nothing else yet.
        move: as it stood when the clocks were looked up.
        chunk: its clocks may have changed meanwhile.
        followers: act on what happens to the clocks.

    Raises:
        ChangedMeanwhileError: somebody wrote clocks without their order keys.
    """
    tx = work.tx
    await store.look_up_by_place(tx)
    known = await store.load_placed(tx, move.tenant_id, [clock_id for clock_id, _ in chunk.clocks])
    rules = await rules_of(tx, {move.tenant_id}, [clock for clock, _ in known])
    in_force = rules.policies.current(move.tenant_id)
    if not move.counted_by and (in_force.id, in_force.number) != (move.policy_id, move.policy_revision):
        return Moved(0, 0, is_stale=True)
    at, reason, by = tx.now, move.reason, move.moved_by

    def anew(clock: Clock) -> tuple[ClockEvent, ...]:
        return counted_anew(clock, rules, at=at, reason=reason, by=by)

    decide = anew if move.counted_by else moved_together(rules, at=at, reason=reason, by=by)
    writer = ClockWriter(followers, rules)
    changed = [store.Placed(writer.log(clock, event), place) for clock, place in known for event in decide(clock)]
    if not await store.save_moved(tx, move.tenant_id, changed):
        raise ChangedMeanwhileError
    await work.emit(*await writer.save(tx))
    past = sum(clock.run.due_at <= tx.now and not clock.run.is_paused for clock, _ in changed)
    return Moved(len(changed), past, is_stale=False)
