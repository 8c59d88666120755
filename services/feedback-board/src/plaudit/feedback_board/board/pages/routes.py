"""The routes of the public board. Every form works by plain POST and answers with a redirect to what it changed."""

from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Role, Tx
from plaudit.common.http import decode_cursor, encode_cursor, not_found, resources
from plaudit.common.http.origin import check_origin
from plaudit.common.pages import Pages
from plaudit.common.process import Resources
from plaudit.feedback_board.commands import Board, Budget, IdempotencyKey
from plaudit.feedback_board.domain import requests as domain
from plaudit.feedback_board.domain.activity import PUBLIC_KINDS
from plaudit.feedback_board.domain.errors import BudgetSpentError, InvalidInputError, VotingClosedError
from plaudit.feedback_board.domain.order import Order, sort_key
from plaudit.feedback_board.domain.people import visitor
from plaudit.feedback_board.domain.reach import REACH_WINDOW
from plaudit.feedback_board.domain.status import DECIDED, Status
from plaudit.feedback_board.domain.text import SLUG, TEXT_MAX_CHARACTERS, TITLE_MAX_CHARACTERS, clean_text, clean_title
from plaudit.feedback_board.pages import guard, show
from plaudit.feedback_board.pages.stylesheet import stylesheet_url
from plaudit.feedback_board.problems import problem_of
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.store import mentions, records, requests
from plaudit.feedback_board.views import page_path

COLUMN_WISHES: Final = 12
LIST_WISHES: Final = 20
HISTORY_ENTRIES: Final = 50
QUOTES: Final = 4
PUBLIC: Final = "public"
"""The actor of what visitors do."""
ROADMAP: Final = (Status.PLANNED, Status.IN_PROGRESS, Status.SHIPPED)
UNDECIDED: Final = (Status.OPEN, Status.UNDER_REVIEW)

router = APIRouter(include_in_schema=False)
site = Pages("plaudit.feedback_board")

BoardResources = Annotated[Resources[BoardSettings], Depends(resources)]
Notice = Annotated[Literal["voted", "withdrawn", "wished", "closed"] | None, Query()]


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor on one tenant's board."""

    tenant: str
    name: str
    """What the board is called."""
    tenant_key: bytes
    visitor_id: UUID | None
    """Who the cookie says it is; None for someone who has never voted here."""

    @property
    def person(self) -> str | None:
        """The person key that this visitor votes under."""
        return None if self.visitor_id is None else visitor(self.visitor_id)


@router.get("/")
async def show_front(
    request: Request, parts: BoardResources, notice: Notice = None, cursor: str | None = None
) -> Response:
    """Show the board of the host, or the default one."""
    host = (request.headers.get("host") or "").rpartition("@")[2].partition(":")[0].lower()
    tenant = parts.settings.board_hosts.get(host, parts.settings.board_tenant)
    return await _board_page(request, parts, tenant, notice=notice, cursor=cursor)


@router.get("/b/{tenant}")
async def show_board(
    tenant: str, request: Request, parts: BoardResources, notice: Notice = None, cursor: str | None = None
) -> Response:
    """Show a tenant's board: the roadmap, and below it the open wishes."""
    return await _board_page(request, parts, tenant, notice=notice, cursor=cursor)


@router.get("/b/{tenant}/status/{status}")
async def show_status(
    tenant: str, status: Status, request: Request, parts: BoardResources, cursor: str | None = None
) -> Response:
    """Show all wishes of one status."""
    async with parts.database(Role.API).transaction(tenant) as tx:
        visit = await _visit(tx, request, parts, tenant)
        wishes, following = await _list(tx, tenant, (status,), cursor)
        voted = await _voted(tx, visit, wishes)
    return _page("status.html", visit, listed=status, wishes=wishes, voted=voted, next=following)


