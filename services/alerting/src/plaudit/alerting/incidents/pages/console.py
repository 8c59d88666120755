"""The console's page of one incident, and what is done about it there."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from plaudit.alerting.incidents.api.common import Following, OfVault
from plaudit.alerting.incidents.commands import channels, incidents, reading, subscribers
from plaudit.alerting.incidents.domain.incident import (
    MAX_NOTE_CHARS,
    Link,
    LinkKind,
    Severity,
    State,
)
from plaudit.alerting.incidents.pages.shared import SEVERITIES, Field, Reader, Writer, act, lines_of, one
from plaudit.alerting.mails.domain.words import INCIDENTS
from plaudit.common.http import TenantTx, Work
from plaudit.common.sessions import Typed, done

router = APIRouter(include_in_schema=False)


@router.get(f"{INCIDENTS}/{{incident_id}}")
async def show_incident(request: Request, principal: Reader, tx: TenantTx, incident_id: UUID) -> Response:
    """Show one incident: what is due, what was told over which channel, and what was done."""
    return await one(request, principal, tx, incident_id)


@router.post(f"{INCIDENTS}/{{incident_id}}/severity")
async def set_severity(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    severity: Field = "",
    note: Field = "",
) -> Response:
    """Set how severe an incident is."""
    if severity not in SEVERITIES:
        errors = {"severity": "Choose one of these."}
        return await one(request, principal, work.tx, incident_id, Typed({"note": note}, errors))
    change = incidents.set_severity(
        work,
        principal.tenant_id,
        incident_id,
        Severity(severity),
        principal.actor,
        following,
        note=note.strip()[:MAX_NOTE_CHARS],
    )
    return await act(request, principal, work, incident_id, change, "The severity is set.", {"note": note})


@router.post(f"{INCIDENTS}/{{incident_id}}/state")
async def set_state(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    state: Field = "",
    note: Field = "",
    learnings: Field = "",
) -> Response:
    """Let an incident go on to another state."""
    if state not in {each.value for each in State}:
        return done(request, f"{INCIDENTS}/{incident_id}", "There is no such state.", is_good=False)
    change = incidents.set_state(
        work,
        principal.tenant_id,
        incident_id,
        State(state),
        principal.actor,
        following,
        note=note.strip()[:MAX_NOTE_CHARS],
        learnings=learnings,
    )
    values = {"note": note, "learnings": learnings}
    return await act(request, principal, work, incident_id, change, f"The incident is {state} now.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/links")
async def add_links(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    reviews: Field = "",
    alerts: Field = "",
) -> Response:
    """Link reviews and alerts."""
    links = [Link(LinkKind.REVIEW, each) for each in lines_of(reviews)]
    links += [Link(LinkKind.ALERT, each) for each in lines_of(alerts)]
    change = incidents.link(work, principal.tenant_id, incident_id, links, principal.actor, following)
    values = {"reviews": reviews, "alerts": alerts}
    return await act(request, principal, work, incident_id, change, "They are linked.", values)


@router.post(f"{INCIDENTS}/{{incident_id}}/unlink")
async def remove_link(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: UUID,
    kind: Field = "",
    linked_id: Field = "",
) -> Response:
    """Undo a link."""
    link = Link(LinkKind.ALERT if kind == LinkKind.ALERT else LinkKind.REVIEW, linked_id)
    change = incidents.unlink(work, principal.tenant_id, incident_id, link, principal.actor, following)
    return await act(request, principal, work, incident_id, change, "It is not linked any more.", {})


@router.post(f"{INCIDENTS}/{{incident_id}}/subscribers")
async def add_subscriber(
    request: Request,
    principal: Writer,
    work: Work,
    following: Following,
    vault: OfVault,
    incident_id: UUID,
    address: Field = "",
    language: Field = "",
) -> Response:
    """Tell somebody by mail, who has consented to it."""
    change = subscribers.add(
        work, principal.tenant_id, incident_id, address, language, principal.actor, following, vault
    )
    said = "They are told from the next update on."
    values = {"address": address, "language": language}
    return await act(request, principal, work, incident_id, change, said, values)


@router.post(f"{INCIDENTS}/{{incident_id}}/redrive")
async def send_again(
    request: Request, principal: Writer, work: Work, incident_id: UUID, outlet: Field = ""
) -> Response:
    """Send what has failed again."""
    incident = await reading.read(work.tx, principal.tenant_id, incident_id)
    count = await channels.send_again(work.tx, incident, principal.actor, _uuid(outlet))
    return done(request, f"{INCIDENTS}/{incident_id}", f"{count:,} messages are sent again.")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
