"""The HTTP API of merges: previewed, made, and undone."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from plaudit.common.http import Refusals, TenantTx, Work, conflict, describe
from plaudit.common.http.openapi_examples import A_TIME, AN_ID
from plaudit.feedback_board.merges import commands
from plaudit.feedback_board.merges.domain import MergeNotPossibleError
from plaudit.feedback_board.merges.schemas import MergeIn, MergeOut, MergePreviewOut, preview_out, root_example
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.text import clean_reason
from plaudit.feedback_board.requests.schemas import request_out

router = APIRouter(prefix="/v1/requests", tags=["requests"])

PROBLEMS: Final = {
    "merge-not-possible": "These two requests cannot be merged so; the detail says why, and what to do first.",
}
"""Slug → meaning and what to do."""
REFUSALS: Final[Refusals] = {
    MergeNotPossibleError: lambda error: conflict("merge-not-possible", str(error)),
}
"""What the rules refuse → the problem that the client gets."""
_PROBLEMS: Final = {"request-merged": 409, "merge-not-possible": 409}


@router.get(
    "/{request_id}/merge-preview",
    summary="Preview a merge",
    openapi_extra=describe(
        problems=_PROBLEMS,
        answer={
            "into_after": {
                "votes": 0,
                "anonymous_votes": 0,
                "reach": 0,
                "linked_reviews": 0,
                "merged_requests": 1,
            }
        },
    ),
)
async def preview_merge(
    principal: BoardReader,
    tx: TenantTx,
    request_id: RequestId,
    into: Annotated[UUID, Query(description="The request that would stay.", examples=[AN_ID])],
) -> MergePreviewOut:
    """Return what it would do to merge this request into another one. It changes nothing, and nobody is told."""
    return preview_out(await commands.preview(tx, principal.tenant_id, request_id, into))


@router.put(
    "/{request_id}/merge",
    summary="Merge a request into another one",
    openapi_extra=describe(
        problems=_PROBLEMS,
        answer={"merged_into": AN_ID, "merged_at": A_TIME, "revision": 2, "into": root_example(2)},
    ),
)
async def merge_request(principal: BoardWriter, work: Work, request_id: RequestId, body: MergeIn) -> MergeOut:
    """Merge this request, with all that is merged into it, into the root of another one.

    Votes, comments and links stay where they were made. The figures of the root count the people of all of them, each
    once; those of this request stay as they are. It takes no votes until the merge is undone, and its page leads to
    the root's.
    """
    outcome, root = await commands.merge(
        work, principal.tenant_id, request_id, body.into, clean_reason(body.reason), actor_of(principal)
    )
    return MergeOut(already=outcome.already, request=request_out(outcome.request), into=request_out(root))


@router.delete(
    "/{request_id}/merge",
    summary="Undo a merge",
    openapi_extra=describe(answer={"already": False, "revision": 3, "into": root_example(3)}),
)
async def undo_merge(principal: BoardWriter, work: Work, request_id: RequestId) -> MergeOut:
    """Take this request out again, with all that came with it, and count both anew; what is not merged stays so."""
    outcome, root = await commands.unmerge(work, principal.tenant_id, request_id, actor_of(principal))
    into = None if root is None else request_out(root)
    return MergeOut(already=outcome.already, request=request_out(outcome.request), into=into)
