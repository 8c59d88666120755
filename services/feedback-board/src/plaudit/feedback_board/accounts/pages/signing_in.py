"""Signing in, by a mailed link or a token of the host's product, and signing out."""

import hmac
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Form, Query
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from plaudit.common import mailbox
from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.origin import check_origin, is_from_our_page
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import Limit, LimitExceededError, spend
from plaudit.common.vault import Vault
from plaudit.feedback_board.accounts import commands
from plaudit.feedback_board.accounts.mails import link_mail, send
from plaudit.feedback_board.accounts.pages.view import CurrentView, View
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.visitors import commands as visitors
from plaudit.feedback_board.visitors import store as visitor_store
from plaudit.feedback_board.visitors.api import OpenedVault
from plaudit.feedback_board.visitors.domain.host_token import MAX_TOKEN_CHARACTERS, TokenRefusedError
from plaudit.feedback_board.visitors.domain.link import Intent, Purpose, read_intent
from plaudit.feedback_board.visitors.domain.visitor import SignedIn, person_at
from plaudit.feedback_board.visitors.pages import PUBLIC, cookie_options, forget_cookie, session_cookie

log = structlog.get_logger()

NO_MAILS: Final = "This installation sends no mails, so it cannot mail you a link."
SIGN_IN_FIRST: Final = "Sign in to see what you asked for and voted for."

router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])

NextPath = Annotated[str, Form(alias="next", max_length=2000)]
NextQuery = Annotated[str, Query(alias="next", max_length=2000)]
Email = Annotated[str, Form(max_length=1000)]
Slug = Annotated[str, Form(max_length=200)]
Refused = Callable[[Exception | str, int, int], Response]
"""Shows a form again with all that was typed: why, the status, and the seconds until it may be sent again."""
Token = Annotated[str, Form(max_length=MAX_TOKEN_CHARACTERS)]


@router.get("/sign-in")
async def show_sign_in(view: CurrentView, next_path: NextQuery = "") -> Response:
    """Show the form that asks for a link."""
    return sign_in_page(view, next_path=next_path)


