"""Sign in with a mailed link, at an OpenID provider or with an API key, and sign out. No form needs a script."""

import hmac
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final

import structlog
from fastapi import APIRouter, Depends, Form
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plaudit.common import rate_limits
from plaudit.common.api_keys.domain import hash_secret, parse
from plaudit.common.db import SqlTx
from plaudit.common.http.auth import ApiKeys, anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.origin import check_origin
from plaudit.common.mail.smtp import MailFailedError, MailRefusedError, smtp_sender
from plaudit.common.pages import Pages
from plaudit.common.pages.navigation import HOME
from plaudit.common.people import store as people
from plaudit.common.people.domain import InvalidPersonError, normalised_email
from plaudit.common.rate_limits import Limit
from plaudit.common.refusals import sentence
from plaudit.common.sessions import commands, store
from plaudit.common.sessions.access import check_form, sessions_of, sign_in_page, signed_in
from plaudit.common.sessions.domain import (
    OIDC_ATTEMPT_AGE,
    NoAttemptError,
    OidcAttempt,
    OidcRefusedError,
    browser_of,
    is_secret,
    local_path,
    new_secret,
)
from plaudit.common.sessions.lookup import StaffSessions, owner_of
from plaudit.common.sessions.mails import sign_in_mail
from plaudit.common.settings import address_of
from plaudit.common.tenants import store as tenants

if TYPE_CHECKING:
    from plaudit.common.sessions.provider import OidcProvider

log = structlog.get_logger()

NO_TENANT: Final = ""
"""Under which the limits of sign-in are counted: no tenant is known yet."""
PURGED_LIMITS: Final = 100
OIDC_COOKIE: Final = "plaudit_oidc"
CALLBACK: Final = "/sign-in/oidc/callback"

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
NextPath = Annotated[str, Form(alias="next", max_length=2000)]


@router.get("/sign-in")
async def show_sign_in(request: Request) -> Response:
    """Show the ways to sign in."""
    return sign_in_page(request)


@router.post("/sign-in", dependencies=[Depends(check_origin)])
async def sign_in_with_key(request: Request, key: Annotated[str, Form()] = "", next_path: NextPath = HOME) -> Response:
    """Exchange an API key for a session; the browser does not keep the key."""
    await _count_attempt(request)
    api_keys: ApiKeys = request.app.state.api_keys
    principal, parts = await api_keys.principal(key.strip()), parse(key.strip())
    to = local_path(next_path, HOME)
    if principal is None or parts is None:
        error = "This key is not valid, or has expired."
        return sign_in_page(request, error, status=HTTPStatus.UNAUTHORIZED, next_path=to)
    sessions = sessions_of(request)
    public_id, secret = parts
    async with sessions.database.transaction(principal.tenant_id) as tx:
        session_id = await commands.begin_for_key(
            tx, principal.tenant_id, public_id, hash_secret(secret), sessions.max_age, _browser(request)
        )
    log.info("signed_in", tenant_id=principal.tenant_id, key_id=principal.key_id, detail="key")
    return await _signed_in(request, session_id, to)


@router.post("/sign-in/link", dependencies=[Depends(check_origin)])
async def ask_for_link(
    request: Request, email: Annotated[str, Form(max_length=1000)] = "", next_path: NextPath = HOME
) -> Response:
    """Mail a link to whoever has an account with this address; the answer is the same where nobody has."""
    await _count_attempt(request)
    sessions = sessions_of(request)
    to = local_path(next_path, HOME)
    if not sessions.settings.smtp_host:
        error = "This installation sends no mails. Sign in with an API key, or ask an admin for a link."
        return sign_in_page(request, error, status=HTTPStatus.SERVICE_UNAVAILABLE, next_path=to)
    try:
        address = normalised_email(email)
    except InvalidPersonError as error:
        return sign_in_page(request, sentence(error), status=HTTPStatus.UNPROCESSABLE_ENTITY, next_path=to)
    await _count_address(sessions, address)
    # Looked up after the answer is sent, so that its time does not tell whether there is an account.
    response = _page(request, "sign_in_sent.html", minutes=round(sessions.settings.sign_in_link_minutes))
    response.background = BackgroundTask(_mail_links, sessions, address, "" if to == HOME else to)
    return response


