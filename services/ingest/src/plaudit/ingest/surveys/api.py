"""Surveys in the API: make one, change its words, and get links for those whom to ask."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from plaudit.common.db import Tx
from plaudit.common.http import (
    IdempotencyKeyHeader,
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    not_found,
    resources,
    unprocessable,
)
from plaudit.common.http.problems import ProblemError
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.mailbox import NotAMailboxError
from plaudit.common.person_keys import person_key
from plaudit.common.process import Resources
from plaudit.common.settings import address_of
from plaudit.common.tenants import store as tenants
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.settings import IngestSettings
from plaudit.ingest.sources import store as sources
from plaudit.ingest.sources.api import OpenedVault, PlatformProofs
from plaudit.ingest.surveys import commands, store
from plaudit.ingest.surveys.commands import Invited
from plaudit.ingest.surveys.domain.invitations import LeftOut, Reason, Wanted
from plaudit.ingest.surveys.domain.survey import InvalidSurveyError, Language, SurveyClosedError, choices
from plaudit.ingest.surveys.domain.templates import Template, wording_of
from plaudit.ingest.surveys.schemas import (
    InvitationIn,
    InvitationOut,
    InvitationsIn,
    InvitationsOut,
    LeftOutOut,
    SurveyChangeIn,
    SurveyIn,
    SurveyKind,
    SurveyOut,
    TemplateOut,
    new_survey_out,
    read_invitation,
    survey_out,
)
from plaudit.ingest.surveys.store import Counted

PATH: Final = "/s/"
"""Of the public page of an invitation, before its token."""


def _invalid(error: InvalidSurveyError) -> Problem:
    named = ProblemError("body", f"/{error.field}", "against_the_rules", str(error))
    detail = "Words of the survey are missing or too long; `errors` says which."
    return unprocessable("invalid-request", detail, [named])


PROBLEMS: Final = {
    "survey-closed": "Nobody can respond to this survey any more. Open it again, or invite to another one.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    InvalidSurveyError: _invalid,
    SurveyClosedError: lambda error: conflict("survey-closed", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["surveys"])
SurveysReader = Annotated[Principal, Depends(authorize("surveys:read"))]
SurveysWriter = Annotated[Principal, Depends(authorize("surveys:write"))]
Inviter = Annotated[Principal, Depends(authorize("surveys:invite"))]
SurveyId = Annotated[UUID, Path(description="The survey's id.")]
IngestResources = Annotated[Resources[IngestSettings], Depends(resources)]


def templates_of(language: Language, kind: Kind) -> list[TemplateOut]:
    """Return the words of every industry."""
    words = {template: msgspec.structs.asdict(wording_of(template, language, kind)) for template in Template}
    return [TemplateOut(template=template, language=language, kind=kind, **words[template]) for template in Template]


_EXAMPLE: Final = [each.model_dump(mode="json") for each in templates_of(Language.ENGLISH, Kind.NPS)]


@router.get(
    "/v1/survey-templates",
    summary="List the words that surveys begin with",
    openapi_extra=describe(answer={"items": _EXAMPLE}),
)
async def list_survey_templates(
    _: SurveysReader,
    language: Annotated[Language, Query(description="Of the words.")] = Language.ENGLISH,
    kind: Annotated[SurveyKind, Query(description="What is asked for.")] = Kind.NPS,
) -> Page[TemplateOut]:
    """List the words of five industries for one kind of question, in one language."""
    return Page(items=templates_of(language, kind), next=None)


@router.post("/v1/surveys", status_code=201, summary="Make a survey", openapi_extra=describe(headers=("Location",)))
async def create_survey(
    principal: SurveysWriter, work: Work, body: SurveyIn, response: Response, proofs: PlatformProofs, vault: OpenedVault
) -> SurveyOut:
    """Make a survey from a template, and its source: responses come in as reviews of it."""
    survey = await commands.create(
        work,
        principal.tenant_id,
        name=body.name,
        subject=body.subject,
        template=body.template,
        kind=body.kind,
        language=body.language,
        brand=body.brand,
        wording=body.wording(),
        proofs=proofs,
        vault=vault,
    )
    response.headers["Location"] = f"/v1/surveys/{survey.id}"
    return new_survey_out(survey)


@router.get("/v1/surveys", summary="List surveys")
async def list_surveys(principal: SurveysReader, tx: TenantTx, paging: Paging) -> Page[SurveyOut]:
    """List surveys, oldest first, with how many were invited and have responded."""
    found = await store.page(tx, principal.tenant_id, paging.after(tuple[datetime, UUID]), paging.rows)
    return paging.page(found, lambda each: (each.survey.created_at, each.survey.id), survey_out)


@router.get("/v1/surveys/{survey_id}", summary="Read a survey")
async def read_survey(principal: SurveysReader, tx: TenantTx, survey_id: SurveyId) -> SurveyOut:
    """Read a survey, with how many were invited and have responded."""
    return survey_out(await find_survey(tx, principal, survey_id))


@router.put("/v1/surveys/{survey_id}", summary="Change a survey")
async def change_survey(principal: SurveysWriter, work: Work, survey_id: SurveyId, body: SurveyChangeIn) -> SurveyOut:
    """Give a survey other words, close it, or open it again. Links that were sent lead to the new words."""
    counted = await find_survey(work.tx, principal, survey_id)
    survey = await commands.change(
        work.tx, counted.survey, brand=body.brand, wording=body.wording(), closed=body.closed
    )
    return survey_out(Counted(survey, counted.responses))


@router.post(
    "/v1/surveys/{survey_id}/invitations",
    summary="Invite customers to a survey",
    openapi_extra=describe(problems={"survey-closed": 409, "secret-unreadable": 409}, headers=("Idempotent-Replayed",)),
)
async def invite_to_survey(
    principal: Inviter,
    work: Work,
    survey_id: SurveyId,
    body: InvitationsIn,
    vault: OpenedVault,
    parts: IngestResources,
    response: Response,
    idempotency_key: IdempotencyKeyHeader,
) -> InvitationsOut:
    """Get a link for each of up to 500 customers: it is theirs alone, and takes one response.

    Invite every customer after the event, whatever you think of their mood. Who has opted out gets no link. Whoever has
    an open invitation about the same subject and reference gets its link again. Addresses become person keys and are
    not stored; mails are yours to send.
    """
    survey = (await find_survey(work.tx, principal, survey_id)).survey
    source = await sources.get(work.tx, principal.tenant_id, survey_id, vault)
    if source is None:
        raise not_found("survey")
    key = await tenants.person_key_of(work.tx, principal.tenant_id)
    assert key is not None, "the tenant of a principal exists"
    wanted = [_wanted(read_invitation(raw, source.subject), key, source.subject) for raw in body.invitations]
    repeat = None if idempotency_key is None else _idempotency_key(idempotency_key, survey_id, wanted, body)
    judged = await commands.invite(work, survey, source, wanted, body.expires_in_days, vault, key=repeat)
    if judged.is_repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return invitations_out(judged.each, [str(value) for value in choices(survey.kind)], address_of(parts.settings))


async def find_survey(tx: Tx, principal: Principal, survey_id: UUID) -> Counted:
    """Return one of the tenant's surveys.

    Raises:
        Problem: 404, there is none.
    """
    found = await store.get(tx, principal.tenant_id, survey_id)
    if found is None:
        raise not_found("survey")
    return found


def invitations_out(judged: Sequence[Invited | LeftOut], values: Sequence[str], address: str) -> InvitationsOut:
    """Return invitations with their links.

    Args:
        judged: in the order of the call.
        values: that can be chosen.
        address: of Plaudit from outside.
    """
    out = InvitationsOut(invitations=[], left_out=[])
    for index, each in enumerate(judged):
        if isinstance(each, LeftOut):
            out.left_out.append(LeftOutOut(index=index, reason=each.reason, detail=each.detail))
            continue
        link = f"{address}{PATH}{each.token}"
        out.invitations.append(
            InvitationOut(
                index=index,
                id=each.invitation.id,
                person=each.invitation.person,
                link=link,
                rating_links={value: f"{link}?r={value}" for value in values},
                expires_at=each.invitation.expires_at,
                again=each.again,
            )
        )
    return out


def _wanted(read: InvitationIn | LeftOut, key: bytes, root: str) -> Wanted | LeftOut:
    if isinstance(read, LeftOut):
        return read
    try:
        person = read.person or person_key(key, read.email or "")
    except NotAMailboxError as error:
        return LeftOut(Reason.INVALID, f"email: {error}")
    return Wanted(person, read.subject or root, read.reference)


def _idempotency_key(
    text: str, survey_id: UUID, wanted: Sequence[Wanted | LeftOut], body: InvitationsIn
) -> IdempotencyKey:
    """Return the key of a call. Its fingerprint is made of person keys: no hash of an address is stored."""
    told = msgspec.json.encode([str(survey_id), body.expires_in_days, wanted])
    return IdempotencyKey(f"api:{text}", sha256(b"POST invitations\n" + told).digest())
