"""What people do to one clock: it is locked, changed, and noted in the audit trail."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import msgspec

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.commands.writing import ClockWriter, Follower, keys_of_order, rules_of
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, order_key
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, kind_of
from plaudit.alerting.clocks.domain.moves import (
    moved,
    target_of,
)
from plaudit.alerting.clocks.domain.run import Run
from plaudit.alerting.clocks.domain.terms import Rules, Terms
from plaudit.common import idempotency
from plaudit.common.db import lock
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork

_encode: Final = msgspec.json.Encoder().encode


ByHand: TypeAlias = Callable[[Run, Terms, datetime], tuple[ClockEvent, ...]]
"""What a person adds to the log of a clock, by its run, its terms and the present time."""


class Changed(NamedTuple):
    """What a person's order has come to."""

    clock: Clock
    """As it stands now."""
    already: bool = False
    """Whether the same order was carried out before, under its idempotency key."""


async def change_by_hand(
    work: UnitOfWork,
    key: ClockKey,
    decide: ByHand,
    followers: Sequence[Follower],
    *,
    once: IdempotencyKey | None = None,
) -> Changed | None:
    """Let a person change a clock; return it as it stands afterwards, or None where there is none.

    Args:
        work: the open unit of work.
        key: which clock.
        decide: what it adds to the log of the clock, by its run, its terms and the time.
        followers: act on what happens to it.
        once: under which a repeat changes nothing.

    Raises:
        ClockRefusedError: from `decide`.
        KeyReusedError: the key came with another order before.
    """

    def decided(clock: Clock, rules: Rules, now: datetime) -> tuple[ClockEvent, ...]:
        return decide(clock.run, rules.pinned(key[0], clock.run.pin), now)

    return await _change(work, key, decided, followers, once)


async def move_by_hand(
    work: UnitOfWork,
    key: ClockKey,
    followers: Sequence[Follower],
    *,
    reason: str,
    by: str,
    once: IdempotencyKey | None = None,
) -> Changed | None:
    """Move one clock to the policy and the calendars in force; return it as it stands then, or None if there is none.

    Raises:
        ClockRefusedError: its due time is settled, or the policy in force has no class of its name.
        KeyReusedError: the key came with another order before.
    """

    def decide(clock: Clock, rules: Rules, now: datetime) -> tuple[ClockEvent, ...]:
        if not clock.run.can_move:
            raise ClockRefusedError("The due time of the clock is settled: there is nothing to move.")
        if target_of(clock, rules) is None:
            raise ClockRefusedError("The policy in force has no class of this name: the clock stays under its own.")
        return moved(clock, rules, at=now, reason=reason, by=by)

    return await _change(work, key, decide, followers, once)


async def _change(
    work: UnitOfWork,
    key: ClockKey,
    decide: Callable[[Clock, Rules, datetime], tuple[ClockEvent, ...]],
    followers: Sequence[Follower],
    once: IdempotencyKey | None,
) -> Changed | None:
    tx = work.tx
    root = await store.root_of(tx, key)
    if root is None:
        return None
    await lock(tx, [order_key(root), *keys_of_order(key[0], once)])
    if once is not None and await idempotency.find(tx, key[0], once) is not None:
        return Changed((await store.load(tx, [key]))[key], already=True)
    [clock] = (await store.load(tx, [key])).values()
    rules = await rules_of(tx, {clock.tenant_id}, [clock])
    writer = ClockWriter(followers, rules)
    if clock.erased_at is not None:
        raise ClockRefusedError("The review was erased: nothing changes its clocks any more.")
    decided = decide(clock, rules, tx.now)
    after = writer.record(clock, decided)
    await work.emit(*await writer.save(tx))
    await record(tx, *_audited(clock, after, decided))
    if once is not None:
        await idempotency.keep(tx, key[0], once, _encode(clock.id).decode())
    return Changed(after)


def _audited(before: Clock, after: Clock, decided: Sequence[ClockEvent]) -> list[Entry]:
    """Return the entry of the audit trail about what a person did to a clock; none where it changed nothing.

    What people noted about the customer is in the log of the clock alone.
    """
    actors = [by for event in decided if (by := getattr(event, "by", None)) is not None]
    if not actors:
        return []
    entry = Entry(
        tenant_id=after.tenant_id,
        actor=actors[0],
        kind=f"clock.{kind_of(decided[-1])}",
        about_kind=About.CLOCK,
        about_id=str(after.id),
        before={"state": before.run.state, "waits": before.run.waiting, "due_at": before.run.due_at},
        after={"state": after.run.state, "waits": after.run.waiting, "due_at": after.run.due_at},
    )
    return [entry]
