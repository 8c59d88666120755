"""A storm of messages raises one alert and one message; when it is over, the alert is resolved."""

from datetime import datetime

from plaudit.alerting.alerts.domain.alert import storm_alert, storm_alert_id
from plaudit.alerting.alerts.domain.storms import OVER, storm_message, summary_of
from plaudit.alerting.alerts.store import alerts as store
from plaudit.alerting.changes import store as changes
from plaudit.alerting.people import store as people
from plaudit.alerting.people.domain import Owner
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries


class Storms:
    """What the sender of messages tells of storms."""

    def __init__(self, fallback: Owner, public_url: str, most_an_hour: int) -> None:
        """Take whom to tell where a tenant names nobody, the address of Plaudit, and how many messages are a storm."""
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

    async def end(self, tx: Tx, tenant_id: str, since: datetime) -> None:
        """Resolve the alert."""
        await store.resolve(tx, {(tenant_id, storm_alert_id(tenant_id, since)): OVER})
        await changes.note(tx, [tenant_id])
