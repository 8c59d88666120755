"""HTTP: opening incidents, and what goes on with them."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from plaudit.alerting.incidents.api.common import (
    INCIDENTS,
    Following,
    IfMatch,
    IncidentId,
    OfVault,
    Writer,
    answer,
    key_of,
    numbers_of,
    replayed,
)
from plaudit.alerting.incidents.commands import incidents, reading, subscribers, updates
from plaudit.alerting.incidents.domain.incident import (
    MAX_LINKED_ID_CHARS,
    MAX_UPDATES,
    Link,
    LinkKind,
    Severity,
    State,
)
from plaudit.alerting.incidents.schemas.channels import SubscriberIn, SubscriberOut, subscriber_out
from plaudit.alerting.incidents.schemas.incidents import (
    LEARNINGS,
    CloseIn,
    IncidentIn,
    IncidentOut,
    LinksIn,
    SeverityIn,
    StateIn,
)
from plaudit.alerting.incidents.schemas.parts import A_KEY, A_PAGE, A_PERSON
from plaudit.alerting.incidents.schemas.updates import (
    A_CORRECTION,
    A_REASON,
    CorrectionIn,
    ResolveIn,
    UpdateIn,
    UpdateOut,
    update_out,
)
from plaudit.common.http import (
    IdempotencyKeyHeader,
    Work,
    describe,
)
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.texts import StorableText

router = APIRouter(prefix=INCIDENTS, tags=["incidents"])


@router.post(
    "",
    status_code=201,
    summary="Open an incident",
    openapi_extra=describe(headers=("Location", "ETag", "Idempotent-Replayed"), body={"reviews": []}),
)
async def create_incident(
    principal: Writer,
    work: Work,
    following: Following,
    body: IncidentIn,
    response: Response,
    idempotency_key: IdempotencyKeyHeader,
) -> IncidentOut:
    """Open an incident, by hand or from reviews and alerts. The first update is due from now on, by the policy."""
    key = key_of(idempotency_key, "open", body)
    made, already = await incidents.create(work, principal.tenant_id, body.draft(), principal.actor, following, key)
    replayed(response, already=already)
    response.headers["Location"] = f"{INCIDENTS}/{made.id}"
    return answer(made, response)


@router.post(
    "/{incident_id}/updates",
    status_code=201,
    summary="Publish an update",
    openapi_extra=describe(problems={"incident-refused": 409}, headers=("Idempotent-Replayed",)),
)
async def publish_update(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: UpdateIn,
    response: Response,
    idempotency_key: IdempotencyKeyHeader,
    if_match: IfMatch = None,
) -> UpdateOut:
    """Tell what is known, once, over every channel: page, banner, mail and endpoints.

    An update has an apology, the cause, what is done, and what is done so that it does not happen again, in each of
    its languages. It fulfils the clock of the present update, and begins that of the next one.
    """
    made, already = await updates.publish(
        work,
        principal.tenant_id,
        incident_id,
        [each.words() for each in body.texts],
        principal.actor,
        following,
        state=body.state,
        key=key_of(idempotency_key, f"update {incident_id}", body),
        expected=numbers_of(if_match),
    )
    replayed(response, already=already)
    return update_out(made)


@router.put(
    "/{incident_id}/updates/{number}",
    summary="Correct an update",
    openapi_extra=describe(
        problems={"incident-refused": 409},
        answer={
            "revision": 2,
            "texts": [A_CORRECTION],
            "corrected_at": A_TIME,
            "corrected_by": A_KEY,
            "reason": A_REASON,
        },
    ),
)
async def correct_update(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    number: Annotated[int, Path(ge=1, le=MAX_UPDATES, description="Of the update.", examples=[1])],
    body: CorrectionIn,
    if_match: IfMatch = None,
) -> UpdateOut:
    """Correct what an update says. It becomes another revision, which every channel gets that the update went to.

    State, severity and time of the update stay, and no clock is fulfilled: for what is new, publish another update.
    """
    made = await updates.correct(
        work,
        principal.tenant_id,
        incident_id,
        number,
        [each.words() for each in body.texts],
        body.reason,
        principal.actor,
        following,
        expected=numbers_of(if_match),
    )
    return update_out(made)


@router.post(
    "/{incident_id}/resolve",
    summary="Resolve an incident",
    openapi_extra=describe(
        problems={"incident-refused": 409},
        headers=("ETag",),
        answer={
            "state": State.RESOLVED,
            "resolved_at": A_TIME,
            "updates": 1,
            "updated_at": A_TIME,
            "page": A_PAGE,
            "revision": 2,
        },
    ),
)
async def resolve_incident(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: ResolveIn,
    response: Response,
    idempotency_key: IdempotencyKeyHeader,
    if_match: IfMatch = None,
) -> IncidentOut:
    """Say that an incident is resolved, with its last update or without. No further update is due."""
    expected, tenant_id = numbers_of(if_match), principal.tenant_id
    if body.texts:
        await updates.publish(
            work,
            tenant_id,
            incident_id,
            [each.words() for each in body.texts],
            principal.actor,
            following,
            state=State.RESOLVED,
            key=key_of(idempotency_key, f"resolve {incident_id}", body),
            expected=expected,
        )
        return answer(await reading.read(work.tx, tenant_id, incident_id), response)
    resolved = await incidents.set_state(
        work,
        tenant_id,
        incident_id,
        State.RESOLVED,
        principal.actor,
        following,
        note=body.note,
        expected=expected,
    )
    return answer(resolved, response)


@router.post(
    "/{incident_id}/close",
    summary="Close an incident",
    openapi_extra=describe(
        problems={"incident-refused": 409},
        headers=("ETag",),
        answer={
            "state": State.CLOSED,
            "resolved_at": A_TIME,
            "closed_at": A_TIME,
            "learnings": LEARNINGS,
            "updates": 1,
            "updated_at": A_TIME,
            "page": A_PAGE,
            "revision": 3,
        },
    ),
)
async def close_incident(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: CloseIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentOut:
    """Close a resolved incident with what was learned. A data breach is closed once the authority is notified."""
    closed = await incidents.set_state(
        work,
        principal.tenant_id,
        incident_id,
        State.CLOSED,
        principal.actor,
        following,
        learnings=body.learnings,
        expected=numbers_of(if_match),
    )
    return answer(closed, response)


@router.put(
    "/{incident_id}/severity",
    summary="Set how severe an incident is",
    openapi_extra=describe(
        problems={"incident-refused": 409}, headers=("ETag",), answer={"severity": Severity.IMPORTANT, "revision": 2}
    ),
)
async def set_incident_severity(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: SeverityIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentOut:
    """Set how severe it is. The next update is due by the new interval, unless it is due earlier already."""
    changed = await incidents.set_severity(
        work,
        principal.tenant_id,
        incident_id,
        body.severity,
        principal.actor,
        following,
        note=body.note,
        expected=numbers_of(if_match),
    )
    return answer(changed, response)


@router.put(
    "/{incident_id}/state",
    summary="Set how an incident stands",
    openapi_extra=describe(
        problems={"incident-refused": 409}, headers=("ETag",), answer={"state": State.MONITORING, "revision": 2}
    ),
)
async def set_incident_state(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    body: StateIn,
    response: Response,
    if_match: IfMatch = None,
) -> IncidentOut:
    """Let it be watched, or open it again. Nobody is told by this: publish an update for that."""
    changed = await incidents.set_state(
        work,
        principal.tenant_id,
        incident_id,
        body.state,
        principal.actor,
        following,
        note=body.note,
        expected=numbers_of(if_match),
    )
    return answer(changed, response)


@router.post(
    "/{incident_id}/links",
    summary="Link reviews and alerts to an incident",
    openapi_extra=describe(problems={"incident-refused": 409}, headers=("ETag",), answer={"revision": 2}),
)
async def link_to_incident(
    principal: Writer, work: Work, following: Following, incident_id: IncidentId, body: LinksIn, response: Response
) -> IncidentOut:
    """Link reviews and alerts; those that are linked already stay so."""
    changed = await incidents.link(work, principal.tenant_id, incident_id, body.links(), principal.actor, following)
    return answer(changed, response)


@router.delete(
    "/{incident_id}/links/{kind}/{linked_id}",
    status_code=204,
    summary="Unlink a review or an alert",
    openapi_extra=describe(problems={"incident-refused": 409}),
)
async def unlink_from_incident(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    kind: Annotated[LinkKind, Path(description="What it is.")],
    linked_id: Annotated[StorableText, Path(max_length=MAX_LINKED_ID_CHARS, description="Its id.")],
) -> None:
    """Undo a link."""
    await incidents.unlink(work, principal.tenant_id, incident_id, Link(kind, linked_id), principal.actor, following)


@router.post(
    "/{incident_id}/subscribers",
    status_code=201,
    summary="Add a subscriber to an incident",
    openapi_extra=describe(problems={"incident-refused": 409}),
)
async def add_incident_subscriber(
    principal: Writer, work: Work, following: Following, vault: OfVault, incident_id: IncidentId, body: SubscriberIn
) -> SubscriberOut:
    """Tell somebody by mail from the next update on, who has consented to it. They can stop it in each mail."""
    added = await subscribers.add(
        work,
        principal.tenant_id,
        incident_id,
        body.address,
        body.language,
        principal.actor,
        following,
        vault,
    )
    return subscriber_out(added)


@router.delete("/{incident_id}/subscribers/{person}", status_code=204, summary="Remove a subscriber from an incident")
async def remove_incident_subscriber(
    principal: Writer,
    work: Work,
    following: Following,
    incident_id: IncidentId,
    person: Annotated[StorableText, Path(max_length=200, description="The person key.", examples=[A_PERSON])],
) -> None:
    """Tell somebody no more. What they consented to stays in its log."""
    await subscribers.remove(work, principal.tenant_id, incident_id, person, principal.actor, following)
