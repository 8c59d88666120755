"""The job that fires timers. They fire late if need be, but not before all reviews of their time have been read.

Due clocks are looked up without locks. Those whose order key is free are fired in one transaction with the outbox
rows; what another process holds is left to the next turn.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from plaudit.alerting.clocks.commands import Follower
from plaudit.alerting.clocks.domain.clock import NO_STREAM, ClockKey, Stream
from plaudit.alerting.metrics import DECIDED, TIMER_LATENESS_SECONDS
from plaudit.alerting.policies.domain.revisions import BREACH
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers import commands, store
from plaudit.alerting.timers.commands import GROUPS
from plaudit.alerting.timers.domain import Watermark
from plaudit.alerting.timers.jobs.watermarks import EndOffset, Watermarks
from plaudit.alerting.timers.store import Due
from plaudit.common.db import Role
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import Check, PeriodicJob, bisect
from plaudit.common.outbox import UnitOfWork
from plaudit.common.process import Resources

log = structlog.get_logger()

_BREACH_LATENESS: Final = TIMER_LATENESS_SECONDS.labels("breach")
_WARN_LATENESS: Final = TIMER_LATENESS_SECONDS.labels("warn")

DueClock = tuple[ClockKey, Due]
"""A clock, and what of it may fire."""


class TimerJob(PeriodicJob):
    """Fires the timers of all tenants."""

    def __init__(
        self, resources: Resources[AlertingSettings], followers: Sequence[Follower], end_offset: EndOffset
    ) -> None:
        """Fire timers under the worker role.

        Args:
            resources: database, outbox, and settings: batch size and waiting times.
            followers: act on what happens to clocks.
            end_offset: asks Kafka for the end of a stream.
        """
        settings = resources.settings
        super().__init__("timers", settings.timer_poll_seconds)
        self._resources = resources
        self._database = resources.database(Role.WORKER)
        self._followers = followers
        self._batch_clocks = settings.timer_batch_clocks
        numbers = range(settings.partitions)
        self._streams = [*(Stream(topic, number) for topic in GROUPS for number in numbers), NO_STREAM]
        self._watermarks = Watermarks(end_offset, timedelta(seconds=settings.longest_wait_seconds))

    def ready(self) -> Sequence[Check]:
        """Say whether timers can fire without waiting for Kafka."""
        trouble = self._watermarks.trouble
        return [Check(self.name, trouble is None, trouble or "")]

    async def run(self, stop: asyncio.Event) -> None:
        """Fire what is due until told to stop."""
        try:
            await super().run(stop)
        finally:
            await self._watermarks.close()

    async def has_work(self) -> bool:
        """Return whether any timer is due."""
        is_due = await self._database.holds(store.ANY_DUE, *store.columns_of(self._streams))
        if not is_due:
            self._watermarks.trouble = None  # nobody waits for Kafka, and nobody will ask it again
        return is_due

    async def turn(self) -> int:
        """Fire what is due, up to a batch; return how many timers fired."""
        async with self._database.driver_transaction() as tx:
            latest_due = await store.latest_due(tx, self._streams)
            now = tx.now
        if not latest_due:
            return 0
        await self._watermarks.ask(now, latest_due)
        async with self._database.driver_transaction() as tx:
            # The positions are read before the clocks: what a position covers was committed before it.
            watermarks = await self._watermarks.read(tx, list(latest_due))
            decide_until = {stream: watermark.decide_until for stream, watermark in watermarks.items()}
            due = await store.due(tx, decide_until, self._batch_clocks)
        # One batch after another: what was due first is told first, also after a standstill.
        return await self._fire(list(due.items()), watermarks)

    async def _fire(self, clocks: Sequence[DueClock], watermarks: Mapping[Stream, Watermark]) -> int:
        """Fire the due timers of these clocks; a clock whose timers cannot fire is found by halving, and set aside."""
        fired = 0

        async def fire(some: Sequence[DueClock]) -> None:
            nonlocal fired
            fired += await self._fire_together(some, watermarks)

        await bisect(clocks, fire, self._set_aside)
        return fired

    async def _fire_together(self, clocks: Sequence[DueClock], watermarks: Mapping[Stream, Watermark]) -> int:
        started_at = time.monotonic()
        async with self._database.driver_transaction() as tx:
            work = UnitOfWork(tx, self._resources.outbox, self._resources.ids)
            fired, decided = await commands.fire(work, dict(clocks), watermarks, self._followers)
            now = tx.now
            failpoint("timers_before_commit")
        for timer in fired:
            lateness = _BREACH_LATENESS if timer.kind == BREACH else _WARN_LATENESS
            lateness.observe((now - timer.due_at).total_seconds())
        for outcome in ("breached", "unknown"):
            DECIDED.labels(outcome).inc(decided[outcome])
        log.info("timers_fired", fired=len(fired), duration_ms=round((time.monotonic() - started_at) * 1000, 1))
        return len(fired)

    async def _set_aside(self, clock: DueClock, error: Exception) -> None:
        key, due = clock
        log.error("timer_set_aside", clock_id=str(key[1]), exc_info=error)
        async with self._database.driver_transaction() as tx:
            await commands.set_aside(tx, key, due, error)
