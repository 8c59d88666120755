"""The HTTP API of proposals: reviews that seem to be about a request, complaints without one, and recurrence."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query

from plaudit.common.http import Page, Paging, Refusals, TenantTx, Work, describe, not_found
from plaudit.feedback_board.proposals.commands import deciding as commands
from plaudit.feedback_board.proposals.domain.proposal import UnknownProposalError
from plaudit.feedback_board.proposals.schemas import (
    ComplaintsOut,
    DecisionIn,
    DecisionOut,
    DismissalIn,
    DismissalOut,
    ProposalOut,
    RecurrenceOut,
    RequestOfReviewsIn,
    group_out,
    proposal_out,
    recurrence_out,
)
from plaudit.feedback_board.proposals.store import deciding as store
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.errors import UnknownRequestError
from plaudit.feedback_board.requests.schemas import RequestOut, request_out
from plaudit.feedback_board.requests.store import requests

PROBLEMS: Final[dict[str, str]] = {}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {UnknownProposalError: lambda _: not_found("proposal")}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(prefix="/v1/proposals", tags=["proposals"])
of_requests = APIRouter(prefix="/v1/requests", tags=["proposals"])


@router.get("", summary="List proposals")
async def list_proposals(
    principal: BoardReader,
    tx: TenantTx,
    paging: Paging,
    request_id: Annotated[UUID | None, Query(description="Only those for this request; a root.")] = None,
) -> Page[ProposalOut]:
    """List reviews that seem to be about a request and wait for a decision, the most alike first.

    A review is compared within a second after it came, by its title and the first 400 characters of its text. About
    83 of 100 proposals are right; a rejected pair is never proposed again, also after a merge.
    """
    after = paging.after(tuple[float, UUID])
    found = await store.list_open(tx, principal.tenant_id, request_id, after, paging.rows)
    return paging.page(found, lambda each: (each.proposal.score, each.proposal.id), proposal_out)


@router.put("/{proposal_id}", summary="Decide a proposal", openapi_extra=describe(problems={"request-merged": 409}))
async def decide_proposal(
    principal: BoardWriter,
    work: Work,
    proposal_id: Annotated[UUID, Path(description="The proposal's id.")],
    body: DecisionIn,
) -> DecisionOut:
    """Accept a proposal, so that the review is linked and its author counts for reach, or reject it for good.

    A decision may be changed: what was accepted is unlinked when it is rejected.
    """
    decided = await commands.decide(work, principal.tenant_id, proposal_id, body.decision, actor_of(principal))
    return DecisionOut(already=decided.already, review_id=decided.review_id, request=request_out(decided.request))


@router.get("/complaints", summary="List complaints that no request asks for")
async def list_complaints(principal: BoardReader, tx: TenantTx) -> ComplaintsOut:
    """List what at least five distinct people complained about within 30 days, in reviews of one or two stars.

    Reviews that are linked, proposed for a request or dismissed are left out; of more than 1,000, the newest are read.
    """
    found = await commands.list_complaints(tx, principal.tenant_id)
    return ComplaintsOut(items=[group_out(each) for each in found])


@router.post(
    "/complaints/requests",
    status_code=201,
    summary="Make a request of complaints",
    openapi_extra=describe(problems={"unknown-review": 404}),
)
async def make_request(principal: BoardWriter, work: Work, body: RequestOfReviewsIn) -> RequestOut:
    """Put a request on the board, and link these reviews to it."""
    outcome = await commands.make_request(work, principal.tenant_id, body.draft(), body.review_ids, actor_of(principal))
    return request_out(outcome.request)


@router.post(
    "/complaints/dismissals",
    summary="Dismiss complaints",
    openapi_extra=describe(problems={"unknown-review": 404}),
)
async def dismiss_complaints(principal: BoardWriter, work: Work, body: DismissalIn) -> DismissalOut:
    """Say that no request is wanted of these reviews: they are in no group of complaints again."""
    return DismissalOut(
        dismissed=await commands.dismiss(work, principal.tenant_id, body.review_ids, actor_of(principal))
    )


@of_requests.get("/{request_id}/recurrence", summary="Measure whether a complaint recurs")
async def read_recurrence(principal: BoardReader, tx: TenantTx, request_id: RequestId) -> RecurrenceOut:
    """Return how many reviews a week complain about what this request asks for, before and after it was shipped.

    Counted are reviews below four stars that are linked to it or seem to be about it, and were not rejected.
    """
    request = await requests.find(tx, principal.tenant_id, request_id)
    if request is None:
        raise UnknownRequestError
    return recurrence_out(await commands.measure_recurrence(tx, request))
