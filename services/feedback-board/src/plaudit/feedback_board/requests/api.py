"""The HTTP API: requests, votes, statuses, sizes, links and the log."""

import re
from hashlib import sha256
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Response

from plaudit.common.db import Role
from plaudit.common.http import (
    Page,
    Principal,
    authorize,
    decode_cursor,
    not_found,
    page,
    resources,
)
from plaudit.common.http.problems import bad_request
from plaudit.common.process import Resources
from plaudit.feedback_board.commands import Board, IdempotencyKey
from plaudit.feedback_board.domain.errors import InvalidInputError
from plaudit.feedback_board.domain.order import Order, sort_key
from plaudit.feedback_board.domain.people import clean_address, clean_person
from plaudit.feedback_board.domain.priority import Sizing
from plaudit.feedback_board.domain.requests import Draft, Request
from plaudit.feedback_board.domain.status import Status
from plaudit.feedback_board.domain.text import clean_persona, clean_reason, clean_subject, clean_text, clean_title
from plaudit.feedback_board.problems import refusals
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.store import records, requests
from plaudit.feedback_board.views import (
    ActivityView,
    LinkView,
    NewLink,
    NewRequest,
    RequestView,
    SizingChange,
    StatusChange,
    Voter,
    VoteView,
    activity_view,
    request_view,
)

DEFAULT_PAGE_ITEMS: Final = 50
MAX_PAGE_ITEMS: Final = 100
IDEMPOTENCY_KEY: Final = re.compile(r"[!-~]{1,255}")
_ETAG: Final = re.compile(r'"([0-9]{1,10})"')
_CURSOR_TYPES: Final[dict[Order, tuple[Any, ...]]] = {
    Order.PRIORITY: (Literal[Order.PRIORITY.value], int, int, int, int, int, UUID),
    Order.VOTES: (Literal[Order.VOTES.value], int, int, int, UUID),
    Order.NEWEST: (Literal[Order.NEWEST.value], int, UUID),
}

router = APIRouter(prefix="/v1/requests", tags=["requests"])

BoardResources = Annotated[Resources[BoardSettings], Depends(resources)]


def _board(parts: BoardResources) -> Board:
    return Board(parts.database(Role.API), parts.outbox, parts.ids)


TheBoard = Annotated[Board, Depends(_board)]
Reader = Annotated[Principal, Depends(authorize("board:read"))]
Writer = Annotated[Principal, Depends(authorize("board:write"))]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE_ITEMS)]
IfMatch = Annotated[str | None, Header(description="Do it only if the request's entity tag is still this one.")]


@router.post("", status_code=201)
async def create_request(
    new: NewRequest,
    board: TheBoard,
    principal: Writer,
    response: Response,
    idempotency_key: Annotated[str | None, Header(description="For 24 hours a repeat gets the first answer.")] = None,
) -> RequestView:
    """Put a wish on the board. It begins open and unsized."""
    with refusals():
        draft = _draft(new)
        key = None if idempotency_key is None else _idempotency_key(idempotency_key, draft)
        outcome = await board.create(principal.tenant_id, draft, _actor(principal), key=key)
    if outcome.already:
        response.headers["Idempotent-Replayed"] = "true"
    response.headers["Location"] = f"{router.prefix}/{outcome.request.id}"
    response.headers["ETag"] = _etag(outcome.request)
    return request_view(outcome.request)


@router.get("")
async def list_requests(
    parts: BoardResources,
    principal: Reader,
    status: Annotated[list[Status] | None, Query(description="Repeat for several; without, all.")] = None,
    sort: Order = Order.PRIORITY,
    cursor: str | None = None,
    limit: Limit = DEFAULT_PAGE_ITEMS,
) -> Page[RequestView]:
    """List requests. By priority: score descending with the unsized last, reach, last mention, then the older one."""
    after = None if cursor is None else decode_cursor(cursor, *_CURSOR_TYPES[sort])[1:]
    async with parts.database(Role.API).transaction(principal.tenant_id) as tx:
        found = await requests.list_in_order(
            tx, principal.tenant_id, sort, statuses=status or (), after=after, limit=limit + 1
        )
    listed = page(found, limit, lambda request: (sort.value, *sort_key(sort, request)))
    return Page(items=[request_view(request) for request in listed["items"]], next=listed["next"])


