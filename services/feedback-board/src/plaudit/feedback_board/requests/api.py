"""The HTTP API of requests: made, read, listed, given a status and a size, with the log of each."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query, Response

from plaudit.common.db import Tx
from plaudit.common.http import (
    AnyText,
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
from plaudit.common.http.headers import is_none_match, strong_tags
from plaudit.common.http.problems import ProblemError, precondition_failed
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.person_keys import person_key
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.requests import commands
from plaudit.feedback_board.requests.domain.errors import (
    HasMergedRequestsError,
    InvalidInputError,
    MergedRequestError,
    RevisionError,
    TransitionError,
    UnknownRequestError,
)
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.request import Draft, Request
from plaudit.feedback_board.requests.domain.status import Status
from plaudit.feedback_board.requests.domain.text import clean_note
from plaudit.feedback_board.requests.domain.words import MAX_SEARCHED_CHARACTERS
from plaudit.feedback_board.requests.schemas import (
    ActivityOut,
    ConcernIn,
    PriorityOut,
    RequestIn,
    RequestOut,
    SizingIn,
    SizingOut,
    StatusIn,
    activity_out,
    priority_out,
    request_out,
    sizing_out,
    snapshot_out,
)
from plaudit.feedback_board.requests.store import activity, priority_history, requests, search, sizings

LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than any snapshot."""
_ETAG: Final = re.compile(r'"([0-9]{1,10})"')
_CURSOR_TYPES: Final[dict[Order, type[tuple[Any, ...]]]] = {
    Order.PRIORITY: tuple[Literal["priority"], int, int, int, int, UUID],
    Order.VOTES: tuple[Literal["votes"], int, int, int, UUID],
    Order.TRENDING: tuple[Literal["trending"], int, int, UUID],
    Order.NEWEST: tuple[Literal["newest"], int, UUID],
}

router = APIRouter(prefix="/v1/requests", tags=["requests"])

BoardReader = Annotated[Principal, Depends(authorize("board:read"))]
BoardWriter = Annotated[Principal, Depends(authorize("board:write"))]
RequestId = Annotated[UUID, Path(description="The request's id.")]
IfMatch = Annotated[str | None, Header(description="Do it only if the request's entity tag is still one of these.")]

PROBLEMS: Final = {
    "request-merged": "The request is merged into the one that the detail names. Use that one, or undo the merge.",
    "requests-merged-into-it": "Others are merged into it, so it cannot leave the board. Undo these merges first.",
    "status-not-possible": "The status cannot follow on the present one; the detail names those that can.",
}
"""Slug → meaning and what to do."""


def _invalid(error: InvalidInputError) -> Problem:
    named = ProblemError("body", f"/{error.field}", "against_the_rules", str(error))
    detail = "Some values are missing or against the rules; `errors` names each."
    return unprocessable("invalid-request", detail, [named])


REFUSALS: Final[Refusals] = {
    InvalidInputError: _invalid,
    UnknownRequestError: lambda _: not_found("request"),
    MergedRequestError: lambda error: conflict("request-merged", str(error)),
    HasMergedRequestsError: lambda error: conflict("requests-merged-into-it", str(error)),
    TransitionError: lambda error: conflict("status-not-possible", str(error)),
    RevisionError: lambda error: precondition_failed(str(error)),
}
"""What the rules refuse → the problem that the client gets."""


@router.post(
    "",
    status_code=201,
    summary="Create a request",
    openapi_extra=describe(headers=("Location", "ETag", "Idempotent-Replayed")),
)
async def create_request(
    principal: BoardWriter, work: Work, body: RequestIn, response: Response, idempotency_key: IdempotencyKeyHeader
) -> RequestOut:
    """Put a request on the board. It begins open and unsized."""
    draft = body.draft()
    key = None if idempotency_key is None else _idempotency_key(idempotency_key, draft)
    outcome = await commands.create(work, principal.tenant_id, draft, actor_of(principal), key=key)
    if outcome.already:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"{router.prefix}/{outcome.request.id}"
    response.headers["ETag"] = _etag(outcome.request)
    return request_out(outcome.request)


