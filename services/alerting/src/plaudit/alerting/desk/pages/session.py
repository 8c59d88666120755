"""Signing in with an API key: a form that works without JavaScript, and a cookie that only our own pages send."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import Principal
from plaudit.common.http.auth import ApiKeys

COOKIE: Final = "plaudit_alerting_key"
COOKIE_AGE_SECONDS: Final = 12 * 3600


async def signed_in(request: Request) -> Principal | None:
    """Return the principal of the cookie's key; None without a cookie, or when the key is no longer valid."""
    api_keys: ApiKeys = request.app.state.api_keys
    key = request.cookies.get(COOKIE)
    return await api_keys.principal(key) if key else None


def sign_in(key: str, *, secure: bool) -> Response:
    """Return a redirect to the page, with the key in a cookie that no script can read and no other site can use."""
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE, key, max_age=COOKIE_AGE_SECONDS, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return response


def sign_out() -> Response:
    """Return a redirect to the form, without the cookie."""
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
