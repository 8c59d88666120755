"""The pages of who is told: the button of a request's page, the link of a mail that stops them, and staff's view."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Role, Tx
from plaudit.common.delivery.consent.links import proven
from plaudit.common.delivery.domain.consent import Link
from plaudit.common.http import Principal, TenantTx, not_found, resources
from plaudit.common.http.auth import anyone
from plaudit.common.outbox import UnitOfWork
from plaudit.common.pages import Pages
from plaudit.common.pages.navigation import Crumb
from plaudit.common.process import Resources
from plaudit.common.sessions import ConsolePages, staff
from plaudit.common.tenants import store as tenants
from plaudit.feedback_board.notifications.commands import following, telling
from plaudit.feedback_board.notifications.commands.sending import PREFERENCES, stop_path
from plaudit.feedback_board.notifications.domain.audience import RECEIVING, Told
from plaudit.feedback_board.notifications.domain.followers import State
from plaudit.feedback_board.requests.api import actor_key_of
from plaudit.feedback_board.requests.domain import request as domain
from plaudit.feedback_board.requests.domain.announcement import TOLD_BY_DEFAULT
from plaudit.feedback_board.requests.domain.errors import MergedRequestError
from plaudit.feedback_board.requests.domain.reach import is_anonymous
from plaudit.feedback_board.requests.domain.status import TRANSITIONS, Status
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.requests.store import requests
from plaudit.feedback_board.settings import BoardSettings
from plaudit.feedback_board.visitors.pages import Visit

REQUESTS: Final = "/console/requests"
BY_MAIL_LINK: Final = "mail"
"""The actor of what readers of a mail do by its links."""
WORDS: Final = {
    Told.BY_MAIL: "told by mail",
    Told.IF_CONSENTED: "asked for their address as the mail leaves: told if they are customers who agreed",
    Told.STOPPED: "not told: they want to hear of this request no more",
    Told.OPTED_OUT: "not told: they want no such mails",
    Told.ACTOR: "not told: it is you who changes it",
    Told.NO_MAILBOX: "not told: the last mail to them was refused for good",
    Told.ANONYMOUS: "not told: they did not sign in, so that there is no address",
    Told.NO_ADDRESS: "not told: no address of theirs is known",
}

site: Final = Pages("plaudit.feedback_board.notifications")
console: Final = ConsolePages("plaudit.feedback_board.notifications")
mail_router = APIRouter(prefix=PREFERENCES, include_in_schema=False, dependencies=[Depends(anyone)])
"""The links of mails: who has one is proven to read the person's mails."""
console_router = APIRouter(include_in_schema=False)
Reader = Annotated[Principal, Depends(staff("board:read"))]
Parts = Annotated[Resources[BoardSettings], Depends(resources)]


async def section(tx: Tx, visit: Visit, request: domain.Request) -> dict[str, Any]:
    """Return what `_follow.html` shows on the page of a request."""
    person = None if visit.visitor is None else visit.visitor.person_key
    state = State.STOPPED if person is None else await following.state_of(tx, request, person)
    return {
        "follows": state is State.FOLLOWING,
        "has_address": person is not None and not is_anonymous(person),
        "path": f"{page_path(request)}/followers",
    }


@mail_router.get("/{token}/requests/{request_id}")
async def ask_to_stop(parts: Parts, token: str, request_id: UUID, done: str = "") -> Response:
    """Ask whether mails about one request are to stop: programs that look at links in advance stop nothing."""
    link = await _proven(parts, token)
    async with parts.database(Role.API).snapshot(link.tenant_id) as tx:
        request = await _root(tx, link.tenant_id, request_id)
        state = await following.state_of(tx, request, link.person_key)
        name = await tenants.name_of(tx, link.tenant_id) or ""
    page = site.response(
        "stop.html",
        tenant=name,
        request=request,
        request_path=page_path(request),
        is_done=done == "stopped" and state is State.STOPPED,
        path=stop_path(token, request_id),
        preferences=f"{PREFERENCES}/{token}",
    )
    return _private(page)


@mail_router.post("/{token}/requests/{request_id}")
async def stop(parts: Parts, token: str, request_id: UUID) -> Response:
    """Tell whoever reads the mail no more of one request, and of what is merged into it."""
    link = await _proven(parts, token)
    database = parts.database(Role.API)
    async with database.snapshot(link.tenant_id) as tx:
        root = await _root(tx, link.tenant_id, request_id)
    async with database.change(link.tenant_id) as tx:
        work = UnitOfWork(tx, parts.outbox, parts.ids)
        await following.choose(work, link.tenant_id, root.id, link.person_key, State.STOPPED, BY_MAIL_LINK)
    return _private(RedirectResponse(f"{stop_path(token, request_id)}?done=stopped", 303))


@console_router.get(f"{REQUESTS}/{{request_id}}/audience")
async def show_audience(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    parts: Parts,
    request_id: UUID,
    status: Annotated[Status, Query()] = Status.SHIPPED,
) -> Response:
    """Show who would be told if the request got a status now, and who not and why."""
    found = await requests.find(tx, principal.tenant_id, request_id)
    if found is None:
        raise not_found("request")
    actor_key = await actor_key_of(tx, principal)
    try:
        audience = await telling.count_audience(
            tx, principal.tenant_id, request_id, actor_key, can_ask=bool(parts.settings.ingest_url)
        )
    except MergedRequestError as error:
        return RedirectResponse(f"{REQUESTS}/{error.root_id}/audience?{urlencode({'status': status})}", 303)
    return await console.response(
        request,
        principal,
        tx,
        "console_audience.html",
        further=(Crumb(found.title, f"{REQUESTS}/{found.id}"), "Who is told"),
        found=found,
        wanted=status,
        choices={each: each.replace("_", " ") for each in TRANSITIONS[found.status]},
        is_usual=status in TOLD_BY_DEFAULT,
        audience=audience,
        rows=[(WORDS[told], audience.counts.get(told, 0), told in RECEIVING) for told in Told],
        hold_minutes=round(parts.settings.status_hold_seconds / 60, 1),
        requests_path=REQUESTS,
    )


async def _proven(parts: Parts, token: str) -> Link:
    """Return whose mail the link was in.

    Raises:
        Problem: 404, where no tenant's key has signed the token.
    """
    async with parts.database(Role.API).driver_snapshot() as tx:
        link = await proven(tx, token)
    if link is None:
        raise not_found("page")
    return link


async def _root(tx: Tx, tenant_id: str, request_id: UUID) -> domain.Request:
    """Return the request that speaks for one now.

    Raises:
        Problem: 404, there is no such request.
    """
    request = await requests.find(tx, tenant_id, request_id)
    if request is not None and request.merged_into is not None:
        request = await requests.find(tx, tenant_id, request.merged_into)
    if request is None:
        raise not_found("request")
    return request


def _private(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    response.headers["x-robots-tag"] = "noindex"
    return response
