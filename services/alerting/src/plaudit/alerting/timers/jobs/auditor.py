"""The auditor: compares clocks with their timers, repairs what differs, and beats only while everything is well.

It shares nothing with the job that fires timers but the tables. It looks at clocks page by page, in the order of their
keys, a short transaction for each: its memory does not grow with them, and it holds no snapshot for long. Each process
that runs jobs has one: what two find at the same time, one repairs.

A beat is a metric, and a POST to a watch of others if there is one. Whoever watches is told by its absence: then this
process, the database or the network are down, or a round has found something, which the log and `/readyz` name.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from plaudit.alerting.clocks.commands import rules_of
from plaudit.alerting.clocks.domain.clock import ClockKey
from plaudit.alerting.metrics import (
    AUDIT_SECONDS,
    HEARTBEAT,
    HEARTBEATS_NOT_TAKEN,
    LEASES_STUCK,
    OLDEST_TRANSACTION_SECONDS,
    OUTLETS_RESTING,
    TIMERS_LATE,
    TIMERS_REPAIRED,
    TIMERS_SET_ASIDE,
)
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers import commands, store
from plaudit.alerting.timers.domain import Trouble
from plaudit.alerting.timers.store import FIRST_KEY, LAST_KEY, PinnedClass, Suspects
from plaudit.common.db import Role, Tx
from plaudit.common.delivery import store as deliveries
from plaudit.common.delivery.connector import Connector, UnreachableError
from plaudit.common.jobs import Check, PeriodicJob, bisect
from plaudit.common.process import Resources

log = structlog.get_logger()

PAGE_CLOCKS: Final = 10_000
"""In one statement."""
COMPARED_CLOCKS: Final = 500
"""With their logs, in one transaction."""
MOST_SHORT: Final = 20_000
"""Clocks of which not the first stage comes next: one round compares so many with their logs, the next one goes on."""
MARGIN_SECONDS: Final = 60.0
"""Beyond the longest wait, a timer that has not fired is late; beyond its lease, a delivery is stuck."""
MOST_COUNTED: Final = 10_000
LONGEST_TRANSACTION_SECONDS: Final = 300.0
MAX_AGE_SECONDS: Final = 900.0


Look = Callable[[Tx, datetime], Awaitable[Sequence[Trouble]]]
"""Looks, as another room does, for what was due before an instant and has not happened."""


class Auditor(PeriodicJob):
    """Looks at the clocks, timers, contacts and deliveries of all tenants."""

    def __init__(
        self,
        resources: Resources[AlertingSettings],
        connector: Connector,
        looks: Sequence[Look] = (),
        *,
        longest_transaction_seconds: float = LONGEST_TRANSACTION_SECONDS,
    ) -> None:
        """Look and repair under the worker role.

        Args:
            resources: database and settings.
            connector: sends the heartbeat, to public addresses.
            looks: what other rooms look for in each round.
            longest_transaction_seconds: from then on an open transaction is told.
        """
        settings = resources.settings
        super().__init__("auditor", settings.audit_pause_seconds, max_age_seconds=MAX_AGE_SECONDS)
        self._database = resources.database(Role.WORKER)
        self._url = None if settings.heartbeat_url is None else settings.heartbeat_url.get_secret_value()
        self._late = timedelta(seconds=settings.longest_wait_seconds + MARGIN_SECONDS)
        self._connector = connector
        self._looks = looks
        self._longest_transaction_seconds = longest_transaction_seconds
        self._short_after = FIRST_KEY
        self._troubles: list[Trouble] = []
        self._open_transaction = ""

    def ready(self) -> Sequence[Check]:
        """Say what the last round has found. A process that sees it serves all the same, and so is ready."""
        found = "; ".join(f"{each.number} {each.what}" for each in self._troubles)
        return [Check(self.name, ok=True, detail=found), Check("transactions", ok=True, detail=self._open_transaction)]

    async def turn(self) -> int:
        """Make one round. Return 0: the next follows after the pause."""
        started_at = time.monotonic()
        found = [*await self._audit_clocks(), *await self._look()]
        await self._look_at_transactions()
        self._troubles = [each for each in found if each.number]
        AUDIT_SECONDS.set(time.monotonic() - started_at)
        if self._troubles:
            log.error("audit_found", detail="; ".join(f"{each.number} {each.what}" for each in self._troubles))
        else:
            await self._beat_outside()
        return 0

    async def _audit_clocks(self) -> list[Trouble]:
        """Compare all open clocks with their timers; repair those that differ."""
        after, repaired, unknown, room = FIRST_KEY, 0, 0, MOST_SHORT
        while after != LAST_KEY:
            self.beat()
            async with self._database.transaction() as tx:
                await store.look_up_by_index(tx)
                until = await store.page_end(tx, after, PAGE_CLOCKS)
                kinds = await _kinds(tx, after, until)
                known = {pin: stages for pin, stages in kinds.items() if stages is not None}
                found = await store.suspects(tx, after, until, known)
            unknown += len(kinds) - len(known)
            short = [key for key in found.short if key > self._short_after][:room]
            room -= len(short)
            self._short_after = short[-1] if short else self._short_after
            repaired += await self._repair_all(Suspects(found.sure, short))
            after = until
        if room:
            self._short_after = FIRST_KEY  # all that were left have been compared: begin anew
        return [
            Trouble(repaired, "clocks had other timers than their logs ask for"),
            Trouble(unknown, "classes that clocks are pinned to are not stored"),
        ]

    async def _repair_all(self, suspects: Suspects) -> int:
        """Repair what differs from its log; return how many clocks did, or could not be compared."""
        repaired = 0

        async def look(keys: Sequence[ClockKey]) -> None:
            nonlocal repaired
            async with self._database.transaction() as tx:
                wrong = list(await commands.differing(tx, keys))
            repaired += await self._repair(wrong) if wrong else 0

        async def refuse(key: ClockKey, error: Exception) -> None:
            nonlocal repaired
            repaired += 1
            log.error("clock_not_compared", tenant_id=key[0], clock_id=str(key[1]), exc_info=error)

        keys = (*suspects.sure, *suspects.short)
        for first in range(0, len(keys), COMPARED_CLOCKS):
            self.beat()
            await bisect(keys[first : first + COMPARED_CLOCKS], look, refuse)
        return repaired

    async def _repair(self, keys: Sequence[ClockKey]) -> int:
        async with self._database.transaction() as tx:
            wrong = await commands.repair(tx, keys)
        for (tenant_id, clock_id), difference in wrong.items():
            missing, stray = len(difference.missing), len(difference.stray)
            TIMERS_REPAIRED.labels("missing").inc(missing)
            TIMERS_REPAIRED.labels("stray").inc(stray)
            log.error("timers_repaired", tenant_id=tenant_id, clock_id=str(clock_id), missing=missing, stray=stray)
        return len(wrong)

    async def _look(self) -> list[Trouble]:
        """Look for what has not happened in its time."""
        async with self._database.transaction() as tx:
            await store.look_up_by_index(tx)
            timers = await store.not_fired(tx, tx.now - self._late, MOST_COUNTED)
            messages = await deliveries.standing(tx, MARGIN_SECONDS, MOST_COUNTED)
            others = [trouble for look in self._looks for trouble in await look(tx, tx.now - self._late)]
        TIMERS_LATE.set(timers.late)
        TIMERS_SET_ASIDE.set(timers.aside)
        LEASES_STUCK.set(messages.stuck)
        OUTLETS_RESTING.set(messages.resting)
        return [
            Trouble(timers.late, "timers have not fired in time"),
            Trouble(timers.aside, "timers are set aside"),
            Trouble(messages.stuck, "deliveries are held by a process that has ended"),
            *others,
        ]

    async def _look_at_transactions(self) -> None:
        """Tell of the oldest open transaction. It is no trouble of clocks, and so withholds no heartbeat."""
        async with self._database.transaction() as tx:
            found = await store.open_transactions(tx)
        OLDEST_TRANSACTION_SECONDS.set(float("nan") if found.hidden else found.oldest_seconds)
        if found.oldest_seconds >= self._longest_transaction_seconds:
            self._open_transaction = f"one has been open for {found.oldest_seconds:.0f} seconds: see pg_stat_activity"
            log.warning("transaction_open", seconds=round(found.oldest_seconds, 1))
        elif found.hidden:
            self._open_transaction = (
                f"{found.hidden} sessions cannot be seen: GRANT pg_read_all_stats TO plaudit_alerting_owner"
            )
        else:
            self._open_transaction = ""

    async def _beat_outside(self) -> None:
        """Say that all is well: to Prometheus, and to the watch of others."""
        HEARTBEAT.set_to_current_time()
        if self._url is None:
            return
        try:
            status = (await self._connector.post(self._url, b"", {"content-length": "0"})).status
            detail = f"it answered {status}"
        except UnreachableError as error:
            status, detail = 0, str(error)
        if status // 100 != 2:
            HEARTBEATS_NOT_TAKEN.inc()
            log.warning("heartbeat_not_taken", detail=detail)


async def _kinds(tx: Tx, after: ClockKey, until: ClockKey) -> dict[PinnedClass, Sequence[str] | None]:
    """Return the kinds of stages of each class of a page, in their order; None where the class is not stored."""
    found = await store.classes(tx, after, until)
    policies = (await rules_of(tx, {tenant_id for tenant_id, _ in found})).policies
    kinds: dict[PinnedClass, Sequence[str] | None] = {}
    for tenant_id, ref in found:
        try:
            kinds[tenant_id, ref] = policies.pinned(tenant_id, ref).kinds
        except KeyError:
            kinds[tenant_id, ref] = None
    return kinds
