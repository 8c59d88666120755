"""An incident in full, for its page and the API."""

from typing import NamedTuple
from uuid import UUID

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.clock import FIRST, Clock, clock_id
from plaudit.alerting.incidents.domain.breach import Breach
from plaudit.alerting.incidents.domain.incident import Incident, LinkedAt, UnknownIncidentError
from plaudit.alerting.incidents.store import breaches, incidents
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.db import Tx


class InFull(NamedTuple):
    """An incident with all that stands beside it."""

    incident: Incident
    next_update: Clock | None
    """The present clock of the updates."""
    notice: Clock | None
    """That of the notice to the authority."""
    links: list[LinkedAt]
    breach: Breach | None


async def in_full(tx: Tx, tenant_id: str, incident_id: UUID) -> InFull:
    """Return an incident in full.

    Raises:
        UnknownIncidentError: there is none.
    """
    incident = await read(tx, tenant_id, incident_id)
    ids = [
        clock_id(tenant_id, str(incident_id), Metric.INCIDENT_UPDATE, max(incident.instance, FIRST)),
        clock_id(tenant_id, str(incident_id), Metric.STATUTORY),
    ]
    clocks = await clock_store.load(tx, [(tenant_id, each) for each in ids])
    return InFull(
        incident,
        clocks.get((tenant_id, ids[0])),
        clocks.get((tenant_id, ids[1])),
        await incidents.links_of(tx, tenant_id, incident_id),
        await breaches.read(tx, tenant_id, incident_id),
    )


async def read(tx: Tx, tenant_id: str, incident_id: UUID) -> Incident:
    """Return an incident.

    Raises:
        UnknownIncidentError: there is none.
    """
    incident = await incidents.read(tx, tenant_id, incident_id)
    if incident is None:
        raise UnknownIncidentError
    return incident
