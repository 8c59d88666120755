"""HTTP: the rules of cadences, what is to come, touchpoints, invitations and digests."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from plaudit.alerting.cadences.commands import rules, touchpoints
from plaudit.alerting.cadences.commands.rules import CadencesChangedError, WrongCadencesError
from plaudit.alerting.cadences.domain.plan import Step
from plaudit.alerting.cadences.domain.rules import Purpose, Revision
from plaudit.alerting.cadences.domain.touchpoint import State, Touchpoint, TouchpointClosedError, UnknownTouchpointError
from plaudit.alerting.cadences.schemas.digests import DigestOut, digest_out
from plaudit.alerting.cadences.schemas.documents import (
    MAX_DOCUMENT_BYTES,
    NOT_JSON,
    UnreadableCadencesError,
    document_body,
    read_document,
)
from plaudit.alerting.cadences.schemas.invitations import (
    InvitationOut,
    InvitationReportOut,
    InvitationsOut,
    invited_out,
)
from plaudit.alerting.cadences.schemas.rules import CadencesOut, cadences_out
from plaudit.alerting.cadences.schemas.touchpoints import A_PERSON, DoneIn, OccurrenceOut, SkipIn, TouchpointOut
from plaudit.alerting.cadences.store import digests, occurrences, revisions
from plaudit.alerting.cadences.store import touchpoints as touchpoint_store
from plaudit.alerting.policies.api import read_text
from plaudit.alerting.policies.domain.document import Format
from plaudit.common.db import Tx
from plaudit.common.http import (
    Instant,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    authorize,
    conflict,
    describe,
    not_found,
    unprocessable,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.problems import against_rule, bad_request, precondition_failed
from plaudit.common.http.texts import AnyText
from plaudit.common.refusals import sentence

MAX_PERSON_CHARS: Final = 200
MAX_INVITATIONS: Final = 20
DEFAULT_DAYS: Final = 7
REPORT_DAYS: Final = 90
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
CADENCES: Final = "/v1/cadences"
PROBLEMS: Final = {
    "touchpoint-closed": "The touchpoint is not open: it is done, skipped, or has lost its object. Nothing is left to "
    "do for it.",
}
"""Slug → meaning and what to do."""


def _wrong(error: WrongCadencesError) -> Problem:
    named = [against_rule("body", pointer, "against_the_rules", text) for pointer, text in error.faults]
    return unprocessable("invalid-request", "The rules contradict themselves; `errors` says where.", named)


def _unreadable(error: UnreadableCadencesError) -> Problem:
    if error.faults[0].code == NOT_JSON:
        return bad_request("malformed-json", sentence(error.faults[0].words))
    named = [against_rule("body", each.pointer, each.code, each.words) for each in error.faults]
    return unprocessable("invalid-request", "The body holds no rules of cadences; `errors` says where.", named)


REFUSALS: Final[Refusals] = {
    UnreadableCadencesError: _unreadable,
    WrongCadencesError: _wrong,
    CadencesChangedError: lambda error: precondition_failed(str(error)),
    TouchpointClosedError: lambda _: conflict("touchpoint-closed", "The touchpoint is not open any more."),
    UnknownTouchpointError: lambda _: not_found("touchpoint"),
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["cadences"])
Reader = Annotated[Principal, Depends(authorize("cadences:read"))]
RulesWriter = Annotated[Principal, Depends(authorize("cadences:write"))]
Writer = Annotated[Principal, Depends(authorize("touchpoints:write"))]
TouchpointId = Annotated[UUID, Path(description="The touchpoint's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the entity tag of the rules is still one of these.")]
OfPerson = Annotated[
    AnyText | None,
    Query(max_length=MAX_PERSON_CHARS, description="Only those of this person key.", examples=[A_PERSON]),
]


@router.get(CADENCES, summary="Read the rules of cadences", openapi_extra=describe(headers=("ETag",)))
async def read_cadences(principal: Reader, tx: TenantTx, response: Response) -> CadencesOut:
    """Read the rules in force. A tenant that has set none has the built-in ones."""
    number, revision = await in_force(tx, principal.tenant_id)
    response.headers["ETag"] = f'"{number}"'
    return cadences_out(revision, number)


@router.put(
    CADENCES,
    summary="Set the rules of cadences",
    openapi_extra={**describe(problems={"neither-json-nor-yaml": 415}, headers=("ETag",)), **document_body()},
)
async def set_cadences(
    request: Request, principal: RulesWriter, tx: TenantTx, response: Response, if_match: IfMatch = None
) -> CadencesOut:
    """Set all rules, as a new revision, in JSON or YAML as `Content-Type` says. Earlier revisions stay as they are.

    Customers are planned by it within seconds. A condition of an invitation on rating, outcome, mood or score is
    refused: an invitation asks every customer.
    """
    text, written = await read_text(request, MAX_DOCUMENT_BYTES)
    body = read_document(text, is_yaml=written is Format.YAML)
    saved = await rules.save(tx, principal.tenant_id, body.cadences(), principal.actor, expected=revisions_of(if_match))
    response.headers["ETag"] = f'"{saved.number}"'
    return cadences_out(saved, saved.number)


@router.get("/v1/occurrences", summary="List contacts to come")
async def list_occurrences(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    start: Annotated[
        Instant | None, Query(alias="from", description="From then; now, if not given.", examples=[A_TIME])
    ] = None,
    end: Annotated[
        Instant | None,
        Query(alias="to", description=f"To before then; {DEFAULT_DAYS} days later, if not given.", examples=[A_TIME]),
    ] = None,
) -> Page[OccurrenceOut]:
    """List contacts with customers that are still to come, and the next digest, the earliest first.

    Of a rule that repeats only the next one is planned.
    """
    first = start or tx.now
    until = end or min(first, _LATEST) + timedelta(days=DEFAULT_DAYS)
    after = paging.after(tuple[datetime, str, str, str])
    found = await occurrences.coming(tx, principal.tenant_id, first, until, after, paging.rows)
    return paging.page(found, lambda each: (each.due_at, each.person, each.rule, each.step.value), _occurrence_out)


@router.get("/v1/touchpoints", summary="List touchpoints")
async def list_touchpoints(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    state: Annotated[State | None, Query(description="Only those that stand so.")] = None,
    purpose: Annotated[Purpose | None, Query(description="Only touchpoints, or only invitations.")] = None,
    person: OfPerson = None,
) -> Page[TouchpointOut]:
    """List contacts that came due, and what became of each, the newest first."""
    after = paging.after(tuple[datetime, UUID])
    found = await touchpoint_store.listed(
        tx, principal.tenant_id, purpose=purpose, state=state, person=person, after=after, limit=paging.rows
    )
    return paging.page(found, lambda each: (each.fired_at, each.id), _touchpoint_out)


@router.post(
    "/v1/touchpoints/{touchpoint_id}/done",
    summary="Note that a customer was contacted",
    openapi_extra=describe(
        problems={"touchpoint-closed": 409},
        answer={
            "state": State.DONE,
            "channel": "phone",
            "note": "Likes the new report.",
            "closed_at": A_TIME,
            "closed_by": "key:vw3sajk26br3jcpn",
        },
    ),
)
async def finish_touchpoint(
    touchpoint_id: TouchpointId, principal: Writer, tx: TenantTx, body: DoneIn
) -> TouchpointOut:
    """Note by which way the customer was contacted. Intervals since the last contact begin anew."""
    found = await touchpoints.done(tx, principal.tenant_id, touchpoint_id, body.channel, body.note, principal.actor)
    return _touchpoint_out(found)


@router.post(
    "/v1/touchpoints/{touchpoint_id}/skip",
    summary="Skip a touchpoint",
    openapi_extra=describe(
        problems={"touchpoint-closed": 409},
        answer={
            "state": State.SKIPPED,
            "why": "On holiday until May.",
            "local_date": "2026-03-05",
            "closed_at": A_TIME,
            "closed_by": "key:vw3sajk26br3jcpn",
        },
    ),
)
async def skip_touchpoint(touchpoint_id: TouchpointId, principal: Writer, tx: TenantTx, body: SkipIn) -> TouchpointOut:
    """Note that the customer is not contacted this time, and why. What comes next stays."""
    return _touchpoint_out(await touchpoints.skip(tx, principal.tenant_id, touchpoint_id, body.why, principal.actor))


@router.get("/v1/invitations", summary="Read a customer's invitations")
async def read_invitations(
    principal: Reader,
    tx: TenantTx,
    person: Annotated[AnyText, Query(max_length=MAX_PERSON_CHARS, description="The person key.", examples=[A_PERSON])],
) -> InvitationsOut:
    """Read the invitations to review that a customer has now, so that an application can show one.

    One ends with the customer's review, and with an opt-out of everything.
    """
    found = await touchpoint_store.listed(
        tx, principal.tenant_id, purpose=Purpose.INVITATION, state=State.OPEN, person=person, limit=MAX_INVITATIONS
    )
    return InvitationsOut(items=[_invitation_out(each) for each in found])


@router.get("/v1/invitations/report", summary="Read how many customers were invited")
async def read_invitation_report(
    principal: Reader,
    tx: TenantTx,
    start: Annotated[
        Instant | None,
        Query(alias="from", description=f"From then; {REPORT_DAYS} days ago, if not given.", examples=[A_TIME]),
    ] = None,
    end: Annotated[
        Instant | None, Query(alias="to", description="To before then; now, if not given.", examples=[A_TIME])
    ] = None,
) -> InvitationReportOut:
    """Read invited ÷ eligible by rule and week, with the reasons why customers were not invited or not mailed.

    Reminders do not count.
    """
    first = start or tx.now - timedelta(days=REPORT_DAYS)
    return invited_out(await touchpoint_store.invited(tx, principal.tenant_id, first, end or _LATEST))


@router.get("/v1/digests/{local_date}", summary="Read a digest", openapi_extra=describe(problems={"not-found": 404}))
async def read_digest(
    principal: Reader,
    tx: TenantTx,
    local_date: Annotated[date, Path(description="Its local date.", examples=["2026-03-02"])],
) -> DigestOut:
    """Read the digest of a date, as it was told then."""
    found = await digests.read(tx, principal.tenant_id, local_date)
    if found is None:
        raise not_found("digest")
    return digest_out(found)


async def in_force(tx: Tx, tenant_id: str) -> tuple[int, Revision]:
    """Return number and rules in force; 0 and the built-in ones for a tenant of whom nothing was told yet."""
    found = (await revisions.newest(tx, [tenant_id])).get(tenant_id)
    return (0, rules.built_in(tx, tenant_id)) if found is None else (found.number, found)


def _touchpoint_out(found: Touchpoint) -> TouchpointOut:
    return TouchpointOut.model_validate(found, from_attributes=True)


def _occurrence_out(found: object) -> OccurrenceOut:
    return OccurrenceOut.model_validate(found, from_attributes=True)


def _invitation_out(found: Touchpoint) -> InvitationOut:
    return InvitationOut(
        id=found.id,
        person=found.person,
        subject=found.subject,
        rule=found.rule,
        is_reminder=found.step is Step.REMINDER,
        invited_at=found.fired_at,
    )
