"""The page, its sign-in and its sign-out."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from plaudit.alerting.domain.promises import is_web_address
from plaudit.alerting.pages import session
from plaudit.alerting.settings import AlertingSettings
from plaudit.alerting.store import views
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
pages = Pages("plaudit.alerting", title="Plaudit alerting")
Context = Annotated[Resources[AlertingSettings], Depends(resources)]


@router.get("/")
async def show_promises(request: Request, context: Context) -> Response:
    """Show what is late, what runs out next, and the newest alerts; the sign-in form to whom we do not know."""
    who = await session.signed_in(request)
    if who is None or not all(who.may(scope) for scope in SCOPES):
        return _sign_in_form(who)
    async with context.database(Role.API).transaction(who.tenant_id) as tx:
        response = pages.response(
            "promises.html",
            now=tx.now,
            counts=await views.counts(tx, who.tenant_id),
            max_counted=views.MAX_COUNTED,
            late=await views.late_clocks(tx, who.tenant_id, ROWS),
            upcoming=await views.next_clocks(tx, who.tenant_id, ROWS),
            alerts=await views.list_alerts(tx, who.tenant_id, limit=ROWS),
            tenant=who.tenant_id,
            is_web_address=is_web_address,
            moment=moment,
            duration=duration,
        )
    response.headers.update(NO_STORE)
    return response


@router.post("/sign-in")
async def sign_in(request: Request, context: Context) -> Response:
    """Take a key; a good one opens the page."""
    key = await session.key_in_form(request)
    api_keys: ApiKeys = request.app.state.api_keys
    if await api_keys.principal(key) is None:
        return _sign_in_form(None, error="This key is not valid, or has expired.")
    return session.sign_in(key, secure=context.settings.public_url.startswith("https:"))


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forget the key."""
    check_origin(request)
    return session.sign_out()


def _sign_in_form(who: Principal | None, error: str = "") -> Response:
    if who is not None:
        error = f"This key lacks a scope: the page needs {' and '.join(SCOPES)}."
    status = HTTPStatus.UNAUTHORIZED if error else HTTPStatus.OK
    response = pages.response("sign_in.html", status=status, error=error)
    response.headers.update(NO_STORE)
    return response


def moment(at: datetime) -> str:
    """Return an instant for people: `2 March 2026, 09:00 UTC`."""
    return f"{at.astimezone(UTC):%-d %B %Y, %H:%M} UTC"


def duration(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 d 3 h`, `5 h 10 min`, `under a minute`."""
    minutes = abs(length) // _MINUTE
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {rest} min"
    return f"{rest} min" if rest else "under a minute"
