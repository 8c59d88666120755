"""What everybody sees of incidents without a key: their pages, feeds by Atom, and a banner for other sites.

What is not public is not told from what there is not: both are the same 404. A banner of nobody is empty.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from plaudit.alerting.incidents.domain.incident import MAX_UPDATES, UPDATED_STATES, Incident
from plaudit.alerting.incidents.domain.instants import instant
from plaudit.alerting.incidents.domain.messages import PUBLIC, page_path, text_of, title_of
from plaudit.alerting.incidents.domain.sign_up_words import SIGN_UP_WORDS
from plaudit.alerting.incidents.domain.update import Update
from plaudit.alerting.incidents.domain.wording import ENGLISH, WORDINGS, direction
from plaudit.alerting.incidents.store import incidents
from plaudit.alerting.settings import AlertingSettings
from plaudit.common.db import Role, Tx
from plaudit.common.http import not_found, rate_limits_of, resources
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.headers import is_none_match
from plaudit.common.http.json import encode
from plaudit.common.pages import Pages
from plaudit.common.pages.static import StaticFiles
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit
from plaudit.common.settings import address_of
from plaudit.common.tenants import store as tenants
from plaudit.common.tenants.domain import TENANT_PATTERN

PAGES: Final = PUBLIC
BANNER: Final = "banner.json"
OPEN_PATHS: Final = (f"{PAGES}/",)
"""Below which scripts of every site may read what is answered, without a key."""
STATIC: Final = StaticFiles.of_package("plaudit.alerting.incidents.pages", "/incident-static")
MAX_AGE_SECONDS: Final = 30
"""How long a browser may show an answer without asking again: an update is seen soon."""
MAX_LISTED: Final = 50
FEED_ENTRIES: Final = 50
NO_TENANT: Final = ""
"""Under which the limit is counted: guesses at tenants are counted, too."""
FEED: Final = "feed.atom"
_TENANT: Final = re.compile(TENANT_PATTERN)
_NOT_XML: Final = re.compile("[\ufffe\uffff]")
"""What a clean text may hold and a document of XML 1.0 may not."""
_SLUG: Final = re.compile(r"[a-z0-9-]{1,100}")

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
site = Pages("plaudit.alerting.incidents")
OfAlerting = Annotated[Resources[AlertingSettings], Depends(resources)]
IfNoneMatch = Annotated[str | None, Header()]
Language = Annotated[str, Query(max_length=20)]


class Shown(NamedTuple):
    """An incident that everybody may see, with its updates, the newest first."""

    incident: Incident
    updates: Sequence[Update]

    @property
    def languages(self) -> list[str]:
        """The languages of its newest update."""
        return [each.language for each in self.updates[0].texts]


@router.get(f"{PAGES}/{{tenant}}/{BANNER}")
async def show_banner(request: Request, parts: OfAlerting, tenant: str, if_none_match: IfNoneMatch = None) -> Response:
    """Show the incidents that are not resolved, with their newest updates, for other sites."""
    await count(request, parts)
    found: list[Shown] = []
    if _TENANT.fullmatch(tenant):
        async with parts.database(Role.API).snapshot(tenant) as tx:
            found = await _newest(tx, await incidents.shown(tx, tenant, MAX_LISTED, UPDATED_STATES))
    origin = address_of(parts.settings)
    body = {"incidents": [_banner(each, origin) for each in found]}
    return _answer(encode(body), "application/json", if_none_match, {"cross-origin-resource-policy": "cross-origin"})


@router.get(f"{PAGES}/{{tenant}}")
async def show_incidents(
    request: Request, parts: OfAlerting, tenant: str, language: Language = "", if_none_match: IfNoneMatch = None
) -> Response:
    """Show the incidents of a tenant that everybody may see."""
    await count(request, parts)
    name, found = await _of_tenant(parts, tenant)
    if name is None:
        return nothing(request)
    spoken = list(dict.fromkeys(each for one in found for each in one.languages)) or [ENGLISH]
    page = site.text(
        "public_incidents.html",
        **shell(tenant, name, chosen_language(language, spoken), spoken, page_path(tenant)),
        incidents=found,
        feed=f"{page_path(tenant)}/{FEED}",
    )
    return _answer(page.encode(), "text/html; charset=utf-8", if_none_match)


@router.get(f"{PAGES}/{{tenant}}/{FEED}")
async def show_feed(
    request: Request, parts: OfAlerting, tenant: str, language: Language = "", if_none_match: IfNoneMatch = None
) -> Response:
    """Show the newest update of each public incident of a tenant, by Atom (RFC 4287)."""
    await count(request, parts)
    name, found = await _of_tenant(parts, tenant)
    if name is None:
        return nothing(request)
    spoken = [each for one in found for each in one.languages] or [ENGLISH]
    entries = [(each.incident, each.updates[0]) for each in found]
    return _feed(parts, tenant, name, chosen_language(language, spoken), entries, page_path(tenant), "", if_none_match)


@router.get(f"{PAGES}/{{tenant}}/{{slug}}")
async def show_incident(
    request: Request,
    parts: OfAlerting,
    tenant: str,
    slug: str,
    language: Language = "",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show an incident with all of its updates, the newest first."""
    await count(request, parts)
    name, found = await one_of(parts, tenant, slug, MAX_UPDATES)
    if found is None:
        return nothing(request)
    path = page_path(tenant, slug)
    chosen = chosen_language(language, found.languages)
    page = site.text(
        "public_incident.html",
        **shell(tenant, name, chosen, found.languages, path),
        incident=found.incident,
        updates=found.updates,
        title=title_of(found.incident, found.updates[0].in_language(chosen)),
        feed=f"{path}/{FEED}",
        sign_up=None if found.incident.is_over else SIGN_UP_WORDS[chosen],
    )
    return _answer(page.encode(), "text/html; charset=utf-8", if_none_match)