@router.get("/{request_id}", response_model=RequestView, responses={304: {"description": "It has not changed."}})
async def get_request(
    request_id: UUID,
    parts: BoardResources,
    principal: Reader,
    response: Response,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Any:
    """Return one request."""
    request = await _find(parts, principal, request_id)
    response.headers["ETag"] = _etag(request)
    known = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    if _etag(request) in known or "*" in known:
        return Response(status_code=304, headers={"ETag": _etag(request)})
    return request_view(request)


@router.post("/{request_id}/votes", status_code=201, responses={200: {"model": VoteView}})
async def vote(request_id: UUID, voter: Voter, board: TheBoard, principal: Writer, response: Response) -> VoteView:
    """Count a person's vote: 201 the first time, 200 with `already` from then on."""
    with refusals():
        person = await _person(board, principal, voter)
        outcome = await board.vote(principal.tenant_id, request_id, person, _actor(principal))
    response.status_code = 200 if outcome.already else 201
    return VoteView(person=person, already=outcome.already, request=request_view(outcome.request))


@router.delete("/{request_id}/votes")
async def withdraw_vote(request_id: UUID, voter: Voter, board: TheBoard, principal: Writer) -> VoteView:
    """Take a person's vote back; who has none loses none."""
    with refusals():
        person = await _person(board, principal, voter)
        outcome = await board.withdraw_vote(principal.tenant_id, request_id, person, _actor(principal))
    return VoteView(person=person, already=outcome.already, request=request_view(outcome.request))


@router.put("/{request_id}/status")
async def set_status(
    request_id: UUID,
    change: StatusChange,
    board: TheBoard,
    principal: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RequestView:
    """Say where a request stands, and why. Not every status can follow on every other: 409 names those that can."""
    with refusals():
        outcome = await board.set_status(
            principal.tenant_id,
            request_id,
            change.status,
            clean_reason(change.reason),
            _actor(principal),
            expected_revision=_revision(if_match),
        )
    response.headers["ETag"] = _etag(outcome.request)
    return request_view(outcome.request)


@router.put("/{request_id}/sizing")
async def set_sizing(
    request_id: UUID,
    change: SizingChange,
    board: TheBoard,
    principal: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RequestView:
    """Say how much a request matters to one person, and what it takes: its priority follows."""
    with refusals():
        outcome = await board.size(
            principal.tenant_id,
            request_id,
            _sizing(change),
            _actor(principal),
            expected_revision=_revision(if_match),
        )
    response.headers["ETag"] = _etag(outcome.request)
    return request_view(outcome.request)


@router.post("/{request_id}/links", status_code=201, responses={200: {"model": LinkView}})
async def link_review(
    request_id: UUID, new: NewLink, board: TheBoard, principal: Writer, response: Response
) -> LinkView:
    """Say that a review is about this request: 201 the first time, 200 with `already` from then on.

    404 `unknown-review` for a review that the board has not heard of: it may be on its way.
    """
    with refusals():
        outcome = await board.link(principal.tenant_id, request_id, new.review_id, _actor(principal))
    response.status_code = 200 if outcome.already else 201
    return LinkView(review_id=new.review_id, already=outcome.already, request=request_view(outcome.request))


@router.delete("/{request_id}/links/{review_id}")
async def unlink_review(request_id: UUID, review_id: UUID, board: TheBoard, principal: Writer) -> LinkView:
    """Take a link back; where there is none, nothing changes."""
    with refusals():
        outcome = await board.unlink(principal.tenant_id, request_id, review_id, _actor(principal))
    return LinkView(review_id=review_id, already=outcome.already, request=request_view(outcome.request))


@router.get("/{request_id}/activity")
async def list_activity(
    request_id: UUID,
    parts: BoardResources,
    principal: Reader,
    cursor: str | None = None,
    limit: Limit = DEFAULT_PAGE_ITEMS,
) -> Page[ActivityView]:
    """List what happened to a request, newest first, each with the figures it then had."""
    before = records.MAX_BIGINT if cursor is None else decode_cursor(cursor, int)[0]
    async with parts.database(Role.API).transaction(principal.tenant_id) as tx:
        if await requests.find(tx, principal.tenant_id, request_id) is None:
            raise not_found("request")
        found = await records.activity(tx, principal.tenant_id, request_id, before=before, limit=limit + 1)
    listed = page(found, limit, lambda entry: (entry.id,))
    return Page(items=[activity_view(entry) for entry in listed["items"]], next=listed["next"])


async def _find(parts: Resources[BoardSettings], principal: Principal, request_id: UUID) -> Request:
    async with parts.database(Role.API).transaction(principal.tenant_id) as tx:
        request = await requests.find(tx, principal.tenant_id, request_id)
    if request is None:
        raise not_found("request")
    return request


async def _person(board: Board, principal: Principal, voter: Voter) -> str:
    match (voter.person, voter.email):
        case (str(person), None):
            return clean_person(person)
        case (None, str(address)):
            return await board.person_of(principal.tenant_id, clean_address(address))
        case _:
            raise InvalidInputError("person", "send exactly one of person and email")


def _draft(new: NewRequest) -> Draft:
    return Draft(
        title=clean_title(new.title),
        text=clean_text(new.text),
        subject=None if new.subject is None else clean_subject(new.subject),
        persona=None if new.persona is None else clean_persona(new.persona),
    )


def _sizing(change: SizingChange) -> Sizing | None:
    match (change.impact, change.effort_weeks):
        case (None, None):
            return None
        case (None, _):
            raise InvalidInputError("impact", "impact and effort_weeks are both numbers, or both null")
        case (_, None):
            raise InvalidInputError("effort_weeks", "impact and effort_weeks are both numbers, or both null")
        case (impact, effort_weeks):
            return Sizing(impact, effort_weeks)


def _idempotency_key(text: str, draft: Draft) -> IdempotencyKey:
    if IDEMPOTENCY_KEY.fullmatch(text) is None:
        raise bad_request("invalid-idempotency-key", "Idempotency-Key has 1 to 255 printable characters and no space.")
    return IdempotencyKey(f"api:{text}", sha256(b"POST /v1/requests\n" + msgspec.json.encode(draft)).digest())


def _actor(principal: Principal) -> str:
    return f"key:{principal.key_id}"


def _etag(request: Request) -> str:
    return f'"{request.revision}"'


def _revision(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    match = _ETAG.fullmatch(if_match.strip())
    return int(match[1]) if match else -1
