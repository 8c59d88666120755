"""The routes of the public board. The form works by plain POST and answers with a redirect to the new request."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.pages.languages import Language
from plaudit.common.rate_limits import LimitExceededError
from plaudit.feedback_board.board import store
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.board.pages.asked import CURSOR_TYPES, SEARCH_MAX_CHARACTERS, Asked, AskedFor
from plaudit.feedback_board.board.pages.budgets import over_budget
from plaudit.feedback_board.board.pages.comments import section
from plaudit.feedback_board.board.pages.finding import find_request
from plaudit.feedback_board.board.pages.frame import STATIC, board_path, page
from plaudit.feedback_board.board.pages.own_requests import may_edit
from plaudit.feedback_board.board.pages.posting import NOTHING_TYPED, REQUEST_REFUSED, SentRequest, put_request
from plaudit.feedback_board.board.pages.similar import find_same
from plaudit.feedback_board.board.pages.similar import section as similar_section
from plaudit.feedback_board.changelog import store as changelog
from plaudit.feedback_board.languages.pages import Reading
from plaudit.feedback_board.languages.pages.words import Words
from plaudit.feedback_board.links import store as links
from plaudit.feedback_board.notifications import pages as notifications
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.activity import PUBLIC_KINDS
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.reach import counted_since
from plaudit.feedback_board.requests.domain.snapshot import is_old
from plaudit.feedback_board.requests.domain.status import UNDECIDED, Status
from plaudit.feedback_board.requests.domain.text import excerpt
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import activity, priority_history, requests, search, sizings
from plaudit.feedback_board.requests.store import counts as request_counts
from plaudit.feedback_board.requests.tables import requests as table
from plaudit.feedback_board.similar import commands as similar
from plaudit.feedback_board.visitors.pages import BoardResources, CurrentVisit, Visit, remember
from plaudit.feedback_board.votes import store as votes

__all__ = ["STATIC", "front", "router"]

FRONT_COLUMN_REQUESTS: Final = 4
COLUMN_REQUESTS: Final = 12
LIST_REQUESTS: Final = 20
HISTORY_ENTRIES: Final = 50
QUOTES: Final = 4
PERSONAS: Final = 50
ROADMAP: Final = (Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED)

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])
front = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
"""The address `/`: the board of the host."""

Notice = Annotated[
    Literal[
        "voted",
        "withdrawn",
        "requested",
        "closed",
        "merged",
        "commented",
        "held",
        "edited",
        "taken-back",
        "request-taken-back",
        "followed",
        "unfollowed",
    ]
    | None,
    Query(),
]


@front.get("/")
@router.get("")
async def show_board(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    asked: AskedFor,
    notice: Notice = None,
) -> Response:
    """Show a board: the roadmap, and below it the open requests, or those that are asked for."""
    return await _board_page(request, visit, tx, parts, language, asked, notice=notice)


@router.get("/roadmap")
async def show_roadmap(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading
) -> Response:
    """Show what is planned, what is being built, and what has shipped, in three columns."""
    return page(
        request,
        visit,
        parts,
        language,
        "roadmap.html",
        path="/roadmap",
        here="roadmap",
        columns=await list_columns(tx, visit.tenant_id, COLUMN_REQUESTS),
        counts=await request_counts.by_status(tx, visit.tenant_id),
    )


@router.get("/status/{status}")
async def show_status(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    status: Status,
    cursor: Cursor = None,
) -> Response:
    """Show all requests of one status."""
    asked = Asked(board_path=board_path(visit.tenant_id), status=status, cursor=cursor or "")
    listed, following = await list_asked(tx, visit.tenant_id, asked, LIST_REQUESTS)
    return page(
        request,
        visit,
        parts,
        language,
        "status.html",
        path=f"/status/{status}",
        listed=status,
        requests=listed,
        voted=await _voted(tx, visit, listed),
        next=following,
    )


@router.get("/r/{slug}")
async def show_request(
    visit: CurrentVisit,
    tx: TenantTx,
    request: Request,
    parts: BoardResources,
    language: Reading,
    slug: str,
    notice: Notice = None,
    comments: Annotated[str | None, Query(max_length=2048)] = None,
) -> Response:
    """Show one request: its text, its status with the reason, and who else asks for it."""
    found = await find_request(tx, visit, slug)
    history = await activity.list_newest(tx, visit.tenant_id, found.id, kinds=PUBLIC_KINDS, limit=HISTORY_ENTRIES)
    words = Words(language)
    is_held = found.visibility is Visibility.HELD
    return page(
        request,
        visit,
        parts,
        language,
        "request.html",
        path=f"/r/{found.slug}",
        description=excerpt(found.text) or found.title,
        feeds={} if is_held else {words.say("Feed of this request"): f"/feeds/requests/{found.slug}.atom"},
        is_unlisted=is_held,
        request=found,
        voted=await _voted(tx, visit, [found]),
        history=[wording.history_entry(entry, words) for entry in history],
        quotes=await links.list_quotes(tx, visit.tenant_id, found.id, QUOTES),
        entries=await changelog.list_of_request(tx, visit.tenant_id, found.id),
        talk=await section(tx, visit, found, parts, comments),
        is_held=is_held,
        may_edit=may_edit(visit, found, tx),
        follow=await notifications.section(tx, visit, found),
        notice=notice,
    )


@router.get("/r/{slug}/priority")
async def show_priority(
    visit: CurrentVisit, tx: TenantTx, request: Request, parts: BoardResources, language: Reading, slug: str
) -> Response:
    """Show how the priority of a request comes about, worked out in words, and what it was before."""
    found = await find_request(tx, visit, slug)
    tenant_id = visit.tenant_id
    return page(
        request,
        visit,
        parts,
        language,
        "priority.html",
        path=f"/r/{found.slug}/priority",
        request=found,
        sizing_is_old=is_old(found.sized_at, tx.now),
        counted_since=counted_since(tx.now),
        estimates=await sizings.list_newest(tx, tenant_id, found.id, limit=HISTORY_ENTRIES),
        snapshots=await priority_history.list_newest(
            tx, tenant_id, found.id, before=tx.now + timedelta(days=1), limit=HISTORY_ENTRIES
        ),
    )


@router.post("/requests", dependencies=[Depends(check_origin)])
async def make_request(
    visit: CurrentVisit, work: Work, request: Request, parts: BoardResources, language: Reading, sent: SentRequest
) -> Response:
    """Put a visitor's request on the board, with the visitor's vote; first ask whether one of the same is meant.

    What is refused comes back with all its words.
    """
    asked = Asked(board_path="")
    try:
        alike = await find_same(work.tx, visit, sent)
        if alike:
            return await _board_page(
                request, visit, work.tx, parts, language, asked, typed=sent.again(None), alike=alike, form=sent.form
            )
        made, visitor = await put_request(visit, work, request, parts, sent)
    except REQUEST_REFUSED as error:
        return await _board_page(request, visit, work.tx, parts, language, asked, typed=sent.again(error))
    except LimitExceededError as error:
        refused = sent.refused(f"{board_path(visit.tenant_id)}/requests", path="")
        return over_budget(request, visit, parts, language, work.tx.now, error, refused)
    await similar.note_posted(work.tx, visit.tenant_id, sent.form, made.id)
    notice = "held" if made.visibility is Visibility.HELD else "requested"
    response = RedirectResponse(f"{page_path(made)}?notice={notice}", int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, visitor)
    return response


async def _board_page(
    request: Request,
    visit: Visit,
    tx: SqlTx,
    parts: BoardResources,
    language: Language,
    asked: Asked,
    *,
    notice: str | None = None,
    typed: dict[str, Any] = NOTHING_TYPED,
    form: str = "",
    alike: Sequence[similar.Similar] = (),
) -> Response:
    tenant_id = visit.tenant_id
    asked = asked.on(board_path(tenant_id))
    counts = await request_counts.by_status(tx, tenant_id)
    listed, following = await list_asked(tx, tenant_id, asked, LIST_REQUESTS)
    words = Words(language)
    return page(
        request,
        visit,
        parts,
        language,
        "board.html",
        here="requests",
        is_unlisted=asked.is_search,
        status_code=HTTPStatus.UNPROCESSABLE_ENTITY if typed["error"] else HTTPStatus.OK,
        asked=asked,
        columns=await list_columns(tx, tenant_id, FRONT_COLUMN_REQUESTS) if asked.is_front else {},
        counts=counts,
        heading=_heading(asked, words),
        total=sum(counts[each] for each in asked.statuses or Status),
        statuses=_statuses(counts, words),
        orders={order: words.say(wording.ORDER_WORDS[order]) for order in CURSOR_TYPES},
        personas=await store.list_personas(tx, tenant_id, PERSONAS),
        search_max=SEARCH_MAX_CHARACTERS,
        requests=listed,
        voted=await _voted(tx, visit, listed),
        next=following,
        notice=notice,
        typed=typed,
        form=form or typed["second"] or parts.ids().hex,
        form_action=f"{board_path(tenant_id)}/requests#make-a-request",
        **similar_section(alike),
    )


def _heading(asked: Asked, words: Words) -> str:
    """Return what the list is headed by."""
    if asked.is_search:
        return words.say("What was found")
    if isinstance(asked.status, Status):
        return words.say(wording.STATUS_WORDS[asked.status])
    return words.say("All requests" if asked.status else "Open requests")


def _statuses(counts: dict[Status, int], words: Words) -> list[tuple[str, str, int]]:
    """Return the filters by status: its value in the address, its name, and how many requests have it."""
    undecided = sum(counts[each] for each in UNDECIDED)
    each = [(str(status), words.say(wording.STATUS_WORDS[status]), counts[status]) for status in ROADMAP]
    declined = (str(Status.DECLINED), words.say(wording.STATUS_WORDS[Status.DECLINED]), counts[Status.DECLINED])
    return [("", words.say("Undecided"), undecided), *each, declined, ("all", words.say("All"), sum(counts.values()))]


async def list_columns(tx: SqlTx, tenant_id: str, limit: int) -> dict[Status, list[domain.Request]]:
    """Return the columns of the roadmap: shipped requests newest first, others by priority."""
    return {status: await _column(tx, tenant_id, status, limit) for status in ROADMAP}


async def _column(tx: SqlTx, tenant_id: str, status: Status, limit: int) -> list[domain.Request]:
    if status is Status.SHIPPED:
        return await requests.list_by_status_age(tx, tenant_id, status, limit=limit)
    return await requests.list_in_order(tx, tenant_id, Order.PRIORITY, statuses=(status,), limit=limit)


async def list_asked(
    tx: SqlTx, tenant_id: str, asked: Asked, limit: int
) -> tuple[Sequence[domain.Request], str | None]:
    """Return a page of the list that is asked for, and the cursor of the next one."""
    after = decode_cursor(asked.cursor, CURSOR_TYPES[asked.sort], of=asked.of) if asked.cursor else None
    found = await requests.list_in_order(
        tx,
        tenant_id,
        asked.sort,
        statuses=asked.statuses,
        where=[table.c.persona == asked.persona] if asked.persona else (),
        found=await search.search(tx, tenant_id, asked.q) if asked.q else None,
        after=after,
        limit=limit + 1,
    )
    return cut_page(found, limit, partial(sort_key, asked.sort), of=asked.of)


async def _voted(tx: SqlTx, visit: Visit, listed: Sequence[domain.Request]) -> frozenset[UUID]:
    """Return which of the requests the visitor has voted for."""
    if visit.visitor is None:
        return frozenset()
    return await votes.voted_for(tx, visit.tenant_id, visit.visitor.person_key, [each.id for each in listed])
