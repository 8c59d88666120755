"""The routes of the public board. The form works by plain POST and answers with a redirect to the new request."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, TenantTx, Work, cut_page, decode_cursor, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.origin import check_origin
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.pages import Pages
from plaudit.common.pages.static import StaticFiles
from plaudit.feedback_board.board import commands
from plaudit.feedback_board.board.pages import wording
from plaudit.feedback_board.comments import pages as comment_pages
from plaudit.feedback_board.holds.commands import names_taken
from plaudit.feedback_board.holds.domain import PersonBlockedError, Post, PostKind, TooFastError, check_pace
from plaudit.feedback_board.links import store as links
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.activity import PUBLIC_KINDS
from plaudit.feedback_board.requests.domain.errors import (
    BoardRefusedError,
    HasMergedRequestsError,
    InvalidInputError,
    MergedRequestError,
)
from plaudit.feedback_board.requests.domain.order import Order, sort_key
from plaudit.feedback_board.requests.domain.reach import REACH_WINDOW
from plaudit.feedback_board.requests.domain.status import DECIDED, UNDECIDED, Status
from plaudit.feedback_board.requests.domain.text import (
    NAME_MAX_CHARACTERS,
    TEXT_MAX_CHARACTERS,
    TITLE_MAX_CHARACTERS,
    clean_name,
    clean_text,
    clean_title,
)
from plaudit.feedback_board.requests.domain.visibility import EDITABLE_FOR, TooLateError, Visibility, is_editable
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import activity, requests
from plaudit.feedback_board.votes import store as votes
from plaudit.feedback_board.votes.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Newcomer,
    Visit,
    find_request,
    find_shown,
    limit_of,
    remember,
    row_id,
    sender_of_form,
)

COLUMN_REQUESTS: Final = 12
LIST_REQUESTS: Final = 20
HISTORY_ENTRIES: Final = 50
QUOTES: Final = 4
ROADMAP: Final = (Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED)

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])
front = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
"""The address `/`: the board of the host."""
site = Pages("plaudit.feedback_board.board", "plaudit.feedback_board.comments")
STATIC: Final = StaticFiles.of_package("plaudit.feedback_board.board.pages", "/board-static")

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
    ]
    | None,
    Query(),
]


@front.get("/")
@router.get("")
async def show_board(
    visit: CurrentVisit, tx: TenantTx, parts: BoardResources, notice: Notice = None, cursor: Cursor = None
) -> Response:
    """Show a board: the roadmap, and below it the open requests."""
    return await _board_page(visit, tx, parts, notice=notice, cursor=cursor)


@router.get("/status/{status}")
async def show_status(
    visit: CurrentVisit, tx: TenantTx, parts: BoardResources, status: Status, cursor: Cursor = None
) -> Response:
    """Show all requests of one status."""
    listed, following = await _list(tx, visit, (status,), cursor)
    voted = await _voted(tx, visit, listed)
    return _page("status.html", visit, parts, listed=status, requests=listed, voted=voted, next=following)


@router.get("/r/{slug}")
async def show_request(
    visit: CurrentVisit,
    tx: TenantTx,
    parts: BoardResources,
    slug: str,
    notice: Notice = None,
    comments: Annotated[str | None, Query(max_length=2048)] = None,
) -> Response:
    """Show one request: its text, its status with the reason, and who else asks for it."""
    found = await find_request(tx, visit, slug)
    history = await activity.list_newest(tx, visit.tenant_id, found.id, kinds=PUBLIC_KINDS, limit=HISTORY_ENTRIES)
    return _page(
        "request.html",
        visit,
        parts,
        request=found,
        voted=await _voted(tx, visit, [found]),
        history=[wording.history_entry(entry) for entry in history],
        quotes=await links.list_quotes(tx, visit.tenant_id, found.id, QUOTES),
        talk=await comment_pages.section(tx, visit, found, parts, comments),
        is_held=found.visibility is Visibility.HELD,
        may_edit=_may_edit(visit, found, tx),
        notice=notice,
    )


@router.post("/requests", dependencies=[Depends(check_origin)])
async def make_request(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    form: Annotated[str, Form(max_length=64)] = "",
    name: Annotated[str, Form()] = "",
    trap: comment_pages.Trap = "",
    second: comment_pages.Second = "",
    newcomer: Newcomer = "",
) -> Response:
    """Put a visitor's request on the board, with the visitor's vote. What is refused comes back with all its words."""
    typed: dict[str, Any] = {"title": title, "text": text, "name": name}
    try:
        draft = domain.Draft(title=clean_title(title), text=clean_text(text))
        shown_name = clean_name(name)
    except InvalidInputError as error:
        return await _board_page(visit, work.tx, parts, typed={**typed, "error": error})
    visitor = sender_of_form(visit, newcomer, work.ids())
    limit = limit_of(request, parts, visit, "request", parts.settings.requests_per_hour_per_network)
    look = Post(
        kind=PostKind.REQUEST,
        person_key=visitor.person_key,
        text=f"{draft.title}\n{draft.text}",
        name=shown_name,
        names_taken=await names_taken(parts.common_database(), visit.tenant_id, shown_name),
        shown_for=comment_pages.shown_for(form, work),
        least_shown=parts.settings.least_form_time,
        trap=trap,
    )
    try:
        check_pace(look, is_second=bool(second))
        made = await commands.create_with_vote(
            work,
            visit.tenant_id,
            draft,
            visitor.person_key,
            PUBLIC,
            key=_form_key(form, draft),
            limit=limit,
            name=shown_name,
            look=look,
        )
    except TooFastError as error:
        # Under the same id: it is known when the form was shown first.
        return await _board_page(visit, work.tx, parts, typed={**typed, "error": error, "second": form})
    except PersonBlockedError as error:
        return await _board_page(visit, work.tx, parts, typed={**typed, "error": error})
    notice = "held" if made.visibility is Visibility.HELD else "requested"
    response = RedirectResponse(f"{page_path(made)}?notice={notice}", int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, visitor)
    return response


@router.get("/r/{slug}/edit")
async def show_edit(visit: CurrentVisit, tx: TenantTx, parts: BoardResources, slug: str) -> Response:
    """Show the forms to edit a request of one's own and to take it back."""
    found = await _find_own(visit, tx, slug)
    error: BoardRefusedError | None = None if _may_edit(visit, found, tx) else TooLateError()
    if found.merged_into is not None:
        error = MergedRequestError(found.merged_into)
    return _edit_page(visit, parts, found, {"title": found.title, "text": found.text}, error)


