"""What time does to alerts: the next step of an escalation is told, and what is still open when a silence ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from plaudit.alerting.alerts.commands.telling import fire, set_aside, set_silence_aside, tell_unsilenced
from plaudit.alerting.alerts.domain import Alert
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.alerts.store import silences
from plaudit.alerting.metrics import SILENCES_SET_ASIDE
from plaudit.alerting.people.domain import Owner
from plaudit.common.db import Database, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.db.savepoints import savepoint
from plaudit.common.jobs import PeriodicJob, bisect

log = structlog.get_logger()

POLL_SECONDS: Final = 1.0
BATCH_ALERTS: Final = 500


class EscalationJob(PeriodicJob):
    """Tells whoever is next of alerts that nobody has acknowledged, and reminds of those that somebody has."""

    def __init__(self, database: Database, fallback: Owner) -> None:
        """Tell of the alerts of all tenants.

        Args:
            database: under the worker role.
            fallback: the owner of the settings.
        """
        super().__init__("escalations", POLL_SECONDS)
        self._database = database
        self._fallback = fallback

    async def has_work(self) -> bool:
        """Return whether anybody is to be told."""
        return await self._database.holds(store.ANY_STEP)

    async def turn(self) -> int:
        """Fire the due steps of some alerts; return how many. An alert whose steps cannot fire is set aside."""
        async with self._database.transaction() as tx:
            due = await store.due(tx, BATCH_ALERTS)
        count = 0

        async def fire_some(some: Sequence[Alert]) -> None:
            nonlocal count
            async with self._database.transaction() as tx:
                locked = await store.lock_all(tx, [(each.tenant_id, each.id) for each in some])
                count += await fire(tx, locked, self._fallback)

        await bisect(due, fire_some, self._set_aside)
        if count:
            log.info("alerts_escalated", fired=count)
        return count

    async def _set_aside(self, alert: Alert, error: Exception) -> None:
        log.error("alert_set_aside", alert_id=str(alert.id), exc_info=error)
        async with self._database.transaction() as tx:
            await set_aside(tx, alert, error)


class SilenceJob(PeriodicJob):
    """Tells what is still open when a silence ends, once."""

    def __init__(self, database: Database, fallback: Owner) -> None:
        """Tell of the silences of all tenants.

        Args:
            database: under the worker role.
            fallback: the owner of the settings.
        """
        super().__init__("silences", POLL_SECONDS)
        self._database = database
        self._fallback = fallback

    async def has_work(self) -> bool:
        """Return whether a silence has ended."""
        return await self._database.holds(silences.ANY_OVER)

    async def turn(self) -> int:
        """Tell of one silence, or set it aside; return how many silences that was."""
        async with self._database.transaction() as tx:
            ended = await silences.next_over(tx)
            if ended is None:
                return 0
            try:
                async with savepoint(tx):
                    told = await tell_unsilenced(tx, ended, self._fallback)
            except Exception as error:
                if is_transient(error):
                    raise
                log.exception("silence_set_aside", tenant_id=ended.tenant_id, silence_id=str(ended.id))
                await set_silence_aside(tx, ended, error)
                return 1
        log.info("silence_ended", fired=told)
        return 1


async def count_silences_set_aside(tx: Tx, _since: datetime) -> tuple[()]:
    """Count ends of silences that could not be told, for the auditor. They are no trouble of clocks: it beats on."""
    SILENCES_SET_ASIDE.set(await silences.count_set_aside(tx))
    return ()
