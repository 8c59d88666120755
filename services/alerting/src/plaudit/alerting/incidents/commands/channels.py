"""Which channel has which update, and sending again what has failed."""

from typing import Final
from uuid import UUID

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.incidents.domain.channels import Standing, Told, told
from plaudit.alerting.incidents.domain.incident import Incident
from plaudit.alerting.incidents.domain.messages import key_of, thread_of
from plaudit.alerting.incidents.store import incidents
from plaudit.common.db import Tx
from plaudit.common.delivery import commands as deliveries
from plaudit.common.delivery import store as delivery_store
from plaudit.common.delivery.endpoints import store as endpoints

SHOWN_UPDATES: Final = 20
"""The newest updates whose channels are told."""


async def channels_of(tx: Tx, incident: Incident) -> list[Told]:
    """Return how each channel stands to each of the newest updates of an incident."""
    updates = await incidents.updates_of(tx, incident.tenant_id, incident.id, SHOWN_UPDATES)
    keys = [key_of(incident.id, each.number, revision) for each in updates for revision in range(1, each.revision + 1)]
    found = await delivery_store.standing_of(tx, incident.tenant_id, thread_of(incident.id), keys)
    names = {str(each.id): each.name for each in await endpoints.all_of(tx, incident.tenant_id)}
    standing = [
        Standing(each.key, each.channel, each.outlet, each.state, each.count, each.finished_at, each.reason)
        for each in found
    ]
    return told(incident, updates[0] if updates else None, standing, names)


async def send_again(tx: Tx, incident: Incident, actor: str, endpoint_id: UUID | None = None) -> int:
    """Send what has failed of an incident again, over all channels or to one endpoint; return how many messages."""
    thread = thread_of(incident.id)
    count = await deliveries.redrive(tx, incident.tenant_id, endpoint_id=endpoint_id, thread=thread)
    if count:
        after = {"messages": count} | ({} if endpoint_id is None else {"endpoint": str(endpoint_id)})
        entry = Entry(
            tenant_id=incident.tenant_id,
            actor=actor,
            kind="incident.sent_again",
            about_kind=About.INCIDENT,
            about_id=str(incident.id),
            after=after,
        )
        await record(tx, entry)
    return count
