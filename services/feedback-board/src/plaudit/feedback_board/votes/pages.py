"""The vote form of the public pages, and who a visitor of these pages is."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import Principal, TenantTx, Work, not_found, resources
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import check_origin
from plaudit.common.pages import Pages
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.text import SLUG
from plaudit.feedback_board.requests.domain.visibility import Visibility, sees
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.votes import commands
from plaudit.feedback_board.votes.domain import Visitor, VotingClosedError, read_visitor, sign_visitor

PUBLIC: Final = "public"
"""The actor of what visitors do."""
LIST_PARAMETERS: Final = ("q", "status", "persona", "sort", "cursor")
"""Of the address of the board: which list it shows."""
COOKIE_MAX_AGE_SECONDS: Final = 400 * 86_400
"""The longest time that browsers keep a cookie."""
_SHOWN: Final = (Visibility.PUBLISHED, Visibility.HELD)

site: Final = Pages("plaudit.feedback_board.votes")
router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])

BoardResources = Annotated[Resources[BoardSettings], Depends(resources)]


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor on one tenant's board."""

    tenant_id: str
    name: str
    """The name of the board."""
    tenant_key: bytes
    visitor: Visitor | None
    """Who the cookie says it is; None for someone who has never voted here."""
    newcomer: str
    """For the forms of a page: the signed id of a visitor without a cookie. A form sent twice is one visitor's."""


async def public_principal(request: Request, parts: BoardResources) -> Principal:
    """Let everybody in, on the board that the path names, else the one of the host, else the default one."""
    tenant_id = request.path_params.get("tenant") or _tenant_of_host(request, parts.settings)
    principal = request.state.principal = Principal(tenant_id, PUBLIC, frozenset())
    return principal


Public = Annotated[Principal, Depends(public_principal)]


async def find_visit(request: Request, principal: Public, tx: TenantTx, parts: BoardResources) -> Visit:
    """Return who visits which board.

    Raises:
        AnswerInsteadError: 404 as a page, there is no such tenant, or its board is not public: nobody can tell which.
        Problem: the same for who asked for no page.
    """
    tenant_id = principal.tenant_id
    board = await tenants.find_public_board(tx, tenant_id)
    if board is None:
        raise _no_board(request)
    name, tenant_key = board.name, board.person_key
    if tenant_id == parts.settings.board_tenant and parts.settings.board_name:
        name = parts.settings.board_name
    cookie = request.cookies.get(_cookie_name(tenant_id))
    visitor = None if cookie is None else read_visitor(tenant_key, cookie)
    newcomer = "" if visitor is not None else sign_visitor(tenant_key, parts.ids())
    return Visit(tenant_id, name, tenant_key, visitor, newcomer)


def _no_board(request: Request) -> Exception:
    """Return what ends a request for a board that nobody may see: for a browser, a page that leads staff on."""
    if "text/html" not in request.headers.get("accept", ""):
        return not_found("board")
    page = site.response("no_board.html", status=HTTPStatus.NOT_FOUND)
    page.headers["Cache-Control"] = "no-store"
    return AnswerInsteadError(page)


CurrentVisit = Annotated[Visit, Depends(find_visit, scope="function")]
"""A parameter of a page, before its `TenantTx` or `Work`."""


Newcomer = Annotated[str, Form(max_length=256)]
"""A form's field: `Visit.newcomer` of the page that it was on."""


@router.post("/r/{slug}/votes", dependencies=[Depends(check_origin)])
async def vote(
    visit: CurrentVisit,
    work: Work,
    slug: str,
    request: Request,
    parts: BoardResources,
    choice: Annotated[Literal["vote", "withdraw"], Form()],
    back: Annotated[Literal["request", "board"], Form()] = "request",
    listed: Annotated[str, Form(alias="list", max_length=4096)] = "",
    newcomer: Newcomer = "",
) -> Response:
    """Count a visitor's vote, or take it back."""
    found = await find_request(work.tx, visit, slug)
    voter = sender_of_form(visit, newcomer, work.ids())
    limit = limit_of(request, parts, visit, "vote", parts.settings.votes_per_hour_per_network)
    command = commands.vote if choice == "vote" else commands.withdraw
    notice = "voted" if choice == "vote" else "withdrawn"
    try:
        await command(work, visit.tenant_id, found.id, voter.person_key, PUBLIC, limit=limit)
    except VotingClosedError:
        notice = "closed"
    response = RedirectResponse(_address_after(found, back, notice, listed), int(HTTPStatus.SEE_OTHER))
    remember(response, parts, visit, voter if choice == "vote" else visit.visitor)
    return response


