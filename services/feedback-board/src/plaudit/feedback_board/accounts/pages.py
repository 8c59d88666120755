"""The pages of a person on the public board: sign in and out, my feedback, your data. No form needs a script."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import structlog
from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from plaudit.common import mailbox
from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work, not_found
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import check_origin, is_from_our_page
from plaudit.common.outbox import UnitOfWork
from plaudit.common.pages import Pages
from plaudit.common.rate_limits import Limit, LimitExceededError, spend
from plaudit.common.refusals import sentence
from plaudit.common.sessions.domain import is_secret
from plaudit.common.vault import Vault
from plaudit.feedback_board.accounts import commands, store
from plaudit.feedback_board.accounts.mails import link_mail, receipt_mail, send
from plaudit.feedback_board.board.pages.routes import REQUEST, form_key
from plaudit.feedback_board.board.pages.wording import STATUS_WORDS, count, day
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.request import Draft
from plaudit.feedback_board.requests.domain.text import clean_text, clean_title
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.visitors import commands as visitors
from plaudit.feedback_board.visitors import store as visitor_store
from plaudit.feedback_board.visitors.api import OpenedVault
from plaudit.feedback_board.visitors.commands import LinkUsedUpError
from plaudit.feedback_board.visitors.domain.host_token import MAX_TOKEN_CHARACTERS, TokenRefusedError
from plaudit.feedback_board.visitors.domain.link import Intent, Link, Purpose, board_path, masked, read_intent
from plaudit.feedback_board.visitors.domain.visitor import (
    NAME_MAX_CHARACTERS,
    SignedIn,
    clean_display_name,
    person_at,
)
from plaudit.feedback_board.visitors.pages import (
    PUBLIC,
    BoardResources,
    CurrentVisit,
    Visit,
    cookie_options,
    forget_cookie,
    limit_of,
    session_cookie,
)
from plaudit.feedback_board.votes.pages import VOTE, row_id

log = structlog.get_logger()

SHOWN_REQUESTS: Final = 100
NO_MAILS: Final = "This installation sends no mails, so it cannot mail you a link."
SIGN_IN_FIRST: Final = "Sign in to see what you asked for and voted for."

site: Final = Pages("plaudit.feedback_board.accounts", "plaudit.feedback_board.visitors")
router = APIRouter(prefix="/b/{tenant}", include_in_schema=False, dependencies=[Depends(anyone)])

NextPath = Annotated[str, Form(alias="next", max_length=2000)]
NextQuery = Annotated[str, Query(alias="next", max_length=2000)]
Email = Annotated[str, Form(max_length=1000)]
Refused = Callable[[Exception | str, int, int], Response]
"""Shows a form again with all that was typed: why, the status, and the seconds until it may be sent again."""
Token = Annotated[str, Form(max_length=MAX_TOKEN_CHARACTERS)]


@router.get("/sign-in")
async def show_sign_in(visit: CurrentVisit, parts: BoardResources, next_path: NextQuery = "") -> Response:
    """Show the form that asks for a link."""
    return _sign_in_page(visit, parts, next_path=next_path)


@router.post("/sign-in", dependencies=[Depends(check_origin)])
async def ask_to_sign_in(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    vault: OpenedVault,
    email: Email = "",
    next_path: NextPath = "",
    vote: Annotated[str, Form(max_length=200)] = "",
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    form: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Mail a link to an address, with what its owner wants to do; the answer is the same whoever that is."""
    typed = Intent(vote=vote, title=title, text=text, form=form)

    def refused(error: Exception | str, status: int, retry_after: int = 0) -> Response:
        return _sign_in_page(
            visit,
            parts,
            error=error,
            status=status,
            email=email,
            next_path=next_path,
            intent=typed,
            retry_after=retry_after,
        )

    try:
        intent = read_intent(vote=vote, title=title, text=text, form=form)
    except InvalidInputError as error:
        return refused(error, HTTPStatus.UNPROCESSABLE_ENTITY)
    return await _mail_link(visit, work, request, parts, vault, email, Purpose.SIGN_IN, next_path, intent, refused)


@router.get("/sign-in/token")
async def show_token(
    visit: CurrentVisit,
    tx: TenantTx,
    vault: OpenedVault,
    token: Annotated[str, Query(max_length=MAX_TOKEN_CHARACTERS)] = "",
    next_path: NextQuery = "",
) -> Response:
    """Show whom a token of the host's product signs in, and the button that does so."""
    return await _token_page(visit, tx, vault, token, next_path)