@router.get("/sign-in/link/{token}")
async def show_link(request: Request, token: str) -> Response:
    """Show whom a link signs in, and the button that does so: programs that only look at links use none up."""
    sessions = sessions_of(request)
    async with sessions.database.transaction() as tx:
        person = await store.find_link(tx, hash_secret(token)) if is_secret(token) else None
        tenant_name = await tenants.name_of(tx, person.tenant_id) if person else None
    if person is None:
        return await _used_up(request)
    return _page(request, "sign_in_link.html", person=person, tenant_name=tenant_name)


@router.post("/sign-in/link/{token}", dependencies=[Depends(check_origin)])
async def use_link(request: Request, token: str) -> Response:
    """Use a link up, and sign its person in."""
    await _count_attempt(request)
    sessions = sessions_of(request)
    async with sessions.database.transaction() as tx:
        person = await store.find_link(tx, hash_secret(token)) if is_secret(token) else None
    session_id = None
    if person is not None:
        async with sessions.database.transaction(person.tenant_id) as tx:
            session_id = await commands.use_link(tx, person, token, sessions.max_age, _browser(request))
    if person is None or session_id is None:
        return await _used_up(request)
    log.info("signed_in", tenant_id=person.tenant_id, person_id=str(person.id), detail="link")
    return await _signed_in(request, session_id, local_path(request.query_params.get("next", ""), HOME))


@router.get("/sign-in/oidc")
async def begin_at_provider(request: Request) -> Response:
    """Send the browser to the OpenID provider."""
    await _count_attempt(request)
    sessions = sessions_of(request)
    settings = sessions.settings
    if not settings.oidc_issuer:
        return _refused(request, "This installation has no single sign-on.")
    # Sign-ins that one browser begins in several tabs have one secret, or only the last could be finished.
    browser = request.cookies.get(_oidc_cookie(sessions), "")
    state, browser = new_secret(), browser if is_secret(browser) else new_secret()
    attempt = OidcAttempt(new_secret(), new_secret(), local_path(request.query_params.get("next", ""), HOME))
    try:
        address = await _provider(request).address(state, attempt)
    except OidcRefusedError as error:
        return _refused(request, error)
    async with sessions.database.transaction(settings.oidc_tenant) as tx:
        await commands.begin_at_provider(tx, settings.oidc_tenant, state, browser, attempt)
    response = RedirectResponse(address, HTTPStatus.SEE_OTHER)
    age = round(OIDC_ATTEMPT_AGE.total_seconds())
    response.set_cookie(_oidc_cookie(sessions), browser, max_age=age, **_cookie_options(sessions))
    return response


@router.get(CALLBACK)
async def finish_at_provider(request: Request, code: str = "", state: str = "") -> Response:
    """Sign in whoever the provider vouches for, where there is an account with the address."""
    sessions = sessions_of(request)
    tenant_id = sessions.settings.oidc_tenant
    try:
        async with sessions.database.transaction(tenant_id) as tx:
            attempt = await commands.take_attempt(tx, tenant_id, state, request.cookies.get(_oidc_cookie(sessions), ""))
        email = normalised_email(await _provider(request).verified_email(code, attempt))
        async with sessions.database.transaction(tenant_id) as tx:
            person = await commands.person_vouched_for(tx, tenant_id, email)
            session_id = await commands.begin_for_person(tx, person, sessions.max_age, _browser(request))
    except NoAttemptError as error:
        # Another tab was faster, or the page is loaded again: whoever is signed in is sent on.
        is_in = await signed_in(request) is not None
        return RedirectResponse(HOME, HTTPStatus.SEE_OTHER) if is_in else _refused(request, error)
    except (OidcRefusedError, InvalidPersonError) as error:
        return _refused(request, error)
    log.info("signed_in", tenant_id=tenant_id, person_id=str(person.id), detail="oidc")
    response = await _signed_in(request, session_id, attempt.next_path)
    response.delete_cookie(_oidc_cookie(sessions), **_cookie_options(sessions))
    return response


@router.post("/sign-out", dependencies=[Depends(check_form)])
async def sign_out(request: Request, everywhere: Annotated[bool, Form()] = False) -> Response:
    """End this session; with `everywhere`, all sessions of the same person or key."""
    sessions = sessions_of(request)
    session_id = sessions.id_of(request)
    session = await sessions.find(session_id) if session_id else None
    if session is not None and session_id is not None:
        async with sessions.database.transaction(session.tenant_id) as tx:
            await (commands.end_everywhere(tx, session) if everywhere else commands.end(tx, session, session_id))
        sessions.drop(hash_secret(session_id))
        if everywhere:
            sessions.drop_all_of(session.tenant_id, owner_of(session))
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    response.delete_cookie(sessions.cookie, **_cookie_options(sessions))
    return response


