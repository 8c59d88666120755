"""The dependency of every page for staff, and the guard of its forms."""

import hmac
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from plaudit.common.api_keys.domain import SCOPES
from plaudit.common.http import Principal, Problem
from plaudit.common.http.auth import SAFE_METHODS
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import is_from_our_page, sent_from_elsewhere
from plaudit.common.pages import Pages
from plaudit.common.pages.navigation import HOME
from plaudit.common.sessions import domain
from plaudit.common.sessions.lookup import StaffSessions

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
"""The hidden field of forms, for browsers that do not say where a form comes from."""
FORM_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
FORBIDDEN_TITLE: Final = "You may not do this"
_OF_A_PERSON: Final = ("Your role", "an admin can give you another")
_OF_A_KEY: Final = ("The key that you signed in with", "sign in with another")
NOTHING_WAS_DONE: Final = "You are no longer signed in, so nothing was done. Sign in, and send the form again."


def sessions_of(request: Request) -> StaffSessions:
    """Return the sessions of the application."""
    sessions: StaffSessions = request.app.state.staff_sessions
    return sessions


async def signed_in(request: Request) -> Principal | None:
    """Return whom the session of a request speaks for; None without one."""
    return await sessions_of(request).principal(request)


class staff:  # noqa: N801 - reads as what it lets in: Depends(staff("clocks:read"))
    """A dependency that lets in staff whose session has all of the scopes, and returns the `Principal`.

    Without a session the answer is the sign-in page, without a scope a 403. A form that no page of ours sent is a 403.
    """

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> Principal:
        """Return the principal, and store it with the request for its transaction."""
        if request.method not in SAFE_METHODS:
            await check_form(request)
        principal = await signed_in(request)
        if principal is None:
            raise AnswerInsteadError(_sign_in_first(request))
        missing = [scope for scope in self.scopes if not principal.may(scope)]
        request.state.principal = principal
        if missing:
            words = ", and ".join(SCOPES.get(scope, f"use `{scope}`") for scope in missing)
            subject, remedy = _OF_A_PERSON if principal.person else _OF_A_KEY
            detail = f"This page is for those who may {words}. {subject} does not let you; {remedy}."
            raise Problem("forbidden", HTTPStatus.FORBIDDEN, FORBIDDEN_TITLE, detail)
        return principal


def form_token(request: Request) -> str:
    """Return the value of the hidden field `form_token` for the forms of a page; empty without a session."""
    session_id = sessions_of(request).id_of(request)
    return domain.form_token(session_id) if session_id else ""


async def check_form(request: Request) -> None:
    """Accept a form that one of our own pages sent; raise a 403 for any other.

    Browsers send Sec-Fetch-Site, and older ones Origin. Where neither is sent, the form has the session's token.
    """
    ours = is_from_our_page(request)
    if ours is None:
        expected = form_token(request)
        ours = bool(expected) and hmac.compare_digest(expected.encode(), (await _sent_token(request)).encode())
    if not ours:
        raise sent_from_elsewhere()


def sign_in_page(request: Request, error: str = "", *, status: int = HTTPStatus.OK, next_path: str = HOME) -> Response:
    """Return the sign-in page; signing in leads to `next_path`."""
    settings = sessions_of(request).settings
    pages: Pages = request.app.state.pages
    response = pages.response(
        "sign_in.html",
        status=status,
        error=error,
        next=next_path,
        sends_mails=bool(settings.smtp_host),
        oidc_name=settings.oidc_name if settings.oidc_issuer else "",
    )
    response.headers["cache-control"] = "no-store"
    return response


def _sign_in_first(request: Request) -> Response:
    """Return the sign-in page; whoever has sent a form is told that it did nothing."""
    if request.method in SAFE_METHODS:
        return sign_in_page(request, next_path=_address(request))
    return sign_in_page(request, NOTHING_WAS_DONE, status=HTTPStatus.UNAUTHORIZED, next_path=_address(request))


def _address(request: Request) -> str:
    """Return the address of a page, to come back to; that of a form cannot be opened."""
    if request.method not in SAFE_METHODS:
        return HOME
    query = f"?{request.url.query}" if request.url.query else ""
    return domain.local_path(request.url.path + query, HOME)


async def _sent_token(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith(FORM_TYPES):
        return ""
    value = (await request.form()).get(FORM_TOKEN, "")
    return value if isinstance(value, str) else ""
