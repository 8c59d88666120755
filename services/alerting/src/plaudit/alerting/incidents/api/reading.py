"""HTTP: reading incidents, and sending again what has failed."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from plaudit.alerting.incidents.api.common import (
    INCIDENTS,
    IncidentId,
    Reader,
    Writer,
    etag_of,
)
from plaudit.alerting.incidents.commands import channels, reading
from plaudit.alerting.incidents.domain.incident import (
    MAX_UPDATES,
    Kind,
    Severity,
    State,
    UnknownIncidentError,
)
from plaudit.alerting.incidents.schemas.channels import (
    ChannelsOut,
    RedriveIn,
    SentAgainOut,
    SubscriberOut,
    subscriber_out,
    told_out,
)
from plaudit.alerting.incidents.schemas.incidents import (
    EntryOut,
    IncidentInFullOut,
    IncidentOut,
    entry_out,
    in_full_out,
    incident_out,
)
from plaudit.alerting.incidents.schemas.updates import RevisionsOut, UpdateOut, update_out
from plaudit.alerting.incidents.store import incidents as store
from plaudit.alerting.incidents.store import subscribers as subscriber_store
from plaudit.common.http import (
    Page,
    Paging,
    SubjectFilter,
    TenantTx,
    Work,
    describe,
)

router = APIRouter(prefix=INCIDENTS, tags=["incidents"])


@router.get("", summary="List incidents")
async def list_incidents(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    state: Annotated[list[State] | None, Query(description="Only those that stand so; repeat for several.")] = None,
    severity: Annotated[Severity | None, Query(description="Only those so severe.")] = None,
    kind: Annotated[Kind | None, Query(description="Only those of this kind.")] = None,
    subject: SubjectFilter = None,
) -> Page[IncidentOut]:
    """List incidents, the newest first."""
    found = await store.listed(
        tx,
        principal.tenant_id,
        states=state,
        severity=severity,
        kind=kind,
        subject=subject,
        after=paging.after(tuple[datetime, UUID]),
        limit=paging.rows,
    )
    return paging.page(found, lambda each: (each.opened_at, each.id), incident_out)


@router.get("/{incident_id}", summary="Read an incident", openapi_extra=describe(headers=("ETag",)))
async def read_incident(
    principal: Reader, tx: TenantTx, incident_id: IncidentId, response: Response
) -> IncidentInFullOut:
    """Return an incident with what is due, its links, and what is known of a data breach."""
    found = await reading.in_full(tx, principal.tenant_id, incident_id)
    response.headers["ETag"] = etag_of(found.incident)
    return in_full_out(found)


@router.get("/{incident_id}/updates", summary="List updates of an incident")
async def list_incident_updates(
    principal: Reader, tx: TenantTx, incident_id: IncidentId, paging: Paging
) -> Page[UpdateOut]:
    """List what was told as it stands, the newest first. What was corrected says so; its revisions are listed apart."""
    await reading.read(tx, principal.tenant_id, incident_id)
    [before] = paging.after(tuple[int]) or (None,)
    found = await store.updates_of(tx, principal.tenant_id, incident_id, paging.rows, before=before)
    return paging.page(found, lambda each: (each.number,), update_out)


@router.get("/{incident_id}/updates/{number}/revisions", summary="List revisions of an update")
async def list_update_revisions(
    principal: Reader,
    tx: TenantTx,
    incident_id: IncidentId,
    number: Annotated[int, Path(ge=1, le=MAX_UPDATES, description="Of the update.", examples=[1])],
) -> RevisionsOut:
    """List all that an update has said, the newest first; none of it is ever changed."""
    await reading.read(tx, principal.tenant_id, incident_id)
    found = await store.revisions_of(tx, principal.tenant_id, incident_id, number)
    if not found:
        raise UnknownIncidentError
    return RevisionsOut(items=[update_out(each) for each in found])


@router.get("/{incident_id}/log", summary="List what was done about an incident")
async def list_incident_log(principal: Reader, tx: TenantTx, incident_id: IncidentId, paging: Paging) -> Page[EntryOut]:
    """List who did what and why, the newest first."""
    await reading.read(tx, principal.tenant_id, incident_id)
    [before] = paging.after(tuple[int]) or (None,)
    found = await store.log_of(tx, principal.tenant_id, incident_id, paging.rows, before=before)
    return paging.page(found, lambda each: (each.number,), entry_out)


@router.get("/{incident_id}/deliveries", summary="List which channel has which update")
async def list_incident_deliveries(principal: Reader, tx: TenantTx, incident_id: IncidentId) -> ChannelsOut:
    """List of each channel and update whether it is published, queued, sent or failed, and why."""
    incident = await reading.read(tx, principal.tenant_id, incident_id)
    return ChannelsOut(items=[told_out(each) for each in await channels.channels_of(tx, incident)])


@router.post("/{incident_id}/deliveries/redrive", summary="Send failed messages of an incident again")
async def redrive_incident(principal: Writer, work: Work, incident_id: IncidentId, body: RedriveIn) -> SentAgainOut:
    """Send what has failed again at once, each message under its id."""
    incident = await reading.read(work.tx, principal.tenant_id, incident_id)
    return SentAgainOut(messages=await channels.send_again(work.tx, incident, principal.actor, body.endpoint_id))


@router.get("/{incident_id}/subscribers", summary="List subscribers of an incident")
async def list_incident_subscribers(
    principal: Reader, tx: TenantTx, incident_id: IncidentId, paging: Paging
) -> Page[SubscriberOut]:
    """List who is told by mail, by person key. Addresses are encrypted, and are not shown."""
    await reading.read(tx, principal.tenant_id, incident_id)
    [after] = paging.after(tuple[str]) or (None,)
    found = await subscriber_store.page(tx, principal.tenant_id, incident_id, paging.rows, after)
    return paging.page(found, lambda each: (each.person_key,), subscriber_out)