@router.post("/sign-in", dependencies=[Depends(check_origin)])
async def ask_to_sign_in(
    view: CurrentView,
    work: Work,
    vault: OpenedVault,
    email: Email = "",
    next_path: NextPath = "",
    vote: Slug = "",
    comment: Slug = "",
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    form: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Mail a link to an address, with what its owner wants to do; the answer is the same whoever that is."""
    typed = Intent(vote=vote, comment=comment, title=title, text=text, name=name, form=form)

    def refused(error: Exception | str, status: int, retry_after: int = 0) -> Response:
        return sign_in_page(
            view,
            error=error,
            status=status,
            email=email,
            next_path=next_path,
            intent=typed,
            retry_after=retry_after,
        )

    try:
        intent = read_intent(typed)
    except InvalidInputError as error:
        return refused(error, HTTPStatus.UNPROCESSABLE_ENTITY)
    return await mail_link(view, work, vault, email, Purpose.SIGN_IN, next_path, intent, refused)


@router.get("/sign-in/token")
async def show_token(
    view: CurrentView,
    tx: TenantTx,
    vault: OpenedVault,
    token: Annotated[str, Query(max_length=MAX_TOKEN_CHARACTERS)] = "",
    next_path: NextQuery = "",
) -> Response:
    """Show whom a token of the host's product signs in, and the button that does so."""
    return await _token_page(view, tx, vault, token, next_path)


@router.post("/sign-in/token")
async def use_token(
    view: CurrentView, work: Work, vault: OpenedVault, token: Token = "", next_path: NextPath = ""
) -> Response:
    """Sign in whom a token names. What another site sends is shown first, so that nobody is signed in unawares."""
    visit = view.visit
    if not is_from_our_page(view.incoming):
        return await _token_page(view, work.tx, vault, token, next_path)
    plan = await commands.prepare(work, visit.tenant_id, visit.anonymous)
    try:
        found = await visitors.check_token(work.tx, visit.tenant_id, visit.tenant_key, token, vault)
        await visitors.use_token(work.tx, visit.tenant_id, found)
    except TokenRefusedError as error:
        return _token_refused(view, error)
    return await signed_in(view, work, plan, found.person, view.within(next_path), "token")


@router.post("/sign-out", dependencies=[Depends(check_origin)])
async def sign_out(view: CurrentView, work: Work) -> Response:
    """End the session of this browser."""
    visit, settings = view.visit, view.parts.settings
    if visit.session is not None:
        await visitor_store.delete_session(work.tx, visit.tenant_id, visit.session)
    response = RedirectResponse(view.home, int(HTTPStatus.SEE_OTHER))
    response.delete_cookie(session_cookie(settings, visit.tenant_id), **cookie_options(settings))
    return response


async def mail_link(
    view: View,
    work: UnitOfWork,
    vault: Vault,
    email: str,
    purpose: Purpose,
    next_path: str,
    intent: Intent,
    refused: Refused,
) -> Response:
    """Mail a link to an address, and say so; what cannot be done comes back with all that was typed."""
    visit, settings = view.visit, view.parts.settings
    if not view.sends_mails:
        return refused(NO_MAILS, HTTPStatus.SERVICE_UNAVAILABLE, 0)
    try:
        person_key = person_at(visit.tenant_key, email)
        address = mailbox.server_address(email)
    except (InvalidInputError, mailbox.NotAMailboxError) as error:
        return refused(error, HTTPStatus.UNPROCESSABLE_ENTITY, 0)
    network = network_of(view.incoming, settings.proxies, visit.tenant_key)
    of_address = hmac.new(visit.tenant_key, f"email:{address}".encode(), sha256).digest()[:16]
    try:
        await spend(work.tx, visit.tenant_id, Limit("sign-in", network, settings.sign_ins_per_hour_per_network))
        await spend(
            work.tx, visit.tenant_id, Limit("sign-in-link", of_address, settings.sign_in_links_per_hour_per_address)
        )
    except LimitExceededError as error:
        return refused(error, HTTPStatus.TOO_MANY_REQUESTS, error.retry_after_seconds)
    mailed = await visitors.new_link(
        work.tx,
        visit.tenant_id,
        address,
        person_key,
        purpose,
        vault,
        timedelta(minutes=settings.sign_in_link_minutes),
        view.within(next_path),
        intent,
    )
    path = "/sign-in" if purpose is Purpose.SIGN_IN else "/your-data"
    response = view.page("sent.html", path, email=email.strip(), minutes=round(settings.sign_in_link_minutes))
    message = link_mail(mailed, visit.tenant_id, visit.name, settings, work.tx.now)
    response.background = BackgroundTask(send, message, settings, visit.tenant_id)
    return response


async def signed_in(view: View, work: UnitOfWork, plan: commands.Plan, person: SignedIn, to: str, way: str) -> Response:
    """Take over what the cookie did, begin a session, and lead on."""
    visit, settings = view.visit, view.parts.settings
    if visit.anonymous is not None:
        await commands.adopt(work, visit.tenant_id, plan, visit.anonymous, person, PUBLIC)
    max_age = timedelta(days=settings.board_session_days)
    session_id = await visitors.begin_session(work.tx, visit.tenant_id, person, max_age, visit.session)
    log.info("signed_in", tenant_id=visit.tenant_id, detail=way)
    response = RedirectResponse(to, int(HTTPStatus.SEE_OTHER))
    response.set_cookie(
        session_cookie(settings, visit.tenant_id),
        session_id,
        max_age=round(max_age.total_seconds()),
        **cookie_options(settings),
    )
    if visit.anonymous is not None and plan.is_whole:
        forget_cookie(response, view.parts, visit)
    response.headers["Cache-Control"] = "no-store"
    return response


def sign_in_page(
    view: View,
    *,
    error: Exception | str = "",
    status: int = HTTPStatus.OK,
    email: str = "",
    next_path: str = "",
    intent: Intent | None = None,
    retry_after: int = 0,
) -> Response:
    """Show the form that asks for a link, with all that was typed."""
    to = view.within(next_path)
    return view.page(
        "sign_in.html",
        "/sign-in",
        status,
        retry_after=retry_after,
        kept={"next": to},
        error=error,
        email=email,
        next=to,
        intent=intent or Intent(),
        sends_mails=view.sends_mails,
    )


async def _token_page(view: View, tx: Tx, vault: Vault, token: str, next_path: str) -> Response:
    visit = view.visit
    try:
        found = await visitors.check_token(tx, visit.tenant_id, visit.tenant_key, token, vault)
    except TokenRefusedError as error:
        return _token_refused(view, error)
    to = view.within(next_path)
    kept = {"token": token, "next": to}
    return view.page(
        "token.html", "/sign-in/token", kept=kept, error="", name=found.person.name or "", token=token, next=to
    )


def _token_refused(view: View, error: TokenRefusedError) -> Response:
    return view.page("token.html", "/sign-in/token", HTTPStatus.UNAUTHORIZED, error=error, name="", token="", next="")