@router.post("/sign-in/token")
async def use_token(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    vault: OpenedVault,
    token: Token = "",
    next_path: NextPath = "",
) -> Response:
    """Sign in whom a token names. What another site sends is shown first, so that nobody is signed in unawares."""
    if not is_from_our_page(request):
        return await _token_page(visit, work.tx, vault, token, next_path)
    plan = await commands.prepare(work, visit.tenant_id, visit.anonymous, "")
    try:
        found = await visitors.check_token(work.tx, visit.tenant_id, visit.tenant_key, token, vault)
        await visitors.use_token(work.tx, visit.tenant_id, found)
    except TokenRefusedError as error:
        return _token_refused(visit, error)
    to = board_path(visit.tenant_id, next_path)
    return await _signed_in(visit, work, parts, plan, found.person, to, "token")


@router.post("/sign-out", dependencies=[Depends(check_origin)])
async def sign_out(visit: CurrentVisit, work: Work, parts: BoardResources) -> Response:
    """End the session of this browser."""
    if visit.session is not None:
        await visitor_store.delete_session(work.tx, visit.tenant_id, visit.session)
    response = RedirectResponse(f"/b/{visit.tenant_id}", int(HTTPStatus.SEE_OTHER))
    response.delete_cookie(session_cookie(parts.settings, visit.tenant_id), **cookie_options(parts.settings))
    return response


@router.get("/links/{token}")
async def show_link(visit: CurrentVisit, tx: TenantTx, vault: OpenedVault, token: str) -> Response:
    """Show what a link does, and the button that does it: programs that only look at links use none up."""
    link = await _link(tx, visit, token)
    if link is None:
        return _used_up(visit)
    known = await visitor_store.find_person(tx, visit.tenant_id, link.person_key)
    address = visitors.address_of_link(link, vault)
    name = known.name or "" if known else ""
    return _page(
        "link.html",
        visit,
        link=link,
        whose=masked(address) if address else "",
        name=name,
        name_max=NAME_MAX_CHARACTERS,
    )


