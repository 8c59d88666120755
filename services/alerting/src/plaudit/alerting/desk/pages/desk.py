"""The page of what is late, what is due next, and the newest alerts; its sign-in and its sign-out."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from plaudit.alerting.alerts import store as alert_store
from plaudit.alerting.clocks.domain.review_facts import is_web_address
from plaudit.alerting.desk import store
from plaudit.alerting.desk.pages import session
from plaudit.alerting.mails.domain import moment
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role
from plaudit.common.http import Principal, resources
from plaudit.common.http.auth import ApiKeys
from plaudit.common.http.origin import check_origin
from plaudit.common.pages import Pages
from plaudit.common.process import Resources

ROWS: Final = 20
SCOPES: Final = ("clocks:read", "alerts:read")
NO_STORE: Final = {"cache-control": "no-store"}
_MINUTE: Final = timedelta(minutes=1)

router = APIRouter(include_in_schema=False)
pages = Pages("plaudit.alerting.desk", title="Plaudit alerting")
Context = Annotated[Resources[AlertingSettings], Depends(resources)]


@router.get("/")
async def show_desk(request: Request, context: Context) -> Response:
    """Show what is late, what is due next, and the newest alerts; the sign-in form to whoever is not signed in."""
    principal = await session.signed_in(request)
    if principal is None or not all(principal.may(scope) for scope in SCOPES):
        return _sign_in_form(principal)
    tenant_id = principal.tenant_id
    async with context.database(Role.API).transaction(tenant_id) as tx:
        response = pages.response(
            "desk.html",
            now=tx.now,
            counts=await store.counts(tx, tenant_id),
            max_counted=store.MAX_COUNTED,
            late=await store.late_clocks(tx, tenant_id, ROWS),
            upcoming=await store.next_clocks(tx, tenant_id, ROWS),
            alerts=await alert_store.list_alerts(tx, tenant_id, limit=ROWS),
            tenant_id=tenant_id,
            is_web_address=is_web_address,
            moment=moment,
            duration=duration,
        )
    response.headers.update(NO_STORE)
    return response


@router.post("/sign-in", dependencies=[Depends(check_origin)])
async def sign_in(request: Request, context: Context, key: Annotated[str, Form()] = "") -> Response:
    """Accept an API key; a valid one opens the page."""
    key = key.strip()
    api_keys: ApiKeys = request.app.state.api_keys
    if await api_keys.principal(key) is None:
        return _sign_in_form(None, error="This key is not valid, or has expired.")
    return session.sign_in(key, secure=context.settings.public_url.startswith("https:"))


@router.post("/sign-out", dependencies=[Depends(check_origin)])
async def sign_out() -> Response:
    """Delete the cookie with the key."""
    return session.sign_out()


def _sign_in_form(principal: Principal | None, error: str = "") -> Response:
    if principal is not None:
        error = f"This key lacks a scope: the page needs {' and '.join(SCOPES)}."
    status = HTTPStatus.UNAUTHORIZED if error else HTTPStatus.OK
    response = pages.response("sign_in.html", status=status, error=error)
    response.headers.update(NO_STORE)
    return response


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 d 3 h`, `5 h 10 min`, `under a minute`."""
    minutes = abs(length) // _MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "under a minute"
