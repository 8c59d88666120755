"""Timers that fire: what the passing of time does to clocks, late if it must be, and never on half the facts.

Due clocks are looked up without locks; the order key of each is tried; the timers of those that are free are claimed
and acted upon in one transaction with the outbox rows. What another process holds is left to the next turn.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
from plaudit.alerting.store.timers import Claimed
from plaudit.common import metrics
from plaudit.common.db import Database, Tx, try_lock
from plaudit.common.db.errors import is_away
from plaudit.common.failpoints import failpoint
from plaudit.common.loops import Loop
from plaudit.common.outbox import Outbox

log = structlog.get_logger()

MAX_ERROR_CHARS: Final = 500


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

    async def run(self, stop: asyncio.Event) -> None:
        """Fire what is due until told to stop; a database that is away is waited for."""
        try:
            while not stop.is_set():
                self.beat()
                full = False
                try:
                    full = await self.turn() >= self._settings.timer_batch_clocks
                except Exception as error:
                    if not is_away(error):
                        raise
                    log.warning("timers_wait", error_type=type(error).__name__)
                if not full:
                    await pause(stop, self._settings.timer_poll_seconds)
        finally:
            await self._reading.close()

    async def turn(self) -> int:
        """Fire one batch; return how many clocks were looked at."""
        async with self._database.transaction() as tx:
            latest_due = await timers.latest_due(tx, self._partitions)
            now = tx.now
        if not latest_due:
            return 0
        await self._reading.ask(now, latest_due)
        async with self._database.transaction() as tx:
            # First the positions, then the clocks: what a position vouches for has been committed before it.
            reached = await self._reading.reached(tx, list(latest_due))
            keys = await timers.due(tx, _decide_until(reached), self._settings.timer_batch_clocks)
        if keys:
            await self._fire(keys, reached)
        return len(keys)

    async def _fire(self, keys: Sequence[PromiseKey], reached: Mapping[int, Reached]) -> None:
        """Fire the due timers of these clocks; one that cannot be fired is found by halving, and set aside."""
        began_at = time.monotonic()
        try:
            async with self._database.transaction() as tx:
                fired = await self._fire_in(tx, keys, reached)
                failpoint("timers_before_commit")
        except Exception as error:
            if is_away(error):
                raise
            if len(keys) == 1:
                await self._set_aside(keys[0], error)
                return
            middle = len(keys) // 2
            await self._fire(keys[:middle], reached)
            await self._fire(keys[middle:], reached)
            return
        for timer, lateness_seconds in fired:
            kind = "breach" if timer.percent == BREACH_PERCENT else "warn"
            metrics.TIMER_LATENESS_SECONDS.labels(kind).observe(lateness_seconds)
        log.info("timers_fired", fired=len(fired), duration_ms=round((time.monotonic() - began_at) * 1000, 1))

    async def _fire_in(
        self, tx: Tx, keys: Sequence[PromiseKey], reached: Mapping[int, Reached]
    ) -> list[tuple[Claimed, float]]:
        """Fire the timers of those clocks whose order key is free; return them with their lateness in seconds."""
        free = await try_lock(tx, [order_key(clock) for _, clock in keys])
        held = [key for key in keys if order_key(key[1]) in free]
        claimed = await timers.claim(tx, held, _decide_until(reached))
        due: defaultdict[PromiseKey, list[Claimed]] = defaultdict(list)
        for timer in claimed:
            due[timer.tenant, timer.clock_id].append(timer)
        known = await promises.load(tx, due.keys())
        unread = await self._reading.held_back(tx, [order_key(clock) for _, clock in due])
        rules = await policies.load(tx, {tenant for tenant, _ in due})
        changes = Changes(tx.now, self._settings.owner_email)
        for key, promise in known.items():
            clock = promise.clock
            policy = rules.pinned(promise.tenant, clock.policy)
            # A timer of an earlier generation has lost its object, and goes without a word.
            percents = [timer.percent for timer in due[key] if timer.generation == clock.generation]
            how_far = reached[promise.partition].at(tx.now, all_read=order_key(promise.id) not in unread)
            changes.record(promise, reach(clock, percents, how_far, policy), policy)
        await self._outbox.append(tx, await changes.save(tx))
        return [(timer, (tx.now - timer.due_at).total_seconds()) for timer in claimed]

    async def _set_aside(self, key: PromiseKey, error: Exception) -> None:
        log.error("timer_set_aside", clock_id=str(key[1]), exc_info=error)
        async with self._database.transaction() as tx:
            await timers.set_aside(tx, key, f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS])


def _decide_until(reached: Mapping[int, Reached]) -> dict[int, datetime]:
    return {partition: how_far.decide_until for partition, how_far in reached.items()}
