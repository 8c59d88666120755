"""The pages of mailed links: what each does, and the button that does it."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Depends, Form
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from plaudit.common.api_keys.domain import hash_secret
from plaudit.common.db import Tx
from plaudit.common.http import TenantTx, Work
from plaudit.common.http.auth import anyone
from plaudit.common.http.errors import AnswerInsteadError
from plaudit.common.http.origin import check_origin
from plaudit.common.outbox import UnitOfWork
from plaudit.common.rate_limits import LimitExceededError
from plaudit.common.sessions.domain import is_secret
from plaudit.common.vault import Vault
from plaudit.feedback_board.accounts import commands
from plaudit.feedback_board.accounts.mails import receipt_mail, send
from plaudit.feedback_board.accounts.pages.signing_in import signed_in
from plaudit.feedback_board.accounts.pages.view import CurrentView, View
from plaudit.feedback_board.board.pages.comments import put_comment
from plaudit.feedback_board.board.pages.frame import row_id
from plaudit.feedback_board.board.pages.posting import RequestForm, put_request
from plaudit.feedback_board.holds.domain import PersonBlockedError
from plaudit.feedback_board.notifications.commands.contacts import remember_contact
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.requests.domain.visibility import Visibility
from plaudit.feedback_board.requests.schemas import page_path
from plaudit.feedback_board.settings import Act
from plaudit.feedback_board.visitors import commands as visitors
from plaudit.feedback_board.visitors import store as visitor_store
from plaudit.feedback_board.visitors.api import OpenedVault
from plaudit.feedback_board.visitors.commands import LinkUsedUpError
from plaudit.feedback_board.visitors.domain.link import Link, Purpose, masked
from plaudit.feedback_board.visitors.domain.visitor import SignedIn, clean_display_name
from plaudit.feedback_board.visitors.pages import PUBLIC, budget_of, cookie_options, session_cookie

_REFUSED = (InvalidInputError, PersonBlockedError, LimitExceededError)
"""Why what somebody signs in for is not done; the link can be used again, or without it."""

router = APIRouter(prefix="/b/{tenant}/links/{token}", include_in_schema=False, dependencies=[Depends(anyone)])


@router.get("")
async def show_link(view: CurrentView, tx: TenantTx, vault: OpenedVault, token: str) -> Response:
    """Show what a link does, and the button that does it: programs that only look at links use none up."""
    link = await _find(tx, view, token)
    return _used_up(view, token) if link is None else await _link_page(view, tx, vault, link, token)


@router.post("", dependencies=[Depends(check_origin)])
async def use_link(
    view: CurrentView,
    work: Work,
    vault: OpenedVault,
    token: str,
    name: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Do what a link is for, and use it up."""
    link = await _find(work.tx, view, token)
    if link is None:
        return _used_up(view, token)
    try:
        if link.purpose is Purpose.SIGN_IN:
            return await _sign_in(view, work, vault, link, name, token)
        if link.purpose is Purpose.EXPORT:
            return await _export(view, work, vault, link)
        return await _delete(view, work, vault, link)
    except LinkUsedUpError:
        raise AnswerInsteadError(_used_up(view, token)) from None


async def _sign_in(view: View, work: Work, vault: Vault, link: Link, name: str, token: str) -> Response:
    """Do what the person signed in for, take over what the cookie did, and begin a session."""
    visit = view.visit
    try:
        person = SignedIn(link.person_key, clean_display_name(name))
    except InvalidInputError as error:
        return await _link_page(view, work.tx, vault, link, token, error=error, name=name)
    plan = await commands.prepare(work, visit.tenant_id, visit.anonymous, link.intent)
    address = await visitors.use_link(work.tx, link, vault)
    if address:
        await remember_contact(work.tx, vault, visit.tenant_id, person.person_key, address, language=view.language.code)
    try:
        to = await _do_what_was_wanted(replace(view, visit=replace(visit, visitor=person)), work, plan, link)
    except _REFUSED as error:
        # Nothing is kept of this transaction, so that the link is as it was.
        raise AnswerInsteadError(await _link_page(view, work.tx, vault, link, token, error=error, name=name)) from None
    return await signed_in(view, work, plan, person, to, "link")


