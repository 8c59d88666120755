"""Resolutions and reports of reviews in the API."""

import re
from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from plaudit.common.http import (
    IdempotencyKeyHeader,
    Page,
    Paging,
    Principal,
    Refusals,
    TenantTx,
    Work,
    authorize,
    conflict,
    describe,
    not_found,
)
from plaudit.common.http.headers import strong_tags
from plaudit.common.http.problems import precondition_failed
from plaudit.common.idempotency import IdempotencyKey
from plaudit.ingest.reviews import store as reviews
from plaudit.ingest.settling import commands, store
from plaudit.ingest.settling.domain import (
    NoOpenReportError,
    ReportOpenError,
    ReportState,
    ResolutionChangedError,
    ReviewGoneError,
    UnknownReviewError,
    words,
)
from plaudit.ingest.settling.schemas import (
    ReportDecisionIn,
    ReportIn,
    ReportOut,
    ReportsOut,
    ResolutionIn,
    ResolutionOut,
    report_out,
    resolution_out,
)

_ETAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')
PROBLEMS: Final = {
    "report-open": "The review is reported already. Note what the platform decides, then report it again if need be.",
    "no-open-report": "No report of the review is open, so there is nothing to decide.",
    "review-removed": "The platform has taken the review down. Nothing can be sent to it there.",
}
"""Slug → what it means and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownReviewError: lambda _: not_found("review"),
    ResolutionChangedError: lambda error: precondition_failed(str(error)),
    ReportOpenError: lambda error: conflict("report-open", str(error)),
    NoOpenReportError: lambda error: conflict("no-open-report", str(error)),
    ReviewGoneError: lambda error: conflict("review-removed", str(error)),
}
"""What the domain refuses → its problem."""

router = APIRouter(tags=["reviews"])
Reader = Annotated[Principal, Depends(authorize("reviews:read"))]
Writer = Annotated[Principal, Depends(authorize("answers:write"))]
ReviewId = Annotated[UUID, Path(description="The review's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the entity tag is still one of these.")]


@router.put("/v1/reviews/{review_id}/resolution", summary="Settle a review", openapi_extra=describe(headers=("ETag",)))
async def settle_review(
    principal: Writer, work: Work, review_id: ReviewId, body: ResolutionIn, response: Response, if_match: IfMatch = None
) -> ResolutionOut:
    """Say what was found and done about a review. It is told as `review.resolved`; the review counts as before.

    Settling it anew keeps what was said before. The same again changes nothing.
    """
    expected = _numbers(if_match)
    await commands.settle(work, principal.tenant_id, review_id, body.finding(), principal.actor, expected=expected)
    shown = resolution_out(await store.history(work.tx, principal.tenant_id, review_id))
    response.headers["ETag"] = f'"{shown.number}"'
    return shown


@router.get(
    "/v1/reviews/{review_id}/resolution",
    summary="Read how a review is settled",
    openapi_extra=describe(headers=("ETag",)),
)
async def read_resolution(principal: Reader, tx: TenantTx, review_id: ReviewId, response: Response) -> ResolutionOut:
    """Read what was found and done about a review, with what was said before."""
    history = await store.history(tx, principal.tenant_id, review_id)
    if not history:
        raise not_found("resolution")
    response.headers["ETag"] = f'"{history[0].number}"'
    return resolution_out(history)


@router.post(
    "/v1/reviews/{review_id}/report",
    status_code=201,
    summary="Report a review to its platform",
    openapi_extra=describe(headers=("Idempotent-Replayed",), problems={"report-open": 409, "review-removed": 409}),
)
async def report_review(
    principal: Writer,
    work: Work,
    review_id: ReviewId,
    body: ReportIn,
    response: Response,
    idempotency_key: IdempotencyKeyHeader,
) -> ReportOut:
    """Note that a review is reported to its platform, which you do there, and why.

    The review counts until the platform takes it down; then the report is accepted by itself.
    """
    key = None if idempotency_key is None else _key(idempotency_key, review_id, body.model_dump_json())
    evidence = words(body.evidence)
    report, already = await commands.report(
        work, principal.tenant_id, review_id, body.reason, evidence, principal.actor, key=key
    )
    if already:
        response.headers["Idempotent-Replayed"] = "true"
    return report_out(report)


@router.put(
    "/v1/reviews/{review_id}/report/decision",
    summary="Note what the platform decided",
    openapi_extra=describe(
        problems={"no-open-report": 409},
        answer={"state": "declined", "decided_by": "key:abcdefghijklmnop", "decision": "Within our rules."}
        | {"decided_at": "2026-02-14T10:15:30Z"},
    ),
)
async def decide_report(principal: Writer, work: Work, review_id: ReviewId, body: ReportDecisionIn) -> ReportOut:
    """Note what the platform decided about the open report of a review. The review itself does not change by it."""
    decision = words(body.decision)
    report = await commands.decide_report(
        work, principal.tenant_id, review_id, ReportState(body.state), decision, principal.actor
    )
    return report_out(report)


@router.get("/v1/reviews/{review_id}/reports", summary="List the reports of a review")
async def list_reports_of_review(principal: Reader, tx: TenantTx, review_id: ReviewId) -> ReportsOut:
    """List all reports of a review to its platform, the latest first."""
    if await reviews.get(tx, principal.tenant_id, review_id) is None:
        raise not_found("review")
    found = await store.reports_of(tx, principal.tenant_id, review_id)
    return ReportsOut(items=[report_out(each) for each in found])


@router.get("/v1/platform-reports", summary="List reports to platforms")
async def list_platform_reports(
    principal: Reader,
    tx: TenantTx,
    paging: Paging,
    state: Annotated[ReportState | None, Query(description="Only those that are so far.")] = None,
) -> Page[ReportOut]:
    """List the reports of all reviews, the latest first."""
    after = paging.after(tuple[datetime, UUID])
    found = await store.report_page(tx, principal.tenant_id, state, after, paging.rows)
    return paging.page(found, lambda each: (each.reported_at, each.id), report_out)


def _key(text: str, review_id: UUID, body: str) -> IdempotencyKey:
    request = f"POST /v1/reviews/{review_id}/report\n{body}"
    return IdempotencyKey(f"api:{text}", sha256(request.encode()).digest())


def _numbers(if_match: str | None) -> Collection[int] | None:
    tags: Any = None if if_match is None else strong_tags(if_match)
    return None if tags is None else {int(match[1]) for match in map(_ETAG.fullmatch, tags) if match}
