"""How the alarms of incidents end at PagerDuty and Alertmanager, which hold alarms and not updates.

An alarm is begun by an update, and nobody ends it by hand: it ends when the incident is over, also where no update says
so, and where an endpoint takes the updates and not the last one.
"""

from collections.abc import Sequence

from plaudit.alerting.alerts.commands.endpoints import AFTER_ITS_BEGIN
from plaudit.alerting.alerts.domain.told_events import ALARM_CHANNELS
from plaudit.alerting.incidents.domain.incident import Incident
from plaudit.alerting.incidents.domain.messages import RESOLVED, end_of_alarm, thread_of
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.domain.message import takes_topic
from plaudit.common.delivery.endpoints import store as endpoints


async def end_alarms(tx: Tx, incident: Incident, *, is_told: bool) -> None:
    """Queue what ends the alarms of an incident that is over, where one was begun.

    Args:
        tx: the open transaction.
        incident: as it is from now on.
        is_told: whether an update says that it is resolved: endpoints that take that one need no other word.
    """
    tenant_id, thread = incident.tenant_id, thread_of(incident.id)
    hold_alarms = [each for each in await _enabled(tx, tenant_id) if each.channel in ALARM_CHANNELS]
    chosen = [each for each in hold_alarms if not is_told or not takes_topic(list(each.topics), RESOLVED)]
    keys = {(tenant_id, thread, str(each.id)) for each in chosen}
    begun = await delivery_store.begun(tx, keys) if keys else {}
    messages = [
        end_of_alarm(incident, each.id, tx.now + AFTER_ITS_BEGIN if begun[key] else None)
        for each in chosen
        if (key := (tenant_id, thread, str(each.id))) in begun
    ]
    await deliveries.queue(tx, messages)


async def _enabled(tx: Tx, tenant_id: str) -> Sequence[endpoints.Choices]:
    choices = await endpoints.choices(tx, {tenant_id})
    return [each for each in choices.get(tenant_id, ()) if each.is_enabled]