@router.post("/links/{token}", dependencies=[Depends(check_origin)])
async def use_link(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    vault: OpenedVault,
    token: str,
    name: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Do what a link is for, and use it up."""
    link = await _link(work.tx, visit, token)
    if link is None:
        return _used_up(visit)
    try:
        if link.purpose is Purpose.SIGN_IN:
            return await _sign_in_by_link(visit, work, request, parts, vault, link, name)
        if link.purpose is Purpose.EXPORT:
            return await _export(visit, work, vault, link)
        return await _delete(visit, work, parts, vault, link)
    except LinkUsedUpError:
        raise AnswerInsteadError(_used_up(visit)) from None


@router.get("/me")
async def show_my_feedback(visit: CurrentVisit, tx: TenantTx, parts: BoardResources) -> Response:
    """Show what a visitor asked for and votes for."""
    if visit.visitor is None:
        return _sign_in_page(visit, parts, error=SIGN_IN_FIRST, next_path=f"/b/{visit.tenant_id}/me")
    person_key = visit.visitor.person_key
    return _page(
        "me.html",
        visit,
        made=await store.made(tx, visit.tenant_id, person_key, SHOWN_REQUESTS),
        voted=await store.voted(tx, visit.tenant_id, person_key, SHOWN_REQUESTS),
        most=SHOWN_REQUESTS,
        name_max=NAME_MAX_CHARACTERS,
        status_words=STATUS_WORDS,
        day=day,
        count=count,
        error="",
    )


@router.post("/me", dependencies=[Depends(check_origin)])
async def set_name(
    visit: CurrentVisit, work: Work, parts: BoardResources, name: Annotated[str, Form(max_length=1000)] = ""
) -> Response:
    """Set the name that a person is shown under."""
    if visit.person is None:
        return _sign_in_page(visit, parts, error=SIGN_IN_FIRST, next_path=f"/b/{visit.tenant_id}/me")
    await visitor_store.set_name(work.tx, visit.tenant_id, visit.person.person_key, clean_display_name(name))
    return RedirectResponse(f"/b/{visit.tenant_id}/me", int(HTTPStatus.SEE_OTHER))


@router.get("/your-data")
async def show_your_data(visit: CurrentVisit, parts: BoardResources) -> Response:
    """Show what is collected, why, and where it lives, and the form to have it sent or deleted."""
    return _your_data_page(visit, parts)


@router.post("/your-data", dependencies=[Depends(check_origin)])
async def ask_for_your_data(
    visit: CurrentVisit,
    work: Work,
    request: Request,
    parts: BoardResources,
    vault: OpenedVault,
    choice: Annotated[Purpose, Form()],
    email: Email = "",
) -> Response:
    """Mail a link to an address, with which its owner exports or deletes their data."""
    if choice is Purpose.SIGN_IN:
        raise not_found("choice")

    def refused(error: Exception | str, status: int, retry_after: int = 0) -> Response:
        return _your_data_page(visit, parts, error=error, status=status, email=email, retry_after=retry_after)

    return await _mail_link(visit, work, request, parts, vault, email, choice, "", Intent(), refused)


@router.get("/your-data/deletions/{deletion_id}")
async def show_receipt(visit: CurrentVisit, tx: TenantTx, deletion_id: UUID) -> Response:
    """Show how far a deletion is; the page knows nothing of the person."""
    deletion = await visitor_store.find_deletion(tx, visit.tenant_id, deletion_id)
    if deletion is None:
        raise not_found("receipt")
    return _page("receipt.html", visit, deletion=deletion, number=deletion_id)


async def _mail_link(
    visit: Visit,
    work: UnitOfWork,
    request: Request,
    parts: BoardResources,
    vault: Vault,
    email: str,
    purpose: Purpose,
    next_path: str,
    intent: Intent,
    refused: Refused,
) -> Response:
    """Mail a link to an address, and say so; what cannot be done comes back with all that was typed."""
    settings = parts.settings
    if not settings.smtp_host:
        return refused(NO_MAILS, HTTPStatus.SERVICE_UNAVAILABLE, 0)
    try:
        person_key = person_at(visit.tenant_key, email)
        address = mailbox.server_address(email)
    except (InvalidInputError, mailbox.NotAMailboxError) as error:
        return refused(error, HTTPStatus.UNPROCESSABLE_ENTITY, 0)
    network = network_of(request, settings.proxies, visit.tenant_key)
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
        board_path(visit.tenant_id, next_path),
        intent,
    )
    response = _page("sent.html", visit, email=email.strip(), minutes=round(settings.sign_in_link_minutes))
    message = link_mail(mailed, visit.tenant_id, visit.name, settings, work.tx.now)
    response.background = BackgroundTask(send, message, settings, visit.tenant_id)
    return response


async def _sign_in_by_link(
    visit: Visit,
    work: UnitOfWork,
    request: Request,
    parts: BoardResources,
    vault: Vault,
    link: Link,
    name: str,
) -> Response:
    """Do what the person signed in for, take over what the cookie did, and begin a session."""
    intent, settings = link.intent, parts.settings
    person = SignedIn(link.person_key, clean_display_name(name))
    acting = replace(visit, visitor=person)
    plan = await commands.prepare(work, visit.tenant_id, visit.anonymous, intent.vote)
    to = link.next_path
    if plan.wanted is not None:
        limit = limit_of(
            request, parts, acting, VOTE, settings.votes_per_hour_per_network, settings.votes_per_hour_per_person
        )
        notice = await commands.vote_as(work, visit.tenant_id, plan, person, PUBLIC, limit)
        path = page_path(plan.wanted)
        to = f"{path}?notice={notice}#{row_id(plan.wanted)}" if notice else path
    elif intent.title:
        limit = limit_of(
            request,
            parts,
            acting,
            REQUEST,
            settings.requests_per_hour_per_network,
            settings.requests_per_hour_per_person,
        )
        draft = Draft(title=clean_title(intent.title), text=clean_text(intent.text))
        key = form_key(intent.form, draft)
        made = await commands.make_as(work, visit.tenant_id, draft, person, PUBLIC, key, limit)
        to = f"{page_path(made)}?notice=requested"
    await visitors.use_link(work.tx, link, vault)
    return await _signed_in(visit, work, parts, plan, person, to, "link")


async def _signed_in(
    visit: Visit, work: UnitOfWork, parts: BoardResources, plan: commands.Plan, person: SignedIn, to: str, way: str
) -> Response:
    """Take over what the cookie did, begin a session, and lead on."""
    tenant_id = visit.tenant_id
    if visit.anonymous is not None:
        await commands.adopt(work, tenant_id, plan, visit.anonymous, person, PUBLIC)
    max_age = timedelta(days=parts.settings.board_session_days)
    session_id = await visitors.begin_session(work.tx, tenant_id, person, max_age, visit.session)
    log.info("signed_in", tenant_id=tenant_id, detail=way)
    response = RedirectResponse(to, int(HTTPStatus.SEE_OTHER))
    response.set_cookie(
        session_cookie(parts.settings, tenant_id),
        session_id,
        max_age=round(max_age.total_seconds()),
        **cookie_options(parts.settings),
    )
    if visit.anonymous is not None and plan.is_whole:
        forget_cookie(response, parts, visit)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _export(visit: Visit, work: UnitOfWork, vault: Vault, link: Link) -> Response:
    await visitors.use_link(work.tx, link, vault)
    content = await commands.export(work.tx, visit.tenant_id, link.person_key)
    return Response(
        msgspec.json.format(msgspec.json.encode(content), indent=2),
        media_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="your-data.json"',
            "Cache-Control": "no-store",
        },
    )


async def _delete(visit: Visit, work: UnitOfWork, parts: BoardResources, vault: Vault, link: Link) -> Response:
    """Ask for the erasure, and give the receipt by page and by mail."""
    deletion_id = await commands.request_deletion(work, visit.tenant_id, link.person_key)
    address = await visitors.use_link(work.tx, link, vault)
    receipt = f"/b/{visit.tenant_id}/your-data/deletions/{deletion_id}"
    response = RedirectResponse(receipt, int(HTTPStatus.SEE_OTHER))
    response.delete_cookie(session_cookie(parts.settings, visit.tenant_id), **cookie_options(parts.settings))
    response.headers["Cache-Control"] = "no-store"
    settings = parts.settings
    if address and settings.smtp_host:
        message = receipt_mail(address, receipt, visit.name, settings, work.tx.now)
        response.background = BackgroundTask(send, message, settings, visit.tenant_id)
    return response


async def _link(tx: Tx, visit: Visit, token: str) -> Link | None:
    return await visitor_store.find_link(tx, visit.tenant_id, hash_secret(token)) if is_secret(token) else None


async def _token_page(visit: Visit, tx: Tx, vault: Vault, token: str, next_path: str) -> Response:
    try:
        found = await visitors.check_token(tx, visit.tenant_id, visit.tenant_key, token, vault)
    except TokenRefusedError as error:
        return _token_refused(visit, error)
    to = board_path(visit.tenant_id, next_path)
    return _page("token.html", visit, error="", name=found.person.name or "", token=token, next=to)


def _token_refused(visit: Visit, error: TokenRefusedError) -> Response:
    return _page("token.html", visit, HTTPStatus.UNAUTHORIZED, error=sentence(error), name="", token="", next="")


def _sign_in_page(
    visit: Visit,
    parts: BoardResources,
    *,
    error: Exception | str = "",
    status: int = HTTPStatus.OK,
    email: str = "",
    next_path: str = "",
    intent: Intent | None = None,
    retry_after: int = 0,
) -> Response:
    page = _page(
        "sign_in.html",
        visit,
        status,
        error=sentence(error) if error else "",
        email=email,
        next=board_path(visit.tenant_id, next_path),
        intent=intent or Intent(),
        sends_mails=bool(parts.settings.smtp_host),
    )
    return _retry(page, retry_after)


def _your_data_page(
    visit: Visit,
    parts: BoardResources,
    *,
    error: Exception | str = "",
    status: int = HTTPStatus.OK,
    email: str = "",
    retry_after: int = 0,
) -> Response:
    page = _page(
        "your_data.html",
        visit,
        status,
        error=sentence(error) if error else "",
        email=email,
        sends_mails=bool(parts.settings.smtp_host),
        days=round(parts.settings.board_session_days),
    )
    return _retry(page, retry_after)


def _used_up(visit: Visit) -> Response:
    return _page("link.html", visit, HTTPStatus.GONE, link=None, whose="", name="", name_max=NAME_MAX_CHARACTERS)


def _retry(page: Response, seconds: int) -> Response:
    if seconds:
        page.headers["Retry-After"] = str(seconds)
    return page


def _page(template: str, visit: Visit, status: int = HTTPStatus.OK, **context: Any) -> Response:
    page = site.response(template, status=int(status), board=visit, **context)
    page.headers["Cache-Control"] = "no-store"
    return page