@router.get("/b/{tenant}/r/{slug}")
async def show_wish(tenant: str, slug: str, request: Request, parts: BoardResources, notice: Notice = None) -> Response:
    """Show one wish: what it says, where it stands and why, and who else said so."""
    async with parts.database(Role.API).transaction(tenant) as tx:
        visit = await _visit(tx, request, parts, tenant)
        wish = await _wish(tx, tenant, slug)
        history = await records.activity(tx, tenant, wish.id, kinds=PUBLIC_KINDS, limit=HISTORY_ENTRIES)
        quotes = await mentions.quotes(tx, tenant, wish.id, QUOTES)
        voted = await _voted(tx, visit, [wish])
    return _page(
        "wish.html",
        visit,
        wish=wish,
        voted=voted,
        history=[show.told(entry) for entry in history],
        quotes=quotes,
        notice=notice,
    )


@router.post("/b/{tenant}/r/{slug}/votes", dependencies=[Depends(check_origin)])
async def vote(
    tenant: str,
    slug: str,
    request: Request,
    parts: BoardResources,
    choice: Annotated[Literal["vote", "withdraw"], Form()],
    back: Annotated[Literal["wish", "board"], Form()] = "wish",
    cursor: Annotated[str, Form(max_length=2048)] = "",
) -> Response:
    """Count a visitor's vote, or take it back."""
    async with parts.database(Role.API).transaction(tenant) as tx:
        visit = await _visit(tx, request, parts, tenant)
        wish = await _wish(tx, tenant, slug)
    visitor_id = visit.visitor_id or parts.ids()
    board = Board(parts.database(Role.API), parts.outbox, parts.ids)
    budget = _budget(request, parts, visit, "vote", parts.settings.votes_per_hour_per_network)
    try:
        if choice == "vote":
            await board.vote(tenant, wish.id, visitor(visitor_id), PUBLIC, budget=budget)
        else:
            await board.withdraw_vote(tenant, wish.id, visitor(visitor_id), PUBLIC, budget=budget)
        notice = "voted" if choice == "vote" else "withdrawn"
    except VotingClosedError:
        notice = "closed"
    except BudgetSpentError as error:
        raise problem_of(error) from error
    query = urlencode({"notice": notice, **({"cursor": cursor} if cursor and back == "board" else {})})
    address = page_path(wish) if back == "wish" else f"/b/{tenant}"
    fragment = "" if back == "wish" else f"#{show.row_id(wish)}"
    return _redirect(f"{address}?{query}{fragment}", parts, visit, visitor_id if choice == "vote" else None)


