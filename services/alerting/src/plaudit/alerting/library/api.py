"""HTTP: the library of guidelines."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import Field

from plaudit.alerting.answers.schemas import LANGUAGE_PATTERN
from plaudit.alerting.library import commands, store
from plaudit.alerting.library.domain.guideline import (
    GuidelineChangedError,
    GuidelineExistsError,
    InvalidGuidelineError,
    ReadyTextError,
    Revision,
    TooManyGuidelinesError,
    UnknownGuidelineError,
)
from plaudit.alerting.library.schemas import (
    GuidelineIn,
    GuidelineMatchOut,
    GuidelineOut,
    GuidelineRevisionsOut,
    GuidelinesOut,
    RestoreIn,
    guideline_out,
    match_out,
)
from plaudit.common.contracts import Severity
from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.http import (
    Principal,
    Problem,
    Refusals,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    not_found,
    unprocessable,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import against_rule, precondition_failed
from plaudit.common.http.texts import AnyText

MAX_TOPICS: Final = 15
PROBLEMS: Final = {
    "guideline-exists": "There is a guideline for the same topic, severity and language. Change or withdraw that one.",
    "too-many-guidelines": "There are as many guidelines as a tenant may have. Withdraw some that nobody needs.",
    "ready-text": "It reads like a text that could be sent; `errors` says where and why. Write points to cover.",
}
"""Slug → meaning and what to do."""


def _ready_text(error: ReadyTextError) -> Problem:
    return unprocessable("ready-text", str(error), [against_rule("body", f"/{error.field}", "ready_text", error)])


def _invalid(error: InvalidGuidelineError) -> Problem:
    named = against_rule("body", f"/{error.field}", "against_the_rules", error)
    return unprocessable("invalid-request", "The guideline cannot be kept so; `errors` says why.", [named])


REFUSALS: Final[Refusals] = {
    GuidelineExistsError: lambda error: conflict("guideline-exists", str(error)),
    TooManyGuidelinesError: lambda error: conflict("too-many-guidelines", str(error)),
    GuidelineChangedError: lambda error: precondition_failed(str(error)),
    UnknownGuidelineError: lambda _: not_found("guideline"),
    ReadyTextError: _ready_text,
    InvalidGuidelineError: _invalid,
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(prefix="/v1/library", tags=["library"])
Reader = Annotated[Principal, Depends(authorize("library:read"))]
Writer = Annotated[Principal, Depends(authorize("library:write"))]
GuidelineId = Annotated[UUID, Path(description="The guideline's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the guideline's entity tag is still one of these.")]
OneTopic = Annotated[str, Field(pattern=f"^({'|'.join(TOPIC_TITLES)})$", json_schema_extra={"enum": [*TOPIC_TITLES]})]
Topic = Annotated[OneTopic | None, Query(description="Only those for this topic.")]


@router.get("/guidelines", summary="List guidelines")
async def list_guidelines(
    principal: Reader,
    tx: TenantTx,
    topic: Topic = None,
    severity: Annotated[Severity | None, Query(description="Only those for this severity.")] = None,
    language: Annotated[AnyText | None, Query(description="Only those in this language.", examples=["en"])] = None,
    withdrawn: Annotated[bool, Query(description="Those out of use instead of those in use.")] = False,
) -> GuidelinesOut:
    """List what we stand for and what answers cover: at most 500 guidelines, the shipped ones among them."""
    found = [
        each
        for each in await store.newest(tx, principal.tenant_id)
        if each.is_withdrawn is withdrawn
        and topic in {None, each.topic}
        and severity in {None, each.severity}
        and language in {None, each.language}
    ]
    return GuidelinesOut(items=[guideline_out(each) for each in sorted(found, key=_order)])


@router.post(
    "/guidelines",
    status_code=201,
    summary="Add a guideline",
    openapi_extra=describe(
        problems={"guideline-exists": 409, "too-many-guidelines": 409, "ready-text": 422}, headers=("ETag", "Location")
    ),
)
async def create_guideline(principal: Writer, work: Work, body: GuidelineIn, response: Response) -> GuidelineOut:
    """Add what we stand for and which points answers cover, for a topic, a severity and a language.

    It is an outline and no text: what greets or closes, has gaps to fill in, speaks to the customer, or has several
    sentences in a point is refused with the reason.
    """
    made = await commands.create(work.tx, work.ids, principal.tenant_id, body.draft(), principal.actor)
    response.headers["Location"] = f"{router.prefix}/guidelines/{made.id}"
    return _answer(made, response)


@router.get("/match", summary="Find the guideline for a review")
async def match_guideline(
    principal: Reader,
    tx: TenantTx,
    topic: Annotated[
        list[AnyText] | None,
        Query(
            description="A topic that the review mentions; several, the first mentioned first.", max_length=MAX_TOPICS
        ),
    ] = None,
    severity: Annotated[Severity | None, Query(description="How bad the review is.")] = None,
    language: Annotated[
        str | None, Query(description="The tag of its language.", pattern=LANGUAGE_PATTERN, examples=["en"])
    ] = None,
) -> GuidelineMatchOut:
    """Return the guideline that fits a review best, and why.

    One for a topic that the review mentions goes before one for any topic, then one for its severity before one for any
    (a drastic review takes one for negative reviews where there is none for drastic ones), then one in its language
    before one in English.
    """
    found = await commands.match(
        tx, principal.tenant_id, topics=tuple(topic or ()), severity=severity, language=language
    )
    return match_out(found)


@router.get("/guidelines/{guideline_id}", summary="Read a guideline", openapi_extra=describe(headers=("ETag",)))
async def read_guideline(
    principal: Reader, tx: TenantTx, guideline_id: GuidelineId, response: Response
) -> GuidelineOut:
    """Return the newest revision of a guideline."""
    return _answer((await _log(tx, principal.tenant_id, guideline_id))[-1], response)


@router.put(
    "/guidelines/{guideline_id}",
    summary="Change a guideline",
    openapi_extra=describe(problems={"guideline-exists": 409, "ready-text": 422}, headers=("ETag",)),
)
async def change_guideline(
    principal: Writer,
    tx: TenantTx,
    guideline_id: GuidelineId,
    body: GuidelineIn,
    response: Response,
    if_match: IfMatch = None,
) -> GuidelineOut:
    """Make a new revision of a guideline, also of a shipped one; the same again changes nothing."""
    made = await commands.change(
        tx, principal.tenant_id, guideline_id, body.draft(), principal.actor, expected=revisions_of(if_match)
    )
    return _answer(made, response)


@router.delete("/guidelines/{guideline_id}", status_code=204, summary="Withdraw a guideline")
async def withdraw_guideline(
    principal: Writer, tx: TenantTx, guideline_id: GuidelineId, if_match: IfMatch = None
) -> None:
    """Take a guideline out of use, also a shipped one. Its revisions stay, and each can be restored."""
    await commands.withdraw(tx, principal.tenant_id, guideline_id, principal.actor, expected=revisions_of(if_match))


@router.get("/guidelines/{guideline_id}/revisions", summary="List revisions of a guideline")
async def list_guideline_revisions(principal: Reader, tx: TenantTx, guideline_id: GuidelineId) -> GuidelineRevisionsOut:
    """List who changed what and when, the newest first, also of a guideline that is withdrawn."""
    log = await _log(tx, principal.tenant_id, guideline_id)
    return GuidelineRevisionsOut(items=[guideline_out(each) for each in reversed(log)])


@router.post(
    "/guidelines/{guideline_id}/restore",
    summary="Restore a revision of a guideline",
    openapi_extra=describe(
        problems={"guideline-exists": 409}, headers=("ETag",), answer={"number": 3, "restored_from": 1}
    ),
)
async def restore_guideline(
    principal: Writer,
    tx: TenantTx,
    guideline_id: GuidelineId,
    body: RestoreIn,
    response: Response,
    if_match: IfMatch = None,
) -> GuidelineOut:
    """Make a new revision that says what an older one said, also of a guideline that is withdrawn."""
    made = await commands.restore(
        tx, principal.tenant_id, guideline_id, body.number, principal.actor, expected=revisions_of(if_match)
    )
    return _answer(made, response)


async def _log(tx: TenantTx, tenant_id: str, guideline_id: UUID) -> list[Revision]:
    log = await store.log_of(tx, tenant_id, guideline_id)
    if not log:
        raise UnknownGuidelineError
    return log


def _answer(revision: Revision, response: Response) -> GuidelineOut:
    response.headers["ETag"] = f'"{revision.number}"'
    return guideline_out(revision)


def _order(each: Revision) -> tuple[str, str, str]:
    return each.language, each.topic or "", each.severity or ""