async def _do_what_was_wanted(view: View, work: Work, plan: commands.Plan, link: Link) -> str:
    """Do what somebody signed in for, as that person; return where to go on.

    Raises:
        InvalidInputError: it cannot be taken.
        PersonBlockedError: the person may not post.
        LimitExceededError: the person's budget is used up.
    """
    intent, person = link.intent, view.visit.person
    assert person is not None, "somebody signs in"
    name = person.name or intent.name
    if intent.vote:
        if plan.wanted is None:
            return link.next_path
        limit = budget_of(view.incoming, view.parts, view.visit, Act.VOTE, "", work.tx.now)
        notice = await commands.vote_as(work, view.visit.tenant_id, plan, person, PUBLIC, limit)
        return f"{page_path(plan.wanted)}?{urlencode({'notice': notice})}#{row_id(plan.wanted)}"
    if intent.comment:
        if plan.wanted is None:
            return link.next_path
        comment = await put_comment(
            view.visit,
            work,
            view.incoming,
            view.parts,
            plan.wanted,
            person,
            text=intent.text,
            name=name,
            form=intent.form,
        )
        notice = "held" if comment.visibility is Visibility.HELD else "commented"
        return f"{page_path(plan.wanted)}?{urlencode({'notice': notice})}#comment-{comment.id}"
    if intent.title:
        sent = RequestForm(title=intent.title, text=intent.text, name=name, form=intent.form, second="yes")
        made, _ = await put_request(view.visit, work, view.incoming, view.parts, sent)
        notice = "held" if made.visibility is Visibility.HELD else "requested"
        return f"{page_path(made)}?{urlencode({'notice': notice})}"
    return link.next_path


async def _export(view: View, work: UnitOfWork, vault: Vault, link: Link) -> Response:
    await visitors.use_link(work.tx, link, vault)
    content = await commands.export(work.tx, view.visit.tenant_id, link.person_key)
    return Response(
        msgspec.json.format(msgspec.json.encode(content), indent=2),
        media_type="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="your-data.json"',
            "Cache-Control": "no-store",
        },
    )


async def _delete(view: View, work: UnitOfWork, vault: Vault, link: Link) -> Response:
    """Ask for the erasure, and give the receipt by page and by mail."""
    visit, settings = view.visit, view.parts.settings
    deletion_id = await commands.request_deletion(work, visit.tenant_id, link.person_key)
    address = await visitors.use_link(work.tx, link, vault)
    receipt = f"{view.home}/your-data/deletions/{deletion_id}"
    response = RedirectResponse(receipt, int(HTTPStatus.SEE_OTHER))
    response.delete_cookie(session_cookie(settings, visit.tenant_id), **cookie_options(settings))
    response.headers["Cache-Control"] = "no-store"
    if address and view.sends_mails:
        message = receipt_mail(address, receipt, visit.name, settings, work.tx.now)
        response.background = BackgroundTask(send, message, settings, visit.tenant_id)
    return response


async def _find(tx: Tx, view: View, token: str) -> Link | None:
    """Return a link that can be used; None for any other."""
    return await visitor_store.find_link(tx, view.visit.tenant_id, hash_secret(token)) if is_secret(token) else None


async def _link_page(
    view: View,
    tx: Tx,
    vault: Vault,
    link: Link,
    token: str,
    *,
    error: Exception | None = None,
    name: str | None = None,
) -> Response:
    known = await visitor_store.find_person(tx, view.visit.tenant_id, link.person_key)
    address = visitors.address_of_link(link, vault)
    if name is None:
        name = (known.name if known else None) or link.intent.name
    return view.page(
        "link.html",
        f"/links/{token}",
        _status_of(error),
        retry_after=error.retry_after_seconds if isinstance(error, LimitExceededError) else 0,
        link=link,
        whose=masked(address) if address else "",
        name=name,
        error=error,
    )


def _used_up(view: View, token: str) -> Response:
    path = f"/links/{token}" if is_secret(token) else "/sign-in"
    return view.page("link.html", path, HTTPStatus.GONE, link=None, whose="", name="", error=None)


def _status_of(error: Exception | None) -> HTTPStatus:
    match error:
        case None:
            return HTTPStatus.OK
        case InvalidInputError():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case LimitExceededError():
            return HTTPStatus.TOO_MANY_REQUESTS
        case _:
            return HTTPStatus.CONFLICT