@router.post("/b/{tenant}/wishes", dependencies=[Depends(check_origin)])
async def make_wish(
    tenant: str,
    request: Request,
    parts: BoardResources,
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    form: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Put a visitor's wish on the board, with the visitor's vote."""
    async with parts.database(Role.API).transaction(tenant) as tx:
        visit = await _visit(tx, request, parts, tenant)
    try:
        draft = domain.Draft(title=clean_title(title), text=clean_text(text))
    except InvalidInputError as error:
        return await _board_page(request, parts, tenant, typed={"title": title, "text": text, "error": error})
    visitor_id = visit.visitor_id or parts.ids()
    fingerprint = sha256(msgspec.json.encode(draft)).digest()
    # A form sent twice is one wish; the same form filled in anew is another.
    key = IdempotencyKey(f"page:{sha256(form.encode()).hexdigest()}:{fingerprint.hex()}", fingerprint)
    budget = _budget(request, parts, visit, "wish", parts.settings.wishes_per_hour_per_network)
    board = Board(parts.database(Role.API), parts.outbox, parts.ids)
    try:
        outcome = await board.create(
            tenant, draft, PUBLIC, key=key if form else None, voter=visitor(visitor_id), budget=budget
        )
    except BudgetSpentError as error:
        raise problem_of(error) from error
    return _redirect(f"{page_path(outcome.request)}?notice=wished", parts, visit, visitor_id)


async def _board_page(
    request: Request,
    parts: Resources[BoardSettings],
    tenant: str,
    *,
    notice: str | None = None,
    cursor: str | None = None,
    typed: dict[str, Any] | None = None,
) -> Response:
    async with parts.database(Role.API).transaction(tenant) as tx:
        visit = await _visit(tx, request, parts, tenant)
        counts = await requests.count_by_status(tx, tenant)
        columns = {status: await _column(tx, tenant, status) for status in ROADMAP}
        wishes, following = await _list(tx, tenant, UNDECIDED, cursor)
        voted = await _voted(tx, visit, [*wishes, *(wish for column in columns.values() for wish in column)])
    return _page(
        "board.html",
        visit,
        status_code=HTTPStatus.OK if typed is None else HTTPStatus.UNPROCESSABLE_ENTITY,
        columns=columns,
        counts=counts,
        wishes=wishes,
        voted=voted,
        next=following,
        cursor=cursor or "",
        notice=notice,
        typed=typed or {"title": "", "text": "", "error": None},
        form=parts.ids().hex,
    )


def _page(template: str, visit: Visit, *, status_code: int = HTTPStatus.OK, **context: Any) -> Response:
    page = site.response(
        template,
        status=int(status_code),
        board=visit,
        page_path=page_path,
        stylesheet=stylesheet_url(),
        decided=DECIDED,
        notices=show.NOTICES,
        title_max=TITLE_MAX_CHARACTERS,
        text_max=TEXT_MAX_CHARACTERS,
        window_days=REACH_WINDOW.days,
        **show.helpers(),
        **context,
    )
    # What a visitor has voted for is on it.
    page.headers["Cache-Control"] = "private, no-cache"
    page.headers["Vary"] = "Cookie"
    return page


async def _visit(tx: Tx, request: Request, parts: Resources[BoardSettings], tenant: str) -> Visit:
    name, tenant_key = await records.tenant_name(tx, tenant), await records.tenant_key(tx, tenant)
    if name is None or tenant_key is None:
        raise not_found("board")
    if tenant == parts.settings.board_tenant and parts.settings.board_name:
        name = parts.settings.board_name
    return Visit(tenant, name, tenant_key, guard.visitor_of(request, tenant, tenant_key))


async def _wish(tx: Tx, tenant: str, slug: str) -> domain.Request:
    wish = await requests.find_by_slug(tx, tenant, slug) if SLUG.fullmatch(slug) else None
    if wish is None:
        raise not_found("wish")
    return wish


async def _column(tx: Tx, tenant: str, status: Status) -> list[domain.Request]:
    """What was shipped last stands first; what is to come stands in the order of its priority."""
    if status is Status.SHIPPED:
        return await requests.list_by_status_age(tx, tenant, status, limit=COLUMN_WISHES)
    return await requests.list_in_order(tx, tenant, Order.PRIORITY, statuses=(status,), limit=COLUMN_WISHES)


async def _list(
    tx: Tx, tenant: str, statuses: tuple[Status, ...], cursor: str | None
) -> tuple[list[domain.Request], str | None]:
    after = decode_cursor(cursor, int, int, int, int, int, UUID) if cursor else None
    found = await requests.list_in_order(
        tx, tenant, Order.PRIORITY, statuses=statuses, after=after, limit=LIST_WISHES + 1
    )
    listed = found[:LIST_WISHES]
    return listed, encode_cursor(*sort_key(Order.PRIORITY, listed[-1])) if len(found) > LIST_WISHES else None


async def _voted(tx: Tx, visit: Visit, wishes: list[domain.Request]) -> frozenset[UUID]:
    if visit.person is None:
        return frozenset()
    return await mentions.voted_for(tx, visit.tenant, visit.person, [wish.id for wish in wishes])


def _budget(request: Request, parts: Resources[BoardSettings], visit: Visit, kind: str, limit: int) -> Budget:
    network = guard.network_of(request, parts.settings.board_trusted_proxies, visit.tenant_key)
    return Budget(kind, network, limit)


def _redirect(address: str, parts: Resources[BoardSettings], visit: Visit, visitor_id: UUID | None) -> Response:
    response = RedirectResponse(address, int(HTTPStatus.SEE_OTHER))
    if visitor_id is not None and visitor_id != visit.visitor_id:
        secure = parts.settings.public_url.startswith("https://")
        guard.remember(response, visit.tenant, visit.tenant_key, visitor_id, secure=secure)
    return response
