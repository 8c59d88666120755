"""The job that keeps calendars true: lists of holidays are made anew, and so is what other data of zones has moved."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import structlog

from plaudit.alerting.calendars import commands, store
from plaudit.alerting.calendars.domain import CalendarRef, InvalidCalendarError
from plaudit.alerting.calendars.domain.definition import CalendarRevision, needs_renewal
from plaudit.alerting.calendars.domain.zones import tz_version
from plaudit.common.db import Database, Tx
from plaudit.common.jobs import PeriodicJob

PAUSE_SECONDS: Final = 3_600.0
MAX_AGE_SECONDS: Final = 7_500.0
MAX_LOOKED_AT: Final = 50
"""Calendars in one turn; to look up a list of holidays takes about a millisecond."""
_FIRST: Final = ("", "")

Moved = Callable[[Tx, str, CalendarRef], Awaitable[None]]
"""Acts, in the same transaction, when the open time of a tenant's revision has moved under its clocks."""

log = structlog.get_logger()


class CalendarsJob(PeriodicJob):
    """Looks through the calendars of all tenants, every hour."""

    def __init__(self, database: Database, followers: Sequence[Moved] = ()) -> None:
        """Take a worker's connections, and who acts when open time has moved."""
        super().__init__("calendars", PAUSE_SECONDS, max_age_seconds=MAX_AGE_SECONDS)
        self._database = database
        self._followers = followers
        self._after = _FIRST

    async def turn(self) -> int:
        """Compute a batch of revisions anew, else look at a batch of lists; return how many there were."""
        return await self._compute_anew() or await self._renew()

    async def _compute_anew(self) -> int:
        async with self._database.transaction() as tx:
            computed, moved = await commands.compute_anew(tx)
            for tenant_id, ref in moved:
                for follower in self._followers:
                    await follower(tx, tenant_id, ref)
        for tenant_id, ref in moved:
            log.warning("calendar_moved", tenant_id=tenant_id, calendar=ref.name, tzdata=tz_version())
        return computed

    async def _renew(self) -> int:
        async with self._database.transaction() as tx:
            found = await store.page(tx, self._after, MAX_LOOKED_AT)
            wanted = [(tenant_id, each.name) for tenant_id, each in found if _wants_renewal(tenant_id, each, tx.now)]
        self._after = (found[-1][0], found[-1][1].name) if found else _FIRST
        for tenant_id, name in wanted:
            await self._renew_one(tenant_id, name)
        return len(found)

    async def _renew_one(self, tenant_id: str, name: str) -> None:
        try:
            async with self._database.transaction() as tx:
                renewed = await commands.renew(tx, tenant_id, name)
        except InvalidCalendarError as error:
            _log_not_renewed(tenant_id, name, error)
            return
        if renewed is not None:
            log.info("calendar_renewed", tenant_id=tenant_id, calendar=name)


def _wants_renewal(tenant_id: str, revision: CalendarRevision, now: datetime) -> bool:
    try:
        return needs_renewal(revision, now)
    except InvalidCalendarError as error:
        _log_not_renewed(tenant_id, revision.name, error)
        return False


def _log_not_renewed(tenant_id: str, name: str, error: InvalidCalendarError) -> None:
    """Say that a calendar stays as it is, since what it names is no longer there, or would leave nothing open."""
    log.error("calendar_not_renewed", tenant_id=tenant_id, calendar=name, pointer=error.pointer)