@router.get(f"{PAGES}/{{tenant}}/{{slug}}/{FEED}")
async def show_incident_feed(
    request: Request,
    parts: OfAlerting,
    tenant: str,
    slug: str,
    language: Language = "",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show the updates of an incident, by Atom."""
    await count(request, parts)
    name, found = await one_of(parts, tenant, slug, FEED_ENTRIES)
    if found is None:
        return nothing(request)
    chosen = chosen_language(language, found.languages)
    entries = [(found.incident, each) for each in found.updates]
    title = title_of(found.incident, found.updates[0].in_language(chosen))
    return _feed(parts, tenant, name, chosen, entries, page_path(tenant, slug), title, if_none_match)


async def _of_tenant(parts: Resources[AlertingSettings], tenant: str) -> tuple[str | None, list[Shown]]:
    """Return the name of a tenant, None where there is none, and the newest update of each of its public incidents."""
    if _TENANT.fullmatch(tenant) is None:
        return None, []
    async with parts.database(Role.API).snapshot(tenant) as tx:
        name = await tenants.name_of(tx, tenant)
        return name, await _newest(tx, await incidents.shown(tx, tenant, MAX_LISTED))


async def one_of(parts: Resources[AlertingSettings], tenant: str, slug: str, limit: int) -> tuple[str, Shown | None]:
    """Return the name of a tenant, and one of its public incidents; None where there is none of this name."""
    if _TENANT.fullmatch(tenant) is None or _SLUG.fullmatch(slug) is None:
        return "", None
    async with parts.database(Role.API).snapshot(tenant) as tx:
        incident = await incidents.by_slug(tx, tenant, slug)
        if incident is None or not incident.is_shown:
            return "", None
        updates = await incidents.updates_of(tx, tenant, incident.id, limit)
        return await tenants.name_of(tx, tenant) or tenant, Shown(incident, updates)


async def _newest(tx: Tx, found: Sequence[Incident]) -> list[Shown]:
    keys = [(each.tenant_id, each.id, each.updates) for each in found]
    updates = await incidents.updates(tx, keys)
    return [Shown(each, [updates[key]]) for each, key in zip(found, keys, strict=True)]


def _banner(shown: Shown, origin: str) -> dict[str, Any]:
    incident, update = shown.incident, shown.updates[0]
    return {
        "id": str(incident.id),
        "severity": incident.severity,
        "state": incident.state,
        "since": incident.opened_at,
        "updated_at": update.corrected_at or update.made_at,
        "number": update.number,
        "revision": update.revision,
        "url": origin + page_path(incident.tenant_id, incident.slug),
        "texts": [text_of(incident, each) for each in update.texts],
    }


def chosen_language(language: str, spoken: Sequence[str]) -> str:
    """Return the language of a page: the one that is asked for where there is a text in it, else the first."""
    return language if language in spoken else spoken[0]


def shell(tenant: str, name: str, language: str, spoken: Sequence[str], path: str) -> dict[str, Any]:
    """Return what every public page needs."""
    return {
        "tenant_name": name,
        "language": language,
        "direction": direction(language),
        "words": WORDINGS[language],
        "wordings": WORDINGS,
        "languages": spoken,
        "path": path,
        "all_path": page_path(tenant),
        "stylesheet": STATIC.url("incidents.css"),
        "page_path": page_path,
        "title_of": title_of,
        "instant": lambda at: instant(at, language),
    }


def _feed(
    parts: Resources[AlertingSettings],
    tenant: str,
    name: str,
    language: str,
    entries: Sequence[tuple[Incident, Update]],
    path: str,
    title: str,
    if_none_match: str | None,
) -> Response:
    origin = address_of(parts.settings)
    feed = site.text(
        "feed.xml.html",
        **shell(tenant, name, language, [language], path),
        title=title,
        entries=entries[:FEED_ENTRIES],
        origin=origin,
        updated_at=max((each.corrected_at or each.made_at for _, each in entries), default=None),
    )
    return _answer(_NOT_XML.sub("\ufffd", feed).encode(), "application/atom+xml; charset=utf-8", if_none_match)


async def count(request: Request, parts: Resources[AlertingSettings]) -> None:
    """Count a question of a network: those that find nothing count, too.

    Raises:
        LimitExceededError: the network has asked for too many.
    """
    settings, limits = parts.settings, rate_limits_of(request)
    network = network_of(request, settings.trusted_proxies, await limits.network_key())
    await limits.spend(NO_TENANT, Limit("incidents", network, settings.incidents_per_hour_per_network))


_NO_MORE: Final[Mapping[str, str]] = {}


def _answer(body: bytes, media_type: str, if_none_match: str | None, more: Mapping[str, str] = _NO_MORE) -> Response:
    """Answer with what everybody may keep for a moment; 304 to a client that has it."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": f"public, max-age={MAX_AGE_SECONDS}", **more}
    if if_none_match is not None and not is_none_match(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def nothing(request: Request) -> Response:
    """Answer 404, the same for what there is not and for what is not public."""
    answer = not_found("incident").response(request.url.path)
    answer.headers["cache-control"] = "no-store"
    return answer
