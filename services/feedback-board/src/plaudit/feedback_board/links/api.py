"""The HTTP API of links between requests and reviews."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Response

from plaudit.common.http import Problem, Refusals, Work, describe
from plaudit.feedback_board.links import commands
from plaudit.feedback_board.links.domain import UnknownReviewError
from plaudit.feedback_board.links.schemas import LinkIn, LinkOut
from plaudit.feedback_board.requests.api import BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.schemas import request_out

router = APIRouter(prefix="/v1/requests", tags=["requests"])

PROBLEMS: Final = {
    "unknown-review": "The board does not know the review. It may not have arrived yet: try again in a moment.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    UnknownReviewError: lambda error: Problem("unknown-review", 404, "Not found", str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.post(
    "/{request_id}/links",
    status_code=201,
    responses={200: {"model": LinkOut, "description": "It was linked before; nothing changed."}},
    summary="Link a review to a request",
    openapi_extra=describe(
        problems={"unknown-review": 404, "request-merged": 409},
        answer={"linked_reviews": 1, "reach": 1, "weighted_reach": "1", "revision": 2},
    ),
)
async def link_review(
    principal: BoardWriter, work: Work, request_id: RequestId, body: LinkIn, response: Response
) -> LinkOut:
    """Link a review to this request: 201 the first time, 200 with `already` from then on.

    404 `unknown-review` for a review that the board does not know: it may not have arrived yet.
    """
    outcome = await commands.link(work, principal.tenant_id, request_id, body.review_id, actor_of(principal))
    response.status_code = 200 if outcome.already else 201
    return LinkOut(review_id=body.review_id, already=outcome.already, request=request_out(outcome.request))


@router.delete(
    "/{request_id}/links/{review_id}",
    summary="Unlink a review from a request",
    openapi_extra=describe(problems={"request-merged": 409}, answer={"revision": 3}),
)
async def unlink_review(
    principal: BoardWriter,
    work: Work,
    request_id: RequestId,
    review_id: Annotated[UUID, Path(description="The review's id.")],
) -> LinkOut:
    """Remove a link; where there is none, nothing changes."""
    outcome = await commands.unlink(work, principal.tenant_id, request_id, review_id, actor_of(principal))
    return LinkOut(review_id=review_id, already=outcome.already, request=request_out(outcome.request))