@router.post("/r/{slug}/edit", dependencies=[Depends(check_origin)])
async def edit_request(
    visit: CurrentVisit,
    work: Work,
    parts: BoardResources,
    slug: str,
    choice: Annotated[Literal["edit", "take_back"], Form()],
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
) -> Response:
    """Edit a request of one's own, or take it back."""
    found = await _find_own(visit, work.tx, slug)
    person_key = found.author_key or ""
    try:
        if choice == "take_back":
            await commands.take_back(work, visit.tenant_id, found.id, person_key, PUBLIC)
            return RedirectResponse(f"/b/{visit.tenant_id}?notice=request-taken-back", int(HTTPStatus.SEE_OTHER))
        draft = domain.Draft(title=clean_title(title), text=clean_text(text))
        words = f"{draft.title}\n{draft.text}"
        look = Post(kind=PostKind.REQUEST, person_key=person_key, text=words, name=found.author_name, is_edit=True)
        edited = await commands.edit(work, visit.tenant_id, found.id, draft, PUBLIC, look)
    except (
        InvalidInputError,
        TooLateError,
        PersonBlockedError,
        MergedRequestError,
        HasMergedRequestsError,
    ) as error:
        return _edit_page(visit, parts, found, {"title": title, "text": text}, error)
    notice = "held" if edited.visibility is Visibility.HELD else "edited"
    return RedirectResponse(f"{page_path(edited)}?notice={notice}", int(HTTPStatus.SEE_OTHER))


async def _find_own(visit: Visit, tx: SqlTx, slug: str) -> domain.Request:
    """Return a visitor's own request, however old, and merged or not.

    Raises:
        Problem: 404, there is no such request, or it is somebody else's.
    """
    found = await find_shown(tx, visit, slug)
    if visit.visitor is None or found.author_key != visit.visitor.person_key:
        raise not_found("request")
    return found


def _may_edit(visit: Visit, request: domain.Request, tx: SqlTx) -> bool:
    is_author = visit.visitor is not None and visit.visitor.person_key == request.author_key
    return is_author and is_editable(request.created_at, tx.now)


