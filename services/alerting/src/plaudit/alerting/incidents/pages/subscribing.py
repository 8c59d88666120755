"""How everybody signs up for the mails of a public incident, agrees by the link in a mail, and stops them.

Nothing is ticked before, opening a link changes nothing, and no answer says whether an address is known.
"""

from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from plaudit.alerting.incidents.api.common import OfVault
from plaudit.alerting.incidents.commands import sign_up
from plaudit.alerting.incidents.commands.sign_up import Place
from plaudit.alerting.incidents.domain.incident import IncidentRefusedError
from plaudit.alerting.incidents.domain.messages import page_path, subscription_path, title_of
from plaudit.alerting.incidents.domain.sign_up_words import SIGN_UP_WORDS
from plaudit.alerting.incidents.pages.public import (
    NO_TENANT,
    PAGES,
    Language,
    OfAlerting,
    Shown,
    chosen_language,
    count,
    nothing,
    one_of,
    shell,
    site,
)
from plaudit.alerting.incidents.store import subscribers
from plaudit.alerting.settings import AlertingSettings
from plaudit.common import mailbox
from plaudit.common.contracts import ALERTS
from plaudit.common.db import Role
from plaudit.common.delivery.consent.events import consent_event
from plaudit.common.delivery.consent.links import proven
from plaudit.common.http import rate_limits_of
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.origin import is_from_our_page, sent_from_elsewhere
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit

SUBSCRIBE: Final = f"{PAGES}/{{tenant}}/{{slug}}/subscribe"
SUBSCRIPTION: Final = f"{PAGES}/{{tenant}}/{{slug}}/subscription/{{token}}"
YES: Final = "yes"
STOP: Final = "stop"

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
Field = Annotated[str, Form(max_length=500)]


class Found(NamedTuple):
    """A public incident, and in which language its page is."""

    tenant_name: str
    shown: Shown
    language: str


async def not_from_elsewhere(request: Request) -> None:
    """Raise a 403 for a form that a page of others sent: its readers' networks would ask for mails in our name."""
    if is_from_our_page(request) is False:
        raise sent_from_elsewhere()


FROM_US: Final = (Depends(not_from_elsewhere),)


@router.get(SUBSCRIBE)
async def show_form(request: Request, parts: OfAlerting, tenant: str, slug: str, language: Language = "") -> Response:
    """Show the form by which somebody asks to be told by mail."""
    await count(request, parts)
    found = await _found(parts, tenant, slug, language)
    return nothing(request) if found is None else _form(found, is_full=await _is_full(parts, found))


@router.post(SUBSCRIBE, dependencies=FROM_US)
async def ask(
    request: Request,
    parts: OfAlerting,
    vault: OfVault,
    tenant: str,
    slug: str,
    language: Language = "",
    address: Field = "",
    agreed: Field = "",
) -> Response:
    """Send a mail with a link to whoever asks for it."""
    await count(request, parts)
    found = await _found(parts, tenant, slug, language)
    if found is None:
        return nothing(request)
    words = SIGN_UP_WORDS[found.language]
    errors: dict[str, str] = {}
    try:
        mailbox.server_address(address)
    except mailbox.NotAMailboxError:
        errors["address"] = words.needs_address
    if agreed != YES:
        errors["agreed"] = words.needs_consent
    is_full = await _is_full(parts, found)
    if errors or is_full or found.shown.incident.is_over:
        return _form(found, address, errors, is_full=is_full)
    await _count_sign_ups(request, parts)
    form = f"{page_path(tenant, slug)}/subscribe"
    try:
        async with parts.database(Role.API).change(tenant) as tx:
            await sign_up.ask(tx, found.shown.incident, address, found.language, vault)
    except IncidentRefusedError:  # it was resolved meanwhile: the form says that it is over
        return _private(RedirectResponse(f"{form}?language={found.language}", HTTPStatus.SEE_OTHER))
    return _private(RedirectResponse(f"{form}/sent?language={found.language}", HTTPStatus.SEE_OTHER))


@router.get(f"{SUBSCRIBE}/sent")
async def show_sent(request: Request, parts: OfAlerting, tenant: str, slug: str, language: Language = "") -> Response:
    """Say that a mail is on its way, if the address may be written to."""
    await count(request, parts)
    found = await _found(parts, tenant, slug, language)
    if found is None:
        return nothing(request)
    words = SIGN_UP_WORDS[found.language]
    return _page("public_subscription.html", found, heading=words.sent, lead=words.sent_lead)


