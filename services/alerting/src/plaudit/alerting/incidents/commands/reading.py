"""An incident in full, for its page and the API."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.domain.clock import FIRST, Clock, ClockKey, clock_id
from plaudit.alerting.incidents.domain.breach import Breach
from plaudit.alerting.incidents.domain.incident import UPDATED_STATES, Incident, LinkedAt, State, UnknownIncidentError
from plaudit.alerting.incidents.store import breaches, incidents, subscribers
from plaudit.alerting.incidents.store.subscribers import Counts
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
    subscribers: Counts


class Open(NamedTuple):
    """An incident that is not over, with what is due."""

    incident: Incident
    due: tuple[Clock, ...]
    """Its clocks that wait, the one that is due first at the beginning."""


async def in_full(tx: Tx, tenant_id: str, incident_id: UUID) -> InFull:
    """Return an incident in full.

    Raises:
        UnknownIncidentError: there is none.
    """
    incident = await read(tx, tenant_id, incident_id)
    ids = _clock_ids(incident)
    clocks = await clock_store.load(tx, [(tenant_id, each) for each in ids])
    return InFull(
        incident,
        clocks.get((tenant_id, ids[0])),
        clocks.get((tenant_id, ids[1])),
        await incidents.links_of(tx, tenant_id, incident_id),
        await breaches.read(tx, tenant_id, incident_id),
        await subscribers.count(tx, tenant_id, incident_id),
    )


async def still_open(tx: Tx, tenant_id: str, limit: int) -> list[Open]:
    """Return incidents that are not over, the newest first: open, monitored, or resolved with something still due."""
    found = await incidents.listed(tx, tenant_id, states=[*UPDATED_STATES, State.RESOLVED], limit=limit)
    clocks = await clock_store.load(tx, [(tenant_id, each) for incident in found for each in _clock_ids(incident)])
    listed = [Open(each, _due(each, clocks)) for each in found]
    return [each for each in listed if each.due or each.incident.state in UPDATED_STATES]


def _due(incident: Incident, clocks: Mapping[ClockKey, Clock]) -> tuple[Clock, ...]:
    found = [clocks.get((incident.tenant_id, each)) for each in _clock_ids(incident)]
    return tuple(sorted((each for each in found if each and each.run.waiting), key=lambda each: each.run.due_at))


def _clock_ids(incident: Incident) -> tuple[UUID, UUID]:
    """Return the ids of the present clock of the updates, and of that of the notice to the authority."""
    tenant_id, incident_id = incident.tenant_id, str(incident.id)
    return (
        clock_id(tenant_id, incident_id, Metric.INCIDENT_UPDATE, max(incident.instance, FIRST)),
        clock_id(tenant_id, incident_id, Metric.STATUTORY),
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
