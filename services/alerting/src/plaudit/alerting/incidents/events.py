"""What alerting publishes about incidents: `incident.*` on `alerts.v1`."""

from datetime import datetime
from typing import Final

from plaudit.alerting.incidents.domain.incident import Incident
from plaudit.common.contracts import ALERTS, IncidentChange
from plaudit.common.events import Outgoing

_TYPES: Final = {
    "opened": "incident.opened",
    "reopened": "incident.opened",
    "resolved": "incident.resolved",
    "closed": "incident.closed",
}


def incident_event(incident: Incident, change: str, now: datetime) -> Outgoing:
    """Return the event to publish about an incident.

    Args:
        incident: as it stands afterwards.
        change: what happened, as its log says it.
        now: when.
    """
    return Outgoing(
        topic=ALERTS,
        key=incident.key,
        type=_TYPES.get(change, "incident.updated"),
        subject=incident.subjects[0],
        tenant_id=incident.tenant_id,
        time=now,
        data=IncidentChange(
            incident_id=str(incident.id),
            slug=incident.slug,
            title=incident.title,
            kind=incident.kind,
            severity=incident.severity,
            state=incident.state,
            audience=incident.audience,
            subjects=incident.subjects,
            opened_at=incident.opened_at,
            happened_at=now,
            change=change,
            update=incident.updates,
        ),
    )
