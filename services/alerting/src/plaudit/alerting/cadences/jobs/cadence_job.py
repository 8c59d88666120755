"""The job of cadences: fires what is due, late if need be, and plans persons by rules that have changed."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from plaudit.alerting.cadences.commands import firing, persons
from plaudit.alerting.cadences.commands.rules import order_key
from plaudit.alerting.cadences.store import occurrences
from plaudit.alerting.cadences.store import persons as person_store
from plaudit.alerting.cadences.store.persons import PersonKey
from plaudit.alerting.metrics import OCCURRENCES_LATE
from plaudit.alerting.people.domain import fallback_owner
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.timers.domain import Trouble
from plaudit.common.db import Role, Tx, try_lock
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import PeriodicJob, bisect
from plaudit.common.process import Resources

log = structlog.get_logger()

BATCH: Final = 500
"""Occurrences that are looked at in one turn."""
MOST_COUNTED: Final = 10_000
REPLAN_PAUSE_SECONDS: Final = 2.0


class CadenceJob(PeriodicJob):
    """Fires what is due of all tenants."""

    def __init__(self, resources: Resources[AlertingSettings]) -> None:
        """Fire under the worker role."""
        super().__init__("cadences", resources.settings.cadence_poll_seconds)
        self._database = resources.database(Role.WORKER)
        self._fallback = fallback_owner(resources.settings.owner_email, resources.settings.owner_time_zone)
        self._public_url = resources.settings.public_url

    async def has_work(self) -> bool:
        """Return whether anything is due."""
        return await self._database.holds(occurrences.ANY_DUE)

    async def turn(self) -> int:
        """Fire one batch; return how many occurrences were due in it."""
        async with self._database.transaction() as tx:
            due = await occurrences.due(tx, BATCH)
        fired = 0

        async def fire(some: Sequence[PersonKey]) -> None:
            nonlocal fired
            fired += await self._fire(some)

        if due:
            await bisect(due, fire, self._set_aside)
        return fired

    async def _fire(self, due: Sequence[PersonKey]) -> int:
        started_at = time.monotonic()
        async with self._database.transaction() as tx:
            fired = await firing.fire(tx, due, self._fallback, self._public_url)
            failpoint("cadences_before_commit")
        seconds = round(time.monotonic() - started_at, 4)
        log.info("cadences_fired", fired=len(fired.claimed), seconds=seconds)
        return len(fired.claimed)

    async def _set_aside(self, key: PersonKey, error: Exception) -> None:
        log.error("cadence_set_aside", kind="person" if key[1] else "digest", exc_info=error)
        async with self._database.transaction() as tx:
            await firing.set_aside(tx, key, error)


async def look_for_late(tx: Tx, since: datetime) -> Sequence[Trouble]:
    """Return what was due before an instant and has not fired, for the auditor."""
    count = await occurrences.count_not_fired(tx, since, MOST_COUNTED)
    OCCURRENCES_LATE.set(count)
    return [Trouble(count, "contacts of cadences have not come due in time, or are set aside")]


class ReplanJob(PeriodicJob):
    """Plans persons by the rules in force, where they were planned by earlier ones."""

    def __init__(self, resources: Resources[AlertingSettings]) -> None:
        """Plan under the worker role."""
        super().__init__("cadence-plans", REPLAN_PAUSE_SECONDS)
        self._database = resources.database(Role.WORKER)

    async def turn(self) -> int:
        """Plan one batch; return how many persons were planned."""
        async with self._database.transaction() as tx:
            keys = {order_key(*each): each for each in await person_store.unplanned(tx, BATCH)}
            if not keys:
                return 0
        async with self._database.transaction() as tx:
            free = await try_lock(tx, keys)
            return await persons.plan_again(tx, [keys[each] for each in free])
