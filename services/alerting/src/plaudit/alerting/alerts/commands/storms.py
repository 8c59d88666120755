"""A storm of messages raises one alert and one message; when it is over, the alert is resolved. Both are published."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from plaudit.alerting.alerts.commands.telling import tell_resolved
from plaudit.alerting.alerts.domain.alert import storm_alert, storm_alert_id
from plaudit.alerting.alerts.domain.storms import OVER, storm_message, summary_of
from plaudit.alerting.alerts.events import alert_event
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks.commands import NO_CAUSE
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.events import Outgoing

Publish = Callable[[Tx, Sequence[Outgoing]], Awaitable[None]]
"""Writes events in the transaction of their change."""


class Storms:
    """What the sender of messages tells of storms."""

    def __init__(self, fallback: Owner, public_url: str, most_an_hour: int, publish: Publish) -> None:
        """Take what storms need.

        Args:
            fallback: whom to tell where a tenant names nobody.
            public_url: the address of Plaudit from outside; empty where it is not known.
            most_an_hour: how many messages are a storm.
            publish: writes events.
        """
        self._publish = publish
        self._fallback = fallback
        self._public_url = public_url
        self._most_an_hour = most_an_hour

    async def begin(self, tx: Tx, tenant_id: str, since: datetime) -> None:
        """Raise the alert, and tell the tenant's owner."""
        owner = (await people.load(tx, [tenant_id]))[tenant_id].default_owner(self._fallback)
        alert = storm_alert(tenant_id, owner.address, since, summary_of(self._most_an_hour))
        await store.raise_all(tx, [alert])
        await changes.note(tx, [tenant_id])
        await deliveries.queue(tx, [storm_message(alert, self._public_url)])
        await self._publish(tx, [alert_event("alert.raised", alert, tx.now, NO_CAUSE)])

    async def end(self, tx: Tx, tenant_id: str, since: datetime) -> None:
        """Resolve the alert, and tell whoever was told of it."""
        resolved = await store.resolve(tx, {(tenant_id, storm_alert_id(tenant_id, since)): OVER})
        await tell_resolved(tx, resolved)
        await self._publish(tx, [alert_event("alert.resolved", each, tx.now, NO_CAUSE) for each in resolved])
        await changes.note(tx, [tenant_id])
