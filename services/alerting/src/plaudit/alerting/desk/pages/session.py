"""Signing in with an API key: a form that works without JavaScript, and a cookie that only our own pages send."""

from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import Principal, read_body
from plaudit.common.http.auth import ApiKeys
from plaudit.common.http.origin import check_origin

COOKIE: Final = "plaudit_alerting_key"
COOKIE_AGE_SECONDS: Final = 12 * 3600
MAX_FORM_BYTES: Final = 4_096


async def signed_in(request: Request) -> Principal | None:
    """Return whom the cookie's key speaks for; None without a cookie, or when the key is no longer good."""
    api_keys: ApiKeys = request.app.state.api_keys
    key = request.cookies.get(COOKIE)
    return await api_keys.principal(key) if key else None


async def key_in_form(request: Request) -> str:
    """Return the key that the sign-in form sent."""
    check_origin(request)
    fields = parse_qs((await read_body(request, MAX_FORM_BYTES)).decode("ascii", "replace"), max_num_fields=10)
    return fields.get("key", [""])[0].strip()


def sign_in(key: str, *, secure: bool) -> Response:
    """Return the way to the page, with the key in a cookie that no script can read and no other site can use."""
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE, key, max_age=COOKIE_AGE_SECONDS, httponly=True, samesite="strict", secure=secure, path="/"
    )
    return response


def sign_out() -> Response:
    """Return the way to the form, without the cookie."""
    response = RedirectResponse("/", HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response