async def _signed_in(request: Request, session_id: str, to: str) -> Response:
    """Give the browser its new session, and end the one that it had."""
    sessions = sessions_of(request)
    old_id = sessions.id_of(request)
    old = await sessions.find(old_id) if old_id else None
    if old is not None and old_id is not None:
        async with sessions.database.transaction(old.tenant_id) as tx:
            await commands.end(tx, old, old_id)
        sessions.drop(hash_secret(old_id))
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
    age = round(sessions.max_age.total_seconds())
    response.set_cookie(sessions.cookie, session_id, max_age=age, **_cookie_options(sessions))
    response.headers["cache-control"] = "no-store"
    return response


def _browser(request: Request) -> str:
    return browser_of(request.headers.get("user-agent", ""))


def _cookie_options(sessions: StaffSessions) -> dict[str, Any]:
    return {"httponly": True, "samesite": "lax", "secure": sessions.is_https, "path": "/"}


def _oidc_cookie(sessions: StaffSessions) -> str:
    return f"__Host-{OIDC_COOKIE}" if sessions.is_https else OIDC_COOKIE


def _provider(request: Request) -> "OidcProvider":
    """Return the provider, which keeps what it discovers for as long as the process runs."""
    # Its libraries are loaded only where a provider is set: a quarter of a second of a process's start.
    from plaudit.common.sessions.provider import OidcProvider

    state, settings = request.app.state, sessions_of(request).settings
    if not hasattr(state, "oidc_provider"):
        state.oidc_provider = OidcProvider(settings, address_of(settings) + CALLBACK)
    provider: OidcProvider = state.oidc_provider
    return provider


async def _used_up(request: Request) -> Response:
    is_in = await signed_in(request) is not None
    return _page(request, "sign_in_link.html", HTTPStatus.GONE, person=None, home=HOME if is_in else "")


def _refused(request: Request, error: Exception | str) -> Response:
    return sign_in_page(request, sentence(error), status=HTTPStatus.UNAUTHORIZED)


def _page(request: Request, template: str, status: int = HTTPStatus.OK, **context: object) -> Response:
    pages: Pages = request.app.state.pages
    response = pages.response(template, status=status, **context)
    response.headers["cache-control"] = "no-store"
    return response


async def _count_attempt(request: Request) -> None:
    """Count an attempt of a network to sign in."""
    sessions = sessions_of(request)
    settings = sessions.settings
    async with sessions.database.transaction(NO_TENANT) as tx:
        network = network_of(request, settings.trusted_proxies, await rate_limits.network_key(tx))
        await _spend(tx, Limit("sign-in", network, settings.sign_ins_per_hour_per_network))


async def _count_address(sessions: StaffSessions, email: str) -> None:
    """Count a link that is asked for with an address, whether or not there is an account."""
    async with sessions.database.transaction(NO_TENANT) as tx:
        key = await rate_limits.network_key(tx)
        digest = hmac.new(key, f"email:{email}".encode(), sha256).digest()[:16]
        await _spend(tx, Limit("sign-in-link", digest, sessions.settings.sign_in_links_per_hour_per_address))


async def _spend(tx: SqlTx, limit: Limit) -> None:
    await rate_limits.purge(tx, PURGED_LIMITS)
    await rate_limits.spend(tx, NO_TENANT, limit)


async def _mail_links(sessions: StaffSessions, email: str, next_path: str) -> None:
    """Mail a link for each active account with an address: one in most cases, more where it is used by more tenants."""
    settings = sessions.settings
    send = smtp_sender(settings)
    async with sessions.database.transaction() as tx:
        found = await people.find_active(tx, email)
    for person in found:
        async with sessions.database.transaction(person.tenant_id) as tx:
            link = await commands.new_link(tx, person, timedelta(minutes=settings.sign_in_link_minutes), next_path)
            tenant_name = await tenants.name_of(tx, person.tenant_id) or person.tenant_id
        try:
            await send(sign_in_mail(link, tenant_name, settings, tx.now))
        except (MailRefusedError, MailFailedError) as error:
            log.warning("sign_in_mail_failed", tenant_id=person.tenant_id, error_type=type(error).__name__)
