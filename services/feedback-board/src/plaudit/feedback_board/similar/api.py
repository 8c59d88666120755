"""The HTTP API of similar requests: found by a title, proposed as duplicates, and how many forms became votes."""

from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query

from plaudit.common.http import AnyText, Instant, TenantTx, Work, describe, unprocessable
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_of
from plaudit.feedback_board.requests.domain.errors import UnknownRequestError
from plaudit.feedback_board.requests.domain.text import TITLE_MAX_CHARACTERS
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.similar import commands, store
from plaudit.feedback_board.similar.schemas import (
    DeflectionOut,
    RejectionOut,
    SimilarOut,
    deflection_out,
    similar_out,
)

DEFLECTION_DAYS: Final = 90
PROBLEMS: Final = {"empty-time": "The end of the time is not after its beginning: give a later `to`."}
"""Slug → meaning and what to do."""

router = APIRouter(prefix="/v1/requests", tags=["requests"])
"""Before the router of requests: `similar` is no id."""
board_router = APIRouter(prefix="/v1/board", tags=["requests"])

OtherId = Annotated[UUID, Path(description="The other request's id.")]


@router.get("/similar", summary="Find similar requests")
async def find_similar(
    principal: BoardReader,
    tx: TenantTx,
    q: Annotated[
        AnyText,
        Query(
            max_length=TITLE_MAX_CHARACTERS,
            description="A title, or what somebody has typed of it.",
            examples=["Refund the deposit at once"],
        ),
    ],
) -> SimilarOut:
    """Return up to five requests whose titles are similar to a text: the same first, and of these the most alike.

    It is advice: opposites and word order defeat any such measure, so nothing is merged by it. A request is found
    within a second after it was made. Of one that is merged, its root is returned.
    """
    found = await commands.find_similar(tx, principal.tenant_id, q)
    return SimilarOut(items=[similar_out(each) for each in found])


@router.get("/{request_id}/duplicates", summary="Propose duplicates of a request")
async def list_duplicates(principal: BoardReader, tx: TenantTx, request_id: RequestId) -> SimilarOut:
    """Return up to five other requests that look like the same, to be merged by a person.

    Pairs that were rejected are left out; of a merged request there are none.
    """
    request = await requests.find(tx, principal.tenant_id, request_id)
    if request is None:
        raise UnknownRequestError
    return SimilarOut(items=[similar_out(each) for each in await commands.find_duplicates(tx, request)])


@router.put("/{request_id}/duplicates/{other_id}/rejection", summary="Reject a duplicate")
async def reject_duplicate(
    principal: BoardWriter, work: Work, request_id: RequestId, other_id: OtherId
) -> RejectionOut:
    """Say that two requests are not the same: the two are never proposed as duplicates again."""
    is_new = await commands.reject_duplicate(work, principal.tenant_id, request_id, other_id, actor_of(principal))
    return RejectionOut(already=not is_new)


@router.delete("/{request_id}/duplicates/{other_id}/rejection", summary="Take back the rejection of a duplicate")
async def propose_again(principal: BoardWriter, work: Work, request_id: RequestId, other_id: OtherId) -> RejectionOut:
    """Let two requests be proposed as duplicates again."""
    is_new = await commands.propose_again(work, principal.tenant_id, request_id, other_id, actor_of(principal))
    return RejectionOut(already=not is_new)


@board_router.get(
    "/deflection",
    summary="Count forms that became a vote",
    openapi_extra=describe(problems={"empty-time": 422}),
)
async def read_deflection(
    principal: BoardReader,
    tx: TenantTx,
    start: Annotated[
        Instant | None,
        Query(alias="from", description=f"From then on; {DEFLECTION_DAYS} days before `to`, if not given."),
    ] = None,
    end: Annotated[Instant | None, Query(alias="to", description="Until before then; now, if not given.")] = None,
) -> DeflectionOut:
    """Count the forms of new requests that were sent from the public pages, and those that became a vote instead."""
    last = end or tx.now
    first = start or last - timedelta(days=DEFLECTION_DAYS)
    if first >= last:
        raise unprocessable(
            "empty-time", "`to` must be later than `from`; `from` belongs to the time and `to` does not."
        )
    return deflection_out(first, last, await store.deflection(tx, principal.tenant_id, first, last))
