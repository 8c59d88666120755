"""The HTTP API of followers, and of who would be told of a change."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from plaudit.common.http import Page, Paging, TenantTx, Work, describe, resources
from plaudit.common.process import Resources
from plaudit.feedback_board.notifications.commands import following, telling
from plaudit.feedback_board.notifications.domain.followers import State
from plaudit.feedback_board.notifications.schemas import (
    AudienceOut,
    FollowerOut,
    InvolvedOut,
    audience_out,
    involved_out,
)
from plaudit.feedback_board.requests.api import BoardReader, BoardWriter, RequestId, actor_key_of, actor_of
from plaudit.feedback_board.requests.domain.announcement import TOLD_BY_DEFAULT
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.votes.domain import PERSON_MAX_CHARACTERS, PERSON_PATTERN, clean_person_key

router = APIRouter(prefix="/v1/requests", tags=["requests"])

BoardResources = Annotated[Resources[BoardSettings], Depends(resources)]
PersonKey = Annotated[
    str,
    Path(
        description="The person key.",
        max_length=PERSON_MAX_CHARACTERS,
        pattern=PERSON_PATTERN,
        examples=["native:anna"],
    ),
]


@router.put(
    "/{request_id}/followers/{person:path}",
    summary="Follow a request",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def follow(principal: BoardWriter, work: Work, request_id: RequestId, person: PersonKey) -> FollowerOut:
    """Let a person follow a request, also one who had stopped. Whoever votes, asks or comments follows without it."""
    return await _choose(principal, work, request_id, person, State.FOLLOWING)


@router.delete(
    "/{request_id}/followers/{person:path}",
    summary="Stop following a request",
    openapi_extra=describe(problems={"request-merged": 409}, answer={"state": "stopped"}),
)
async def stop_following(principal: BoardWriter, work: Work, request_id: RequestId, person: PersonKey) -> FollowerOut:
    """Tell a person of this request no more, whatever else they do: a new vote does not bring it back."""
    return await _choose(principal, work, request_id, person, State.STOPPED)


@router.get(
    "/{request_id}/audience",
    summary="Count who would be told",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def count_audience(
    principal: BoardReader,
    tx: TenantTx,
    parts: BoardResources,
    request_id: RequestId,
    status: Annotated[Status, Query(description="The status that the request would get.")] = Status.SHIPPED,
) -> AudienceOut:
    """Count who would be told if the request got this status now, and who not and why. It changes nothing."""
    actor_key = await actor_key_of(tx, principal)
    found = await telling.count_audience(
        tx, principal.tenant_id, request_id, actor_key, can_ask=bool(parts.settings.ingest_url)
    )
    return audience_out(status, found, parts.settings.status_hold_seconds, notifies=status in TOLD_BY_DEFAULT)


@router.get(
    "/{request_id}/audience/people",
    summary="List who would be told",
    openapi_extra=describe(problems={"request-merged": 409}),
)
async def list_audience(
    principal: BoardWriter, tx: TenantTx, parts: BoardResources, request_id: RequestId, paging: Paging
) -> Page[InvolvedOut]:
    """List the people whom the count of the audience counts, by their keys. No address and no name is shown."""
    (after,) = paging.after(tuple[str]) or ("",)
    found = await telling.list_audience(
        tx,
        principal.tenant_id,
        request_id,
        await actor_key_of(tx, principal),
        can_ask=bool(parts.settings.ingest_url),
        after=after,
        limit=paging.rows,
    )
    return paging.page(found, lambda each: (each[0].person_key,), involved_out)


async def _choose(principal: BoardWriter, work: Work, request_id: RequestId, person: str, state: State) -> FollowerOut:
    key = clean_person_key(person)
    outcome = await following.choose(work, principal.tenant_id, request_id, key, state, actor_of(principal))
    return FollowerOut(person=key, state=outcome.state, already=outcome.already)