@router.get(SUBSCRIPTION)
async def show_subscription(
    request: Request, parts: OfAlerting, tenant: str, slug: str, token: str, language: Language = ""
) -> Response:
    """Show whether somebody is told, with the button that changes it. Opening it changes nothing."""
    await count(request, parts)
    found = await _found(parts, tenant, slug, language)
    place = None if found is None else await _place(parts, found, token)
    if found is None or place is None:
        return nothing(request)
    async with parts.database(Role.API).snapshot(tenant) as tx:
        is_told = await subscribers.is_confirmed(tx, tenant, place.incident.id, place.person)
        is_full = await sign_up.is_full(tx, place.incident)
    words = SIGN_UP_WORDS[found.language]
    path = subscription_path(tenant, slug, token, found.language)
    if is_told:
        return _changeable(found, words.is_told, path, STOP, words.stop)
    if found.shown.incident.is_over:
        return _page("public_subscription.html", found, heading=words.is_over)
    if is_told is None:
        return _page("public_subscription.html", found, heading=words.is_not_told, offer=words.offer)
    if is_full:
        return _page("public_subscription.html", found, heading=words.is_not_told, lead=words.is_full)
    return _changeable(found, words.question, path, YES, words.confirm)


@router.post(SUBSCRIPTION, dependencies=FROM_US)
async def change_subscription(
    request: Request,
    parts: OfAlerting,
    tenant: str,
    slug: str,
    token: str,
    language: Language = "",
    action: Field = "",
) -> Response:
    """Tell somebody from now on who agrees, or no more who stops it."""
    await count(request, parts)
    found = await _found(parts, tenant, slug, language)
    place = None if found is None else await _place(parts, found, token)
    if found is None or place is None or action not in {YES, STOP}:
        return nothing(request)
    async with parts.database(Role.API).change(tenant) as tx:
        if action == STOP:
            await sign_up.stop(tx, place)
        else:
            try:
                _, chosen = await sign_up.agree(tx, place)
            except IncidentRefusedError:
                chosen = []  # the page says that it is over, or full
            await parts.outbox.append(tx, [consent_event(ALERTS, each) for each in chosen])
    return _private(RedirectResponse(subscription_path(tenant, slug, token, found.language), HTTPStatus.SEE_OTHER))


async def _found(parts: Resources[AlertingSettings], tenant: str, slug: str, language: str) -> Found | None:
    name, shown = await one_of(parts, tenant, slug, 1)
    if shown is None:
        return None
    spoken = language if language in SIGN_UP_WORDS else chosen_language(language, shown.languages)
    return Found(name, shown, spoken)


async def _place(parts: Resources[AlertingSettings], found: Found, token: str) -> Place | None:
    """Return whose subscription a token is for; None where it is of no person of this tenant."""
    async with parts.database(Role.API).driver_snapshot() as tx:
        link = await proven(tx, token)
    incident = found.shown.incident
    return None if link is None or link.tenant_id != incident.tenant_id else Place(incident, link.person_key)


async def _count_sign_ups(request: Request, parts: Resources[AlertingSettings]) -> None:
    """Count the mails that a network asks for.

    Raises:
        LimitExceededError: it has asked for too many.
    """
    settings, limits = parts.settings, rate_limits_of(request)
    network = network_of(request, settings.trusted_proxies, await limits.network_key())
    await limits.spend(NO_TENANT, Limit("incident_sign_ups", network, settings.incident_sign_ups_per_hour_per_network))


async def _is_full(parts: Resources[AlertingSettings], found: Found) -> bool:
    incident = found.shown.incident
    async with parts.database(Role.API).snapshot(incident.tenant_id) as tx:
        return await sign_up.is_full(tx, incident)


def _form(found: Found, address: str = "", errors: dict[str, str] | None = None, *, is_full: bool = False) -> Response:
    wrong = dict.fromkeys(("address", "agreed"), "") | (errors or {})
    more = {"address": address, "errors": wrong, "yes": YES, "is_full": is_full}
    return _page("public_subscribe.html", found, is_wrong=bool(errors), **more)


def _changeable(found: Found, heading: str, path: str, action: str, button: str) -> Response:
    return _page("public_subscription.html", found, heading=heading, path=path, action=action, button=button)


def _page(template: str, found: Found, *, is_wrong: bool = False, **more: object) -> Response:
    incident, updates = found.shown
    path = page_path(incident.tenant_id, incident.slug)
    values = {
        **shell(incident.tenant_id, found.tenant_name, found.language, [found.language], path),
        "sign_up": SIGN_UP_WORDS[found.language],
        "incident": incident,
        "title": title_of(incident, updates[0].in_language(found.language)),
        "feed": f"{path}/feed.atom",
        **dict.fromkeys(("heading", "lead", "action", "button", "offer"), ""),
        **more,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return _private(Response(site.text(template, **values), status, media_type="text/html; charset=utf-8"))


def _private(response: Response) -> Response:
    response.headers["cache-control"] = "no-store"
    response.headers["referrer-policy"] = "no-referrer"
    response.headers["x-robots-tag"] = "noindex"
    return response
