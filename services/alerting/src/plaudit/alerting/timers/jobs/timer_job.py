"""Timers that fire: what the passing of time does to clocks, late if it must be, and never on half the facts.

Due clocks are looked up without locks; the order key of each is tried; the timers of those that are free are claimed
and acted upon in one transaction with the outbox rows. What another process holds is left to the next turn.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from plaudit.alerting.changes import Changes
from plaudit.alerting.domain.clocks import order_key
from plaudit.alerting.domain.decide import Reached, reach
from plaudit.alerting.domain.policy import BREACH_PERCENT
from plaudit.alerting.jobs.reading import EndOffset, Reading
from plaudit.alerting.jobs.waiting import pause
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.store import policies, promises, timers
from plaudit.alerting.store.promises import PromiseKey
from plaudit.alerting.store.timers import Claimed, DueClocks
from plaudit.common.db import Database, Tx, try_lock
from plaudit.common.db.errors import is_transient
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import Check, Loop
from plaudit.common.observability import metrics
from plaudit.common.outbox import Outbox

log = structlog.get_logger()

MAX_ERROR_CHARS: Final = 500
_BREACH_LATENESS: Final = metrics.TIMER_LATENESS_SECONDS.labels("breach")
_WARN_LATENESS: Final = metrics.TIMER_LATENESS_SECONDS.labels("warn")


class TimerLoop(Loop):
    """Fires timers."""

    def __init__(self, database: Database, outbox: Outbox, settings: AlertingSettings, end_offset: EndOffset) -> None:
        """Fire timers of all tenants.

        Args:
            database: opened under the worker role.
            outbox: takes the events.
            settings: batch size, waiting times, the owner.
            end_offset: asks Kafka for the end of a partition.
        """
        super().__init__("timers")
        self._database = database
        self._outbox = outbox
        self._settings = settings
        self._partitions = list(range(settings.partitions))
        self._reading = Reading(end_offset, timedelta(seconds=settings.longest_wait_seconds))

    def ready(self) -> Sequence[Check]:
        """Say whether timers can be acted upon without reserve."""
        trouble = self._reading.trouble
        return [Check(self.name, trouble is None, trouble or "")]

    async def run(self, stop: asyncio.Event) -> None:
        """Fire what is due until told to stop; a database that is away is waited for."""
        try:
            while not stop.is_set():
                self.beat()
                fired = 0
                try:
                    fired = await self.turn()
                except Exception as error:
                    if not is_transient(error):
                        raise
                    log.warning("timers_wait", error_type=type(error).__name__)
                if not fired:
                    await pause(stop, self._settings.timer_poll_seconds)
        finally:
            await self._reading.close()

    async def turn(self) -> int:
        """Fire one batch; return how many timers it were."""
        async with self._database.transaction() as tx:
            latest_due = await timers.latest_due(tx, self._partitions)
            now = tx.now
        if not latest_due:
            return 0
        await self._reading.ask(now, latest_due)
        async with self._database.transaction() as tx:
            # First the positions, then the clocks: what a position vouches for has been committed before it.
            reached = await self._reading.reached(tx, list(latest_due))
            decide_until = {partition: how_far.decide_until for partition, how_far in reached.items()}
            clocks = await timers.due(tx, decide_until, self._settings.timer_batch_clocks)
        return await self._fire(clocks, reached) if clocks else 0

    async def _fire(self, clocks: DueClocks, reached: Mapping[int, Reached]) -> int:
        """Fire the due timers of these clocks; one that cannot be fired is found by halving, and set aside."""
        began_at = time.monotonic()
        try:
            async with self._database.transaction() as tx:
                fired = await self._fire_in(tx, clocks, reached)
                failpoint("timers_before_commit")
        except Exception as error:
            if is_transient(error):
                raise
            if len(clocks) == 1:
                await self._set_aside(next(iter(clocks)), error)
                return 0
            return sum([await self._fire(half, reached) for half in _halves(clocks)])
        for timer, lateness_seconds in fired:
            (_BREACH_LATENESS if timer.percent == BREACH_PERCENT else _WARN_LATENESS).observe(lateness_seconds)
        log.info("timers_fired", fired=len(fired), duration_ms=round((time.monotonic() - began_at) * 1000, 1))
        return len(fired)

    async def _fire_in(self, tx: Tx, clocks: DueClocks, reached: Mapping[int, Reached]) -> list[tuple[Claimed, float]]:
        """Fire the timers of those clocks whose order key is free; return them with their lateness in seconds."""
        order_keys = {key: order_key(key[1]) for key in clocks}
        free = await try_lock(tx, order_keys.values())
        claimed = await timers.claim(tx, {key: until for key, until in clocks.items() if order_keys[key] in free})
        changes = Changes(tx.now, self._settings.owner_email)
        await self._decide(tx, changes, claimed, reached)
        await self._outbox.append(tx, await changes.save(tx))
        return [(timer, (tx.now - timer.due_at).total_seconds()) for timer in claimed]

    async def _decide(
        self, tx: Tx, changes: Changes, claimed: Sequence[Claimed], reached: Mapping[int, Reached]
    ) -> None:
        """Decide what these timers make of their clocks."""
        due: defaultdict[PromiseKey, list[Claimed]] = defaultdict(list)
        for timer in claimed:
            due[timer.tenant, timer.clock_id].append(timer)
        known = await promises.load(tx, due.keys())
        rules = await policies.load(tx, {tenant for tenant, _ in due})
        doubted = await self._reading.held_back(tx, due.keys())
        for key, promise in known.items():
            clock = promise.clock
            # A timer of an earlier generation has lost its object, and goes without a word.
            percents = [timer.percent for timer in due[key] if timer.generation == clock.generation]
            how_far = reached[promise.partition]
            decided = reach(clock, percents, how_far.doubted() if key in doubted else how_far)
            changes.record(promise, decided, rules.pinned(promise.tenant, clock.policy))

    async def _set_aside(self, key: PromiseKey, error: Exception) -> None:
        log.error("timer_set_aside", clock_id=str(key[1]), exc_info=error)
        async with self._database.transaction() as tx:
            await timers.set_aside(tx, key, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])


def _halves(clocks: DueClocks) -> tuple[DueClocks, DueClocks]:
    items = list(clocks.items())
    middle = len(items) // 2
    return dict(items[:middle]), dict(items[middle:])