@router.get("", summary="List requests")
async def list_requests(
    principal: BoardReader,
    tx: TenantTx,
    paging: Paging,
    status: Annotated[list[Status] | None, Query(description="Repeat for several; without, all.")] = None,
    sort: Annotated[Order, Query(description="What the order is by.")] = Order.PRIORITY,
    q: Annotated[
        AnyText | None,
        Query(
            max_length=MAX_SEARCHED_CHARACTERS,
            description="Words of title and text, in any form and order; the last one may be the beginning of a word.",
        ),
    ] = None,
    merged: Annotated[
        bool, Query(description="Those that are merged into others; they are left out otherwise.")
    ] = False,
) -> Page[RequestOut]:
    """List requests. By priority: score descending with the unsized last, reach, last mention, then the older one.

    A search finds requests that have all of its words; where there are none, those with a title in which the words are
    spelt a little otherwise. A request can be found within a second after it was made.
    """
    after = paging.after(_CURSOR_TYPES[sort])
    found = await requests.list_in_order(
        tx,
        principal.tenant_id,
        sort,
        statuses=status or (),
        found=None if q is None else await search.search(tx, principal.tenant_id, q),
        merged=merged,
        after=after and after[1:],
        limit=paging.rows,
    )
    return paging.page(found, lambda request: (sort.value, *sort_key(sort, request)), request_out)


@router.get(
    "/{request_id}",
    response_model=RequestOut,
    responses={304: {"description": "It has not changed."}},
    summary="Read a request",
    openapi_extra=describe(headers=("ETag",)),
)
async def get_request(
    principal: BoardReader,
    tx: TenantTx,
    request_id: RequestId,
    response: Response,
    if_none_match: Annotated[
        str | None, Header(description="Answer 304 while the request's entity tag is one of these.")
    ] = None,
) -> Any:
    """Return one request."""
    request = await find_request(tx, principal, request_id)
    response.headers["ETag"] = _etag(request)
    if if_none_match is not None and not is_none_match(if_none_match, _etag(request)):
        return Response(status_code=304, headers={"ETag": _etag(request)})
    return request_out(request)


@router.put(
    "/{request_id}/status",
    summary="Set the status of a request",
    openapi_extra=describe(
        headers=("ETag",),
        problems={"status-not-possible": 409, "request-merged": 409},
        answer={"status": Status.PLANNED, "status_reason": "We build it this spring.", "revision": 2},
    ),
)
async def set_status(
    principal: BoardWriter,
    work: Work,
    request_id: RequestId,
    body: StatusIn,
    response: Response,
    if_match: IfMatch = None,
) -> RequestOut:
    """Set the status of a request. A reason is needed to decline, to ship what was not planned, and to move back.

    409 names the statuses that can follow on the present one, and which of them need a reason.

    Those who asked for it are told some minutes later, each once, if the request still has this status by then.
    """
    outcome = await commands.set_status(
        work,
        principal.tenant_id,
        request_id,
        body.status,
        body.cleaned_reason(),
        actor_of(principal),
        expected_revisions=_revisions(if_match),
        notify=body.notify,
        actor_key=await actor_key_of(work.tx, principal),
    )
    response.headers["ETag"] = _etag(outcome.request)
    return request_out(outcome.request)


@router.put(
    "/{request_id}/sizing",
    summary="Set the size of a request",
    openapi_extra=describe(
        headers=("ETag",),
        problems={"request-merged": 409},
        answer={
            "impact": "2",
            "effort_weeks": "1.5",
            "priority": "0",
            "sized_at": "2026-11-30T12:00:00Z",
            "revision": 2,
        },
    ),
)
async def set_sizing(
    principal: BoardWriter,
    work: Work,
    request_id: RequestId,
    body: SizingIn,
    response: Response,
    if_match: IfMatch = None,
) -> RequestOut:
    """Set how much a request matters to one person, and what it takes: its priority follows.

    The same estimate with another `note` confirms it: its age begins anew.
    """
    outcome = await commands.set_sizing(
        work,
        principal.tenant_id,
        request_id,
        body.sizing(),
        actor_of(principal),
        note=clean_note(body.note),
        expected_revisions=_revisions(if_match),
    )
    response.headers["ETag"] = _etag(outcome.request)
    return request_out(outcome.request)