def sender_of_form(visit: Visit, newcomer: str, new_id: UUID) -> Visitor:
    """Return the visitor of the cookie; without one, that of the form's page, else a new one."""
    return visit.visitor or read_visitor(visit.tenant_key, newcomer) or Visitor(new_id)


async def find_request(tx: Tx, visit: Visit, slug: str) -> domain.Request:
    """Return the request at an address; one that is held is there for its author alone.

    Raises:
        Problem: 404, there is no such request.
        AnswerInsteadError: 303, it is merged into another one, and all its addresses lead to the page of that one. It
            is kept by no cache, since a merge can be undone.
    """
    found = await find_shown(tx, visit, slug)
    if found.merged_into is None:
        return found
    root = await root_of(tx, found)
    headers = {"Cache-Control": "no-store"}
    raise AnswerInsteadError(RedirectResponse(f"{page_path(root)}?notice=merged", int(HTTPStatus.SEE_OTHER), headers))


async def find_shown(tx: Tx, visit: Visit, slug: str) -> domain.Request:
    """Return the request at an address, merged or not; one that is held is there for its author alone.

    Raises:
        Problem: 404, there is no such request.
    """
    found = await requests.find_by_slug(tx, visit.tenant_id, slug, _SHOWN) if SLUG.fullmatch(slug) else None
    reader = None if visit.visitor is None else visit.visitor.person_key
    if found is None or not sees(found.visibility, found.author_key, reader):
        raise not_found("request")
    return found


async def root_of(tx: Tx, request: domain.Request) -> domain.Request:
    """Return the request that a request is merged into, else itself."""
    if request.merged_into is None:
        return request
    root = await requests.find(tx, request.tenant_id, request.merged_into)
    assert root is not None, "a root with others does not leave the board"
    return root


def limit_of(request: Request, parts: BoardResources, visit: Visit, kind: str, per_hour: int) -> Limit:
    """Return the rate limit of the network that a visitor comes from."""
    return Limit(kind, network_of(request, parts.settings.proxies, visit.tenant_key), per_hour)


def remember(response: Response, parts: BoardResources, visit: Visit, visitor: Visitor | None) -> None:
    """Give a visitor a cookie, unless the browser has the present one. Nobody gets a cookie for looking at a page."""
    if visitor is None or (visitor == visit.visitor and not visitor.cookie_is_old):
        return
    response.set_cookie(
        _cookie_name(visit.tenant_id),
        sign_visitor(visit.tenant_key, visitor.id),
        max_age=COOKIE_MAX_AGE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=parts.settings.public_url.startswith("https://"),
        path="/",
    )


def row_id(request: domain.Request) -> str:
    """Return the fragment of a request's row in a list."""
    return f"request-{request.slug}"


def _cookie_name(tenant_id: str) -> str:
    """Return the name of a board's cookie: one for each tenant, so that nobody is followed from one to another."""
    return f"plaudit_visitor_{tenant_id}"


def _tenant_of_host(request: Request, settings: BoardSettings) -> str:
    host = request.headers.get("host", "").rpartition("@")[2].partition(":")[0].lower()
    return settings.board_hosts.get(host, settings.board_tenant)


def _address_after(request: domain.Request, back: str, notice: str, listed: str) -> str:
    """Return the address of the page that the form was on, at the place of the request.

    Args:
        request: that the form was about.
        back: which page it was on.
        notice: what that page says.
        listed: the query of the list that it was on; of which only what a list is asked for by is kept.
    """
    if back == "request":
        return f"{page_path(request)}?{urlencode({'notice': notice})}"
    query = {"notice": notice, **{name: value for name, value in parse_qsl(listed) if name in LIST_PARAMETERS}}
    return f"/b/{request.tenant_id}?{urlencode(query)}#{row_id(request)}"
