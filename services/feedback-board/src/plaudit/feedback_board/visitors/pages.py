"""Who visits which board, for every public page: the visit, its cookies, and how much the visitor may do."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Form, Request
from starlette.responses import Response

from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.http import Principal, TenantTx, not_found, resources
from plaudit.common.http.client_address import network_of
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.pages import Pages
from plaudit.common.pages.static import StaticFiles
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit
from plaudit.common.sessions.domain import is_secret
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.settings import Act, BoardSettings
from plaudit.feedback_board.visitors import store
from plaudit.feedback_board.visitors.domain.proof import PROOF_MAX_CHARACTERS, proven_act
from plaudit.feedback_board.visitors.domain.visitor import Known, SignedIn, Visitor, read_visitor, sign_visitor

PUBLIC: Final = "public"
"""The actor of what visitors do."""
COOKIE_MAX_AGE_SECONDS: Final = 400 * 86_400
"""The longest time that browsers keep a cookie."""

site: Final = Pages("plaudit.feedback_board.visitors")
STATIC: Final = StaticFiles.of_package("plaudit.feedback_board.visitors", "/visitor-static")
PROOF_SCRIPT: Final = STATIC.url("proof.js")
"""What finds a proof of work for a form with a challenge."""

BoardResources = Annotated[Resources[BoardSettings], Depends(resources)]


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor on one tenant's board."""

    tenant_id: str
    name: str
    """The name of the board."""
    tenant_key: bytes
    visitor: Known | None
    """Who is signed in, else who the cookie says it is; None for someone who has never voted here."""
    newcomer: str
    """For the forms of a page: the signed id of a visitor without a cookie. A form sent twice is one visitor's."""
    anonymous: Visitor | None = None
    """Who the cookie says it is, also while somebody is signed in."""
    session: bytes | None = None
    """What is stored of the id of the session."""

    @property
    def person(self) -> SignedIn | None:
        """Who is signed in."""
        return self.visitor if isinstance(self.visitor, SignedIn) else None

    @property
    def display_name(self) -> str:
        """The name that whoever is signed in is shown under; empty for none."""
        return (self.person.name or "") if self.person else ""


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
    anonymous = None if cookie is None else read_visitor(tenant_key, cookie)
    session_id = request.cookies.get(session_cookie(parts.settings, tenant_id), "")
    session = hash_secret(session_id) if is_secret(session_id) else None
    person = None if session is None else await store.find_session(tx, tenant_id, session)
    visitor = person or anonymous
    newcomer = "" if visitor is not None else sign_visitor(tenant_key, parts.ids())
    return Visit(tenant_id, name, tenant_key, visitor, newcomer, anonymous, None if person is None else session)


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
Proof = Annotated[str, Form(max_length=PROOF_MAX_CHARACTERS)]
"""A form's field: the proof of work that `over_budget` asked for."""


def sender_of_form(visit: Visit, newcomer: str, new_id: UUID) -> Known:
    """Return who is signed in, else the visitor of the cookie; without one, that of the form's page, else a new one."""
    return visit.visitor or read_visitor(visit.tenant_key, newcomer) or Visitor(new_id)


def budget_of(request: Request, parts: BoardResources, visit: Visit, act: Act, proof: str, now: datetime) -> Limit:
    """Return the budget that an act counts against.

    Who is signed in has a budget of their own, wherever they are. All others of a network share one: somebody's cookie
    costs nothing, and so would as many budgets as one likes. Past it, a proof of work opens one of a single act.

    Args:
        request: that acts.
        parts: of the service.
        visit: whose.
        act: what is done.
        proof: of work, if any; one that proves nothing here and now opens nothing.
        now: the time.
    """
    per_network, per_person = parts.settings.budget(act)
    if (person := visit.person) is not None:
        digest = sha256(visit.tenant_key + person.person_key.encode()).digest()[:16]
        return Limit(f"{act} of person", digest, per_person)
    proven = proven_act(visit.tenant_key, act, proof, parts.settings.proof_of_work_bits, now) if proof else None
    if proven is not None:
        return Limit("proof", proven, 1)
    return Limit(act, network_of(request, parts.settings.proxies, visit.tenant_key), per_network)


def remember(response: Response, parts: BoardResources, visit: Visit, visitor: Known | None) -> None:
    """Give a visitor a cookie, unless the browser has the present one. Nobody gets a cookie for looking at a page."""
    if not isinstance(visitor, Visitor) or (visitor == visit.visitor and not visitor.cookie_is_old):
        return
    response.set_cookie(
        _cookie_name(visit.tenant_id),
        sign_visitor(visit.tenant_key, visitor.id),
        max_age=COOKIE_MAX_AGE_SECONDS,
        **cookie_options(parts.settings),
    )


def forget_cookie(response: Response, parts: BoardResources, visit: Visit) -> None:
    """Take the cookie of an anonymous visitor back: what it did belongs to a person now."""
    response.delete_cookie(_cookie_name(visit.tenant_id), **cookie_options(parts.settings))


def session_cookie(settings: BoardSettings, tenant_id: str) -> str:
    """Return the name of the cookie of a session: one for each tenant."""
    name = f"plaudit_person_{tenant_id}"
    return f"__Host-{name}" if _is_https(settings) else name


def cookie_options(settings: BoardSettings) -> dict[str, Any]:
    """Return what all our cookies on the board are given."""
    return {"httponly": True, "samesite": "lax", "secure": _is_https(settings), "path": "/"}


def _is_https(settings: BoardSettings) -> bool:
    return settings.public_url.startswith("https://")


def _cookie_name(tenant_id: str) -> str:
    """Return the name of a board's cookie: one for each tenant, so that nobody is followed from one to another."""
    return f"plaudit_visitor_{tenant_id}"


def _tenant_of_host(request: Request, settings: BoardSettings) -> str:
    host = request.headers.get("host", "").rpartition("@")[2].partition(":")[0].lower()
    return settings.board_hosts.get(host, settings.board_tenant)
