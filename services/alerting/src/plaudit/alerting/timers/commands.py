"""How timers change: a run that starts schedules them, its end cancels them, and due ones fire."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import ClockWriter, Follower
from plaudit.alerting.clocks.consumer import GROUP
from plaudit.alerting.clocks.domain.clock import ClockKey, LogEntry, order_key
from plaudit.alerting.clocks.domain.clock_events import Cancelled, Fulfilled, Retracted, Started, kind_of
from plaudit.alerting.clocks.domain.decide import decide_due
from plaudit.alerting.policies import built_in as policies
from plaudit.alerting.timers import store
from plaudit.alerting.timers.domain import Timer, Watermark, timers_of
from plaudit.alerting.timers.store import DueClocks
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx, lock, try_lock
from plaudit.common.events import Outgoing
from plaudit.common.kafka import dead_letters
from plaudit.common.outbox import UnitOfWork

MAX_ERROR_CHARS: Final = 500


class Schedule(Follower):
    """Schedules the timers of each run that starts, and cancels them when it ends."""

    follows = frozenset({Started, Fulfilled, Cancelled, Retracted})

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Replace and cancel timers; publishes nothing."""
        stale: set[ClockKey] = set()
        scheduled: dict[ClockKey, list[Timer]] = {}
        for clock, event, policy, *_ in entries:
            if not isinstance(event, Started) or clock.run.number > 1:
                stale.add(clock.key)
            if isinstance(event, Started):
                scheduled[clock.key] = timers_of(clock, policy)
            else:
                scheduled.pop(clock.key, None)
        await store.cancel(tx, stale)
        await store.add(tx, [timer for timers in scheduled.values() for timer in timers])
        return ()


async def fire(
    work: UnitOfWork, clocks: DueClocks, watermarks: Mapping[int, Watermark], followers: Sequence[Follower]
) -> tuple[list[Timer], Counter[str]]:
    """Fire the due timers of those clocks whose order key is free; return them, and how many events of each kind.

    Args:
        work: the open unit of work.
        clocks: which timers may fire.
        watermarks: of the partitions of these clocks.
        followers: act on what happens to the clocks.
    """
    tx = work.tx
    order_keys = {key: order_key(key[1]) for key in clocks}
    free = await try_lock(tx, order_keys.values())
    claimed = await store.claim(tx, {key: until for key, until in clocks.items() if order_keys[key] in free})
    writer = ClockWriter(followers)
    decided = await _decide(tx, writer, claimed, watermarks)
    await work.emit(*await writer.save(tx))
    return claimed, decided


async def set_aside(tx: Tx, key: ClockKey, error: Exception) -> None:
    """Mark the due timers of a clock that cannot fire, so that they are not tried again."""
    await lock(tx, [order_key(key[1])])
    await store.set_aside(tx, key, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])


async def _decide(
    tx: Tx, writer: ClockWriter, claimed: Sequence[Timer], watermarks: Mapping[int, Watermark]
) -> Counter[str]:
    """Decide what these timers do to their clocks; return how many events of each kind there are."""
    decided: Counter[str] = Counter()
    due: defaultdict[ClockKey, list[Timer]] = defaultdict(list)
    for timer in claimed:
        due[timer.tenant_id, timer.clock_id].append(timer)
    known = await clock_store.load(tx, due.keys())
    rules = await policies.load(tx, {tenant_id for tenant_id, _ in due})
    has_parked = any(watermark.has_parked for watermark in watermarks.values())
    doubted = await _held_back(tx, due.keys()) if has_parked else set()
    for key, clock in known.items():
        # A timer of an earlier generation no longer applies: it is deleted and does nothing.
        percents = [timer.percent for timer in due[key] if timer.generation == clock.run.generation]
        watermark = watermarks[clock.partition]
        if key in doubted:
            watermark = watermark.doubted()
        events = decide_due(
            clock.run,
            percents,
            now=tx.now,
            read_until=watermark.read_until,
            decide_until=watermark.decide_until,
            is_told=clock.is_told,
        )
        writer.record(clock, events, rules.pinned(clock.tenant_id, clock.run.policy))
        decided.update(map(kind_of, events))
    return decided


async def _held_back(tx: Tx, keys: Collection[ClockKey]) -> set[ClockKey]:
    """Return those of the clocks of which records were set aside, although the position has passed them."""
    blocked = await dead_letters.blocked(tx, GROUP, REVIEWS.name, {order_key(clock) for _, clock in keys})
    return {key for key in keys if order_key(key[1]) in blocked}
