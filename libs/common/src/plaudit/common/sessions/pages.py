"""Sign-in and sign-out, and the dependency of every page for staff.

A service gives `router` to `create_app`; a page declares `Annotated[Principal, Depends(staff("clocks:read"))]` first,
and then `TenantTx` or `Work` as endpoints of the API do.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.http import Principal
from plaudit.common.http.auth import ApiKeys
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import check_origin
from plaudit.common.pages import Pages

COOKIE: Final = "plaudit_key"
COOKIE_AGE_SECONDS: Final = 12 * 3600
HOME: Final = "/console"
"""Where signing in and out lead."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

router = APIRouter(include_in_schema=False)


async def signed_in(request: Request) -> Principal | None:
    """Return whom the cookie's key speaks for; None without a cookie, or when the key is no longer valid."""
    api_keys: ApiKeys = request.app.state.api_keys
    key = request.cookies.get(COOKIE)
    return await api_keys.principal(key) if key else None


def staff(*scopes: str) -> Callable[[Request], Awaitable[Principal]]:
    """Return a dependency that lets in whoever is signed in with all of the scopes; others get the sign-in form.

    A form that no page of this service sent gets a 403.
    """

    async def signed_in_principal(request: Request) -> Principal:
        if request.method not in _SAFE_METHODS:
            check_origin(request)
        principal = await signed_in(request)
        if principal is None:
            raise AnswerInsteadError(_form(request))
        if not all(principal.may(scope) for scope in scopes):
            error = f"This key lacks a scope: the page needs {' and '.join(scopes)}."
            raise AnswerInsteadError(_form(request, error))
        request.state.principal = principal
        return principal

    return signed_in_principal


@router.post("/sign-in", dependencies=[Depends(check_origin)])
async def sign_in(request: Request, key: Annotated[str, Form()] = "") -> Response:
    """Put a valid key into a cookie that no script can read and no other site can use."""
    api_keys: ApiKeys = request.app.state.api_keys
    if await api_keys.principal(key.strip()) is None:
        return _form(request, "This key is not valid, or has expired.")
    response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        COOKIE,
        key.strip(),
        max_age=COOKIE_AGE_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.app.state.resources.settings.public_url.startswith("https:"),
        path="/",
    )
    return response


@router.post("/sign-out", dependencies=[Depends(check_origin)])
async def sign_out() -> Response:
    """Delete the cookie."""
    response = RedirectResponse(HOME, HTTPStatus.SEE_OTHER)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _form(request: Request, error: str = "") -> Response:
    pages: Pages = request.app.state.pages
    status = HTTPStatus.UNAUTHORIZED if error else HTTPStatus.OK
    response = pages.response("sign_in.html", status=status, error=error)
    response.headers["cache-control"] = "no-store"
    return response