def _edit_page(
    visit: Visit, parts: BoardResources, request: domain.Request, typed: dict[str, str], error: BoardRefusedError | None
) -> Response:
    return _page(
        "edit_request.html",
        visit,
        parts,
        status_code=HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        request=request,
        typed=typed,
        error=wording.MERGED if isinstance(error, MergedRequestError) else error,
        field=error.field if isinstance(error, InvalidInputError) else "",
        is_over=isinstance(error, TooLateError | MergedRequestError),
        editable_minutes=EDITABLE_FOR // timedelta(minutes=1),
    )


def _form_key(form: str, draft: domain.Draft) -> IdempotencyKey | None:
    """Return the key of a form: sent twice it makes one request, filled in again it makes another."""
    if not form:
        return None
    fingerprint = sha256(msgspec.json.encode(draft)).digest()
    return IdempotencyKey(f"page:{sha256(form.encode()).hexdigest()}:{fingerprint.hex()}", fingerprint)


async def _board_page(
    visit: Visit,
    tx: SqlTx,
    parts: BoardResources,
    *,
    notice: str | None = None,
    cursor: str | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    columns = {status: await _column(tx, visit, status) for status in ROADMAP}
    listed, following = await _list(tx, visit, UNDECIDED, cursor)
    given = typed or {"title": "", "text": "", "name": "", "error": None}
    return _page(
        "board.html",
        visit,
        parts,
        status_code=HTTPStatus.OK if typed is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        columns=columns,
        counts=await requests.count_by_status(tx, visit.tenant_id),
        requests=listed,
        voted=await _voted(tx, visit, listed),
        next=following,
        cursor=cursor or "",
        notice=notice,
        typed=given,
        form=given.get("second") or parts.ids().hex,
    )


def _page(
    template: str, visit: Visit, parts: BoardResources, *, status_code: int = HTTPStatus.OK, **context: Any
) -> Response:
    page = site.response(
        template,
        status=int(status_code),
        board=visit,
        page_path=page_path,
        row_id=row_id,
        field_of=lambda error: error.field if isinstance(error, InvalidInputError) else "",
        stylesheet=STATIC.url("board.css"),
        decided=DECIDED,
        notices=wording.NOTICES,
        title_max=TITLE_MAX_CHARACTERS,
        text_max=TEXT_MAX_CHARACTERS,
        name_max=NAME_MAX_CHARACTERS,
        window_days=REACH_WINDOW.days,
        **wording.helpers(),
        **context,
    )
    # The page shows what the visitor has voted for.
    page.headers["Cache-Control"] = "private, no-cache"
    page.headers["Vary"] = "Cookie"
    remember(page, parts, visit, visit.visitor)
    return page


async def _column(tx: SqlTx, visit: Visit, status: Status) -> list[domain.Request]:
    """Return a column of the roadmap: shipped requests newest first, others by priority."""
    if status is Status.SHIPPED:
        return await requests.list_by_status_age(tx, visit.tenant_id, status, limit=COLUMN_REQUESTS)
    return await requests.list_in_order(tx, visit.tenant_id, Order.PRIORITY, statuses=(status,), limit=COLUMN_REQUESTS)


async def _list(
    tx: SqlTx, visit: Visit, statuses: tuple[Status, ...], cursor: str | None
) -> tuple[Sequence[domain.Request], str | None]:
    """Return a page of a list, and the cursor of the next one."""
    of = ",".join((visit.tenant_id, *statuses))
    after = decode_cursor(cursor, tuple[int, int, int, int, int, UUID], of=of) if cursor else None
    found = await requests.list_in_order(
        tx, visit.tenant_id, Order.PRIORITY, statuses=statuses, after=after, limit=LIST_REQUESTS + 1
    )
    return cut_page(found, LIST_REQUESTS, partial(sort_key, Order.PRIORITY), of=of)


async def _voted(tx: SqlTx, visit: Visit, listed: Sequence[domain.Request]) -> frozenset[UUID]:
    """Return which of the requests the visitor has voted for."""
    if visit.visitor is None:
        return frozenset()
    return await votes.voted_for(tx, visit.tenant_id, visit.visitor.person_key, [each.id for each in listed])
