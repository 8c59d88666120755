"""Answers in the API: submitted, followed, and noted as published."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

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
    unprocessable,
)
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.http.problems import ProblemError
from plaudit.common.idempotency import IdempotencyKey
from plaudit.ingest.answers import commands, store
from plaudit.ingest.answers.domain import (
    AnswerState,
    AnswerTooLongError,
    AnswerUnderWayError,
    InvalidAnswerError,
    NoOpenAnswerError,
    ReviewGoneError,
    UnknownCredentialsError,
    UnknownReviewError,
    UnknownSourceError,
    Via,
)
from plaudit.ingest.answers.schemas import (
    AnswerIn,
    CredentialsIn,
    CredentialsOut,
    PublishedIn,
    ReviewAnswerOut,
    WrittenAnswerOut,
    review_answer_out,
    written_answer_out,
)
from plaudit.ingest.platforms.answering import Answering
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.sources.api import OpenedVault, SourceId

PROBLEMS: Final = {
    "answer-too-long": "The platform takes a shorter answer; the detail says how long it may be.",
    "answer-under-way": "An answer of the review is being sent. Wait until it is published or rejected.",
    "no-open-answer": "No answer of the review is submitted, so none can be noted as published. Submit one.",
    "review-not-answerable": "The platform has taken the review down, or takes no answer to it; the detail says which.",
    "unknown-credentials": "The platform's interface has no such credentials; the detail names those that it has.",
}
"""Slug → what it means and what to do."""


def _invalid(error: InvalidAnswerError) -> Problem:
    named = ProblemError("body", f"/{error.field}", "against_the_rules", str(error))
    return unprocessable("invalid-request", "A value is against the rules; `errors` names it.", [named])


REFUSALS: Final[Refusals] = {
    UnknownReviewError: lambda _: not_found("review"),
    UnknownSourceError: lambda _: not_found("source"),
    InvalidAnswerError: _invalid,
    AnswerTooLongError: lambda error: unprocessable("answer-too-long", str(error)),
    AnswerUnderWayError: lambda error: conflict("answer-under-way", str(error)),
    ReviewGoneError: lambda error: conflict("review-not-answerable", str(error)),
    NoOpenAnswerError: lambda error: conflict("no-open-answer", str(error)),
    UnknownCredentialsError: lambda error: unprocessable("unknown-credentials", str(error)),
}
"""What the domain refuses → its problem."""


async def answering_interfaces(request: Request) -> Mapping[str, Answering]:
    """Return the interfaces for answers by platform; `main` says so."""
    interfaces: Mapping[str, Answering] = request.app.state.answering_interfaces
    return interfaces


router = APIRouter(tags=["answers"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]
Writer = Annotated[Principal, Depends(authorize("answers:write"))]
SourcesWriter = Annotated[Principal, Depends(authorize("sources:write"))]
ReviewId = Annotated[UUID, Path(description="The review's id.")]
Interfaces = Annotated[Mapping[str, Answering], Depends(answering_interfaces)]
_PUBLISHED_EXAMPLE: Final = {
    "state": "published", "published_at": A_TIME, "finished_at": A_TIME, "finished_by": "key:abcdefghijklmnop",
    "note": None,
}  # fmt: skip


@router.post(
    "/v1/reviews/{review_id}/answer",
    status_code=201,
    summary="Answer a review",
    openapi_extra=describe(
        headers=("Idempotent-Replayed",),
        problems={"answer-too-long": 422, "answer-under-way": 409, "review-not-answerable": 409},
    ),
)
async def answer_review(
    principal: Writer,
    work: Work,
    review_id: ReviewId,
    body: AnswerIn,
    response: Response,
    interfaces: Interfaces,
    vault: OpenedVault,
    idempotency_key: IdempotencyKeyHeader,
) -> WrittenAnswerOut:
    """Submit an answer. It counts, and is told as `review.answered`, only when the platform has published it.

    An answer of which nothing has been sent yet is replaced.
    """
    key = None if idempotency_key is None else _key(idempotency_key, review_id, body.model_dump_json())
    answer, already = await commands.submit(
        work,
        principal.tenant_id,
        review_id,
        body.draft(),
        principal.actor,
        interfaces=interfaces,
        vault=vault,
        key=key,
    )
    if already:
        response.headers["Idempotent-Replayed"] = "true"
    return written_answer_out(answer)


@router.post(
    "/v1/reviews/{review_id}/answer/published",
    summary="Note that an answer is published",
    openapi_extra=describe(problems={"no-open-answer": 409, "answer-under-way": 409}, answer=_PUBLISHED_EXAMPLE),
)
async def note_answer_published(
    principal: Writer, work: Work, review_id: ReviewId, body: PublishedIn
) -> WrittenAnswerOut:
    """Note that the submitted answer was given by hand. The same again changes nothing."""
    answer = await commands.note_published(
        work, principal.tenant_id, review_id, body.published_at, body.answered_by, principal.actor
    )
    return written_answer_out(answer)


@router.get("/v1/reviews/{review_id}/answer", summary="Read how far an answer is")
async def read_answer(principal: Reader, tx: TenantTx, review_id: ReviewId) -> ReviewAnswerOut:
    """Read the last answer that was written to a review here. What the platform shows is in the review itself."""
    answer = await store.latest_of(tx, principal.tenant_id, review_id)
    review = await reviews.get(tx, principal.tenant_id, review_id)
    if answer is None or review is None:
        raise not_found("answer")
    return review_answer_out(answer, review.state.url)


@router.get("/v1/answers", summary="List answers")
async def list_answers(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    state: Annotated[AnswerState | None, Query(description="Only those that are so far.")] = None,
    via: Annotated[Via | None, Query(description="Only those that get to their platforms so.")] = None,
) -> Page[WrittenAnswerOut]:
    """List answers, the latest first. Those with `state=submitted` and `via=by_hand` wait for somebody."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.page(tx, principal.tenant_id, state, via, after, paging.rows)
    return paging.page(found, lambda each: (each.written_at, each.id), written_answer_out)


@router.put(
    "/v1/sources/{source_id}/answering-credentials",
    summary="Set by what answers are sent",
    openapi_extra=describe(problems={"unknown-credentials": 422}),
)
async def set_answering_credentials(
    principal: SourcesWriter,
    tx: TenantTx,
    source_id: SourceId,
    body: CredentialsIn,
    interfaces: Interfaces,
    vault: OpenedVault,
) -> CredentialsOut:
    """Store the credentials by which answers are sent through the platform's interface.

    They are apart from those by which reviews are asked for: each can be given no more rights than it needs.
    """
    given = body.credentials
    await commands.set_credentials(tx, principal.tenant_id, source_id, given, interfaces, vault)
    interface = interfaces.get(await store.platform_of(tx, principal.tenant_id, source_id) or "")
    needed = [] if interface is None else [each.name for each in interface.credentials]
    return CredentialsOut(names=sorted(given), missing=[name for name in needed if name not in given])


def _key(text: str, review_id: UUID, body: str) -> IdempotencyKey:
    request = f"POST /v1/reviews/{review_id}/answer\n{body}"
    return IdempotencyKey(f"api:{text}", sha256(request.encode()).digest())