@router.put(
    "/{request_id}/concern",
    summary="Say that a request is about safety or accessibility",
    openapi_extra=describe(
        problems={"request-merged": 409},
        answer={"concern": "safety", "reach_view": "raw", "reach_cap": None, "revision": 2},
    ),
)
async def set_concern(principal: BoardWriter, work: Work, request_id: RequestId, body: ConcernIn) -> RequestOut:
    """Say that a request is about safety or accessibility: then everyone counts for its reach, whatever the weights."""
    outcome = await commands.set_concern(work, principal.tenant_id, request_id, body.concern, actor_of(principal))
    return request_out(outcome.request)


@router.get("/{request_id}/sizings", summary="List the estimates of a request")
async def list_sizings(principal: BoardReader, tx: TenantTx, request_id: RequestId, paging: Paging) -> Page[SizingOut]:
    """List the estimates of a request, newest first: who made each, when and why."""
    (before,) = paging.after(tuple[int]) or (activity.MAX_BIGINT,)
    await find_request(tx, principal, request_id)
    found = await sizings.list_newest(tx, principal.tenant_id, request_id, before=before, limit=paging.rows)
    return paging.page(found, lambda entry: (entry.id,), sizing_out)


@router.get("/{request_id}/priority", summary="Explain the priority of a request")
async def explain_priority(principal: BoardReader, tx: TenantTx, request_id: RequestId, paging: Paging) -> PriorityOut:
    """Return the formula, what it was fed with, and how the priority came to what it is, newest first.

    A snapshot is kept when somebody changes an estimate or a weight, and once a day where a figure moved.
    """
    (before,) = paging.after(tuple[datetime]) or (LATEST,)
    request = await find_request(tx, principal, request_id)
    found = await priority_history.list_newest(tx, principal.tenant_id, request_id, before=before, limit=paging.rows)
    return priority_out(request, paging.page(found, lambda held: (held.at,), snapshot_out), tx.now)


@router.get("/{request_id}/activity", summary="List what happened to a request")
async def list_activity(
    principal: BoardReader,
    tx: TenantTx,
    request_id: RequestId,
    paging: Paging,
) -> Page[ActivityOut]:
    """List what happened to a request, newest first, each with the figures it then had."""
    (before,) = paging.after(tuple[int]) or (activity.MAX_BIGINT,)
    await find_request(tx, principal, request_id)
    found = await activity.list_newest(tx, principal.tenant_id, request_id, before=before, limit=paging.rows)
    return paging.page(found, lambda entry: (entry.id,), activity_out)


def actor_of(principal: Principal) -> str:
    """Return the actor that the log names for a key or a person."""
    return principal.actor


async def actor_key_of(tx: Tx, principal: Principal) -> str:
    """Return the person key of who of the staff is signed in; empty for an API key."""
    tenant_key = await tenants.person_key_of(tx, principal.tenant_id)
    if principal.person is None or tenant_key is None:
        return ""
    return person_key(tenant_key, principal.person.email)


async def find_request(tx: Tx, principal: Principal, request_id: UUID) -> Request:
    """Return a request of the caller's board.

    Raises:
        UnknownRequestError: no such request.
    """
    request = await requests.find(tx, principal.tenant_id, request_id)
    if request is None:
        raise UnknownRequestError
    return request


def _idempotency_key(text: str, draft: Draft) -> IdempotencyKey:
    return IdempotencyKey(f"api:{text}", sha256(b"POST /v1/requests\n" + msgspec.json.encode(draft)).digest())


def _etag(request: Request) -> str:
    return f'"{request.revision}"'


def _revisions(if_match: str | None) -> Collection[int] | None:
    tags = None if if_match is None else strong_tags(if_match)
    return None if tags is None else {int(match[1]) for match in map(_ETAG.fullmatch, tags) if match}
