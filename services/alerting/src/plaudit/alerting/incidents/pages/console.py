"""The console's page of one incident, and what is done about it there."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from plaudit.alerting.incidents.api.common import OfVault
from plaudit.alerting.incidents.commands import channels, incidents, reading, subscribers
from plaudit.alerting.incidents.domain.incident import (
    Link,
    LinkKind,
    Severity,
    State,
    WrongIncidentError,
)
from plaudit.alerting.incidents.pages.shared import SEVERITIES, Field, Ordered, Reader, lines_of, one
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.http import TenantTx

NOTE_OF_SEVERITY: Final = {"note": "severity-note"}
"""The name of a field → its id on the page."""

router = APIRouter(include_in_schema=False)


@router.get(f"{INCIDENTS}/{{incident_id}}")
async def show_incident(request: Request, principal: Reader, tx: TenantTx, incident_id: UUID) -> Response:
    """Show one incident: what is due, what was told over which channel, and what was done."""
    return await one(request, principal, tx, incident_id)


@router.post(f"{INCIDENTS}/{{incident_id}}/severity")
async def set_severity(order: Ordered, severity: Field = "", note: Field = "") -> Response:
    """Set how severe an incident is."""
    if severity not in SEVERITIES:
        return await order.wrong(
            WrongIncidentError("/severity", "Choose one of these."), {"note": note}, NOTE_OF_SEVERITY
        )
    change = incidents.set_severity(
        order.work,
        *order.place,
        Severity(severity),
        order.principal.actor,
        order.following,
        note=note,
    )
    return await order.carried_out(change, "The severity is set.", {"note": note}, NOTE_OF_SEVERITY)


@router.post(f"{INCIDENTS}/{{incident_id}}/state")
async def set_state(order: Ordered, state: Field = "", note: Field = "", learnings: Field = "") -> Response:
    """Let an incident go on to another state."""
    if state not in {each.value for each in State}:
        return order.lead("There is no such state.", is_good=False)
    change = incidents.set_state(
        order.work,
        *order.place,
        State(state),
        order.principal.actor,
        order.following,
        note=note,
        learnings=learnings,
    )
    values = {"note": note, "learnings": learnings}
    return await order.carried_out(change, f"The incident is {state} now.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/links")
async def add_links(order: Ordered, reviews: Field = "", alerts: Field = "") -> Response:
    """Link reviews and alerts."""
    links = [Link(LinkKind.REVIEW, each) for each in lines_of(reviews)]
    links += [Link(LinkKind.ALERT, each) for each in lines_of(alerts)]
    change = incidents.link(order.work, *order.place, links, order.principal.actor, order.following)
    values = {"reviews": reviews, "alerts": alerts}
    return await order.carried_out(change, "They are linked.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/unlink")
async def remove_link(order: Ordered, kind: Field = "", linked_id: Field = "") -> Response:
    """Undo a link."""
    link = Link(LinkKind.ALERT if kind == LinkKind.ALERT else LinkKind.REVIEW, linked_id)
    change = incidents.unlink(order.work, *order.place, link, order.principal.actor, order.following)
    return await order.carried_out(change, "It is not linked any more.", {})


@router.post(f"{INCIDENTS}/{{incident_id}}/subscribers")
async def add_subscriber(order: Ordered, vault: OfVault, address: Field = "", language: Field = "") -> Response:
    """Tell somebody by mail, who has consented to it."""
    change = subscribers.add(order.work, *order.place, address, language, order.principal.actor, order.following, vault)
    said = "They are told from the next update on."
    values = {"address": address, "language": language}
    return await order.carried_out(change, said, values)


@router.post(f"{INCIDENTS}/{{incident_id}}/redrive")
async def send_again(order: Ordered, outlet: Field = "") -> Response:
    """Send what has failed again."""
    incident = await reading.read(order.work.tx, *order.place)
    count = await channels.send_again(order.work.tx, incident, order.principal.actor, _uuid(outlet))
    return order.lead(f"{count:,} messages are sent again.")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
