"""The console's pages of people: the list, inviting somebody, and one account with its role and its end."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.administration import wording
from plaudit.common.administration.guards import ROWS, check_may_give, may_give, pages, transaction
from plaudit.common.db import SqlTx, Tx
from plaudit.common.http import Cursor, Principal, decode_cursor, encode_cursor
from plaudit.common.http.paging import list_of
from plaudit.common.http.problems import not_found
from plaudit.common.ids import uuid7
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, smtp_sender
from plaudit.common.pages.navigation import ACCOUNT, Crumb
from plaudit.common.people import commands, store
from plaudit.common.people.domain import (
    ROLE_SCOPES,
    Account,
    EmailTakenError,
    InvalidPersonError,
    LastAdminError,
    Role,
    checked_name,
    checked_role,
    normalised_email,
)
from plaudit.common.refusals import RefusedError, sentence
from plaudit.common.sessions import NOTHING_TYPED, Typed, done, staff
from plaudit.common.sessions import commands as sessions
from plaudit.common.sessions.access import sessions_of
from plaudit.common.sessions.domain import Link
from plaudit.common.sessions.mails import invitation_mail
from plaudit.common.settings import address_of
from plaudit.common.tenants import store as tenants

PEOPLE: Final = "/console/people"
NEW: Final = f"{PEOPLE}/new"

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
Keeper = Annotated[Principal, Depends(staff("people:write"))]
Change = Callable[[Tx], Awaitable[Account]]


@router.get(PEOPLE)
async def show_people(request: Request, principal: Keeper, cursor: Cursor = None) -> Response:
    """Show the accounts of the tenant: active ones first, each by name."""
    of = list_of(request)
    after = decode_cursor(cursor, tuple[bool, str, UUID], of=of) if cursor else None
    async with transaction(request, principal) as tx:
        found = await store.list_page(tx, principal.tenant_id, after=after, limit=ROWS + 1)
        listed = found[:ROWS]
        following = None
        if len(found) > ROWS:
            following = encode_cursor(listed[-1].active, listed[-1].name, listed[-1].id, of=of)
        return await pages.response(
            request,
            principal,
            tx,
            "people.html",
            people=listed,
            own_id=principal.person.id if principal.person else None,
            people_path=PEOPLE,
            new_path=NEW,
            next=following,
            is_first=cursor is None,
            **wording.helpers(),
        )


@router.get(NEW)
async def show_form(request: Request, principal: Keeper) -> Response:
    """Show the form of an invitation."""
    async with transaction(request, principal) as tx:
        return await _form(request, principal, tx)


@router.post(NEW)
async def invite(
    request: Request,
    principal: Keeper,
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
) -> Response:
    """Make an account, and mail its link; where no mails are sent, show the link, this once."""
    typed = Typed({"email": email, "name": name, "role": role}, _errors(email, name, role))
    settings = sessions_of(request).settings
    async with transaction(request, principal) as tx:
        if typed.errors:
            return await _form(request, principal, tx, typed)
        check_may_give(principal, ROLE_SCOPES[checked_role(role)])
        try:
            link = await sessions.invite(
                tx,
                principal.tenant_id,
                uuid7(),
                email,
                name,
                checked_role(role),
                timedelta(days=settings.invitation_days),
            )
        except EmailTakenError as error:
            return await _form(request, principal, tx, Typed(typed.values, {"email": sentence(error)}))
        shown = None if settings.smtp_host else await _shown_once(request, principal, tx, link)
        tenant_name = await tenants.name_of(tx, principal.tenant_id) or principal.tenant_id
    _log(principal, link.person.id, "person_invited")
    return shown or await _mailed(request, link, tenant_name, tx, f"{link.person.name} is invited")


@router.get(f"{PEOPLE}/{{person_id}}")
async def show_person(request: Request, principal: Keeper, person_id: UUID) -> Response:
    """Show an account."""
    async with transaction(request, principal) as tx:
        return await _page(request, principal, tx, await _account(tx, principal, person_id))


@router.post(f"{PEOPLE}/{{person_id}}/role")
async def change_role(
    request: Request, principal: Keeper, person_id: UUID, role: Annotated[str, Form()] = ""
) -> Response:
    """Give a person another role, in the sessions that are open too."""
    async with transaction(request, principal) as tx:
        before = await _changeable(tx, principal, person_id)
        try:
            wanted = checked_role(role)
            check_may_give(principal, ROLE_SCOPES[wanted])
            account = await commands.change_role(tx, principal.tenant_id, person_id, wanted)
        except (InvalidPersonError, LastAdminError) as error:
            typed = Typed({"role": role}, {"role": sentence(error)})
            return await _page(request, principal, tx, before, typed)
    return _changed(request, principal, account, f"{account.name} is {account.role} now.", "role_changed")


@router.get(f"{PEOPLE}/{{person_id}}/deactivate")
async def ask_to_deactivate(request: Request, principal: Keeper, person_id: UUID) -> Response:
    """Ask whether somebody is to be kept out."""
    async with transaction(request, principal) as tx:
        account = await _account(tx, principal, person_id)
        return await _question(request, principal, tx, account)


@router.post(f"{PEOPLE}/{{person_id}}/deactivate")
async def deactivate(request: Request, principal: Keeper, person_id: UUID) -> Response:
    """Keep a person out: the sessions and links of the account end."""
    async with transaction(request, principal) as tx:
        before = await _changeable(tx, principal, person_id)
        try:
            account = await commands.deactivate(tx, principal.tenant_id, person_id)
        except LastAdminError as error:
            return await _question(request, principal, tx, before, sentence(error))
    words = f"{account.name} is signed out and cannot sign in any more."
    return _changed(request, principal, account, words, "person_deactivated")


@router.post(f"{PEOPLE}/{{person_id}}/activate")
async def activate(request: Request, principal: Keeper, person_id: UUID) -> Response:
    """Let a person sign in again."""
    async with transaction(request, principal) as tx:
        await _changeable(tx, principal, person_id)
        account = await commands.activate(tx, principal.tenant_id, person_id)
    return _changed(request, principal, account, f"{account.name} can sign in again.", "person_activated")


@router.post(f"{PEOPLE}/{{person_id}}/invitation")
async def invite_again(request: Request, principal: Keeper, person_id: UUID) -> Response:
    """Mail another link to somebody whose invitation was lost or is too old."""
    settings = sessions_of(request).settings
    async with transaction(request, principal) as tx:
        account = await _changeable(tx, principal, person_id)
        if not (account.active and settings.smtp_host):
            raise not_found("way to invite this person")
        link = await sessions.new_link(tx, account, timedelta(days=settings.invitation_days))
        tenant_name = await tenants.name_of(tx, principal.tenant_id) or principal.tenant_id
    _log(principal, account.id, "person_invited")
    return await _mailed(request, link, tenant_name, tx, f"{account.name} is invited again")


async def _mailed(request: Request, link: Link, tenant_name: str, tx: Tx, what: str) -> Response:
    """Mail an invitation, once its link is stored, and say whether that went well."""
    settings = sessions_of(request).settings
    to = f"{PEOPLE}/{link.person.id}"
    try:
        await smtp_sender(settings)(invitation_mail(link, tenant_name, settings, tx.now))
    except (MailRefusedError, MailFailedError) as error:
        log.warning("invitation_failed", tenant_id=link.person.tenant_id, error_type=type(error).__name__)
        words = f"The account is there, but the mail to {link.person.email} was not sent. Invite again below."
        return done(request, to, words, is_good=False)
    return done(request, to, f"{what}: a mail to {link.person.email} is on its way.")


async def _shown_once(request: Request, principal: Principal, tx: Tx, link: Link) -> Response:
    return await pages.response(
        request,
        principal,
        tx,
        "person_link.html",
        further=(link.person.name,),
        person=link.person,
        url=address_of(sessions_of(request).settings) + link.path,
        expires_at=link.expires_at,
        people_path=PEOPLE,
        **wording.helpers(),
    )


async def _form(request: Request, principal: Principal, tx: Tx, typed: Typed = NOTHING_TYPED) -> Response:
    return await pages.response(
        request,
        principal,
        tx,
        "person_new.html",
        status=typed.status,
        further=("Invite",),
        typed=typed,
        roles=_roles(principal),
        roles_in_words=wording.roles(_roles(principal)),
        sends_mails=bool(sessions_of(request).settings.smtp_host),
        new_path=NEW,
        people_path=PEOPLE,
    )


async def _page(
    request: Request, principal: Principal, tx: Tx, account: Account, typed: Typed = NOTHING_TYPED
) -> Response:
    return await pages.response(
        request,
        principal,
        tx,
        "person.html",
        status=typed.status,
        further=(account.name,),
        account=account,
        role_words=wording.ROLES,
        roles=_roles(principal),
        roles_in_words=wording.roles(_roles(principal)),
        may_change=may_give(principal, account.scopes),
        is_self=principal.person is not None and principal.person.id == account.id,
        sends_mails=bool(sessions_of(request).settings.smtp_host),
        typed=typed,
        person_path=f"{PEOPLE}/{account.id}",
        **wording.helpers(),
    )


async def _question(request: Request, principal: Principal, tx: Tx, account: Account, error: str = "") -> Response:
    return await pages.response(
        request,
        principal,
        tx,
        "person_deactivate.html",
        status=Typed(errors={"": error} if error else {}).status,
        further=(Crumb(account.name, f"{PEOPLE}/{account.id}"), "Deactivate"),
        account=account,
        error=error,
        is_self=principal.person is not None and principal.person.id == account.id,
        person_path=f"{PEOPLE}/{account.id}",
    )


async def _account(tx: SqlTx, principal: Principal, person_id: UUID) -> Account:
    account = await store.find(tx, principal.tenant_id, person_id)
    if account is None:
        raise not_found("account")
    return account


async def _changeable(tx: SqlTx, principal: Principal, person_id: UUID) -> Account:
    """Return an account that whoever is signed in may change: it may not do more than they may."""
    account = await _account(tx, principal, person_id)
    check_may_give(principal, account.scopes)
    return account


def _roles(principal: Principal) -> dict[Role, str]:
    """Return the roles that somebody may give, as choices of a form."""
    return {role: role.value for role in Role if may_give(principal, ROLE_SCOPES[role])}


def _errors(email: str, name: str, role: str) -> dict[str, str]:
    checks: Mapping[str, tuple[Callable[[str], object], str]] = {
        "email": (normalised_email, email),
        "name": (checked_name, name),
        "role": (checked_role, role),
    }
    errors = {}
    for field, (check, value) in checks.items():
        try:
            check(value)
        except RefusedError as error:
            errors[field] = sentence(error)
    return errors


def _changed(request: Request, principal: Principal, account: Account, words: str, event: str) -> Response:
    """Let this process look the person's sessions up again, and lead to where whoever did it may be."""
    sessions_of(request).drop_all_of(account.tenant_id, account.id)
    _log(principal, account.id, event)
    is_self = principal.person is not None and principal.person.id == account.id
    return done(request, ACCOUNT if is_self else f"{PEOPLE}/{account.id}", words)


def _log(principal: Principal, person_id: UUID, reason: str) -> None:
    log.info(
        "account_changed",
        tenant_id=principal.tenant_id,
        person_id=str(person_id),
        reason=reason,
        detail=principal.actor,
    )
