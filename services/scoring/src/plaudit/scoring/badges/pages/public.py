"""What everybody sees without a key: the badge of a subject, its page, its structured data, and the calculation.

What is not public is not told from what there is not: both are the same 404.

Parameters of an address that are not ours are passed over: others add them when an address is passed around (`utm_…`).
Answers are the same with them and without, and say so: each names its own address, and what caches may pass over.
"""

import base64
import re
from collections.abc import Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from plaudit.common.contracts.subjects import is_subject
from plaudit.common.db import Role, SqlTx
from plaudit.common.http import not_found, rate_limits_of, resources
from plaudit.common.http.auth import anyone
from plaudit.common.http.client_address import network_of
from plaudit.common.http.headers import is_none_match
from plaudit.common.http.json import encode
from plaudit.common.pages import Pages
from plaudit.common.pages.charts.stars import shares
from plaudit.common.pages.letters import fitting
from plaudit.common.pages.static import StaticFiles
from plaudit.common.process import Resources
from plaudit.common.rate_limits import Limit
from plaudit.common.settings import address_of
from plaudit.common.tenants.domain import TENANT_PATTERN
from plaudit.scoring.badges import store
from plaudit.scoring.badges.domain import drawing
from plaudit.scoring.badges.domain.addresses import (
    BADGES,
    COMPACT,
    HOW,
    WIDE,
    Addresses,
    addresses,
    how_address,
    how_query,
)
from plaudit.scoring.badges.domain.badge import Badge
from plaudit.scoring.badges.domain.figures import (
    ShownFigures,
    digits,
    figures,
    in_full,
    method,
    ratio,
    reviews,
    structured,
    summary,
)
from plaudit.scoring.badges.domain.rules import counted, half_life_in_words, weights
from plaudit.scoring.badges.domain.worked import worked
from plaudit.scoring.half_lives.domain import own_half_life
from plaudit.scoring.profiles import store as profiles
from plaudit.scoring.profiles.domain import BUILT_IN, NAME_PATTERN, Profile
from plaudit.scoring.scores import store as scores
from plaudit.scoring.scores.domain import Moment, instant_of
from plaudit.scoring.settings import ScoringSettings
from plaudit.scoring.sums.domain.decay import MergedSums, time_of, unix_us
from plaudit.scoring.sums.domain.parts import KeptPart, Part, merge_for, newest_us, parts_for

MAX_AGE_SECONDS: Final = 300
"""How long whoever has asked may show an answer without asking again."""
NO_TENANT: Final = ""
"""Under which the limit is counted: whoever guesses at tenants is counted, too."""
OPEN_PATHS: Final = (f"{BADGES}/", f"{HOW}/")
"""Below which scripts of every site may read what is answered."""
STARS: Final = range(1, 6)
NAME_PIXELS: Final = 13
"""Height of the letters of a name in the badge."""
STATIC: Final = StaticFiles.of_package("plaudit.scoring.badges.pages", "/badge-static")
_TENANT: Final = re.compile(TENANT_PATTERN)
_PROFILE: Final = re.compile(NAME_PATTERN)
_SECURE: Final = (
    "default-src 'none'; style-src {style}; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *"
)

router = APIRouter(include_in_schema=False, dependencies=[Depends(anyone)])
site = Pages("plaudit.scoring.badges")
ScoringResources = Annotated[Resources[ScoringSettings], Depends(resources)]
IfNoneMatch = Annotated[str | None, Header()]
Theme = Annotated[Literal["auto", "light", "dark"], Query()]
Size = Annotated[Literal["wide", "compact"], Query()]


class Public(NamedTuple):
    """A subject that everybody may see, with its sums by one profile."""

    badge: Badge
    profile: Profile
    """That badges show, or another one that is asked for."""
    profiles: tuple[str, ...]
    """Those that everybody is told of: the ones that every tenant has, that of the badges, and the present one."""
    parts: list[Part]
    """Of the profile's half-life."""
    kept: list[KeptPart]
    at_us: int
    at: Addresses

    @property
    def figures(self) -> ShownFigures:
        """What a badge shows of it."""
        return figures(self.profile, self.parts, self.kept, self.at_us)


@router.get(f"{BADGES}/{{tenant}}/{{subject:path}}.svg")
async def show_badge(
    request: Request,
    parts: ScoringResources,
    tenant: str,
    subject: str,
    theme: Theme = "auto",
    size: Size = "wide",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show a badge as an image."""
    found = await _public(request, parts, tenant, subject)
    if found is None:
        return _nothing(request)
    width, height = COMPACT if size == "compact" else WIDE
    style = _STYLES[theme]
    image = site.text(
        f"badge_{size}.svg",
        badge=found.badge,
        short_name=fitting(found.badge.name, drawing.NAME_WIDTH, is_bold=True, pixels=NAME_PIXELS),
        name_pixels=NAME_PIXELS,
        figures=found.figures,
        width=width,
        height=height,
        style=style,
        drawing=drawing,
        **_WORDS,
    )
    own = _own_address(found.at.image, "theme", "size")
    return _answer(image.encode(), "image/svg+xml", if_none_match, own | _framed(style=style))


@router.get(f"{BADGES}/{{tenant}}/{{subject:path}}.json")
async def show_data(
    request: Request, parts: ScoringResources, tenant: str, subject: str, if_none_match: IfNoneMatch = None
) -> Response:
    """Show structured data."""
    found = await _public(request, parts, tenant, subject)
    if found is None:
        return _nothing(request)
    data = in_full(found.badge, found.figures, found.at.page, found.at.how)
    return _answer(encode(data), "application/ld+json", if_none_match, _own_address(found.at.data))


@router.get(f"{BADGES}/{{tenant}}/{{subject:path}}.html")
async def show_page(
    request: Request, parts: ScoringResources, tenant: str, subject: str, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a page that other sites may frame."""
    found = await _public(request, parts, tenant, subject)
    if found is None:
        return _nothing(request)
    data = structured(found.badge, found.figures, found.at.page, found.at.how)
    page = site.text(
        "badge.html",
        badge=found.badge,
        figures=found.figures,
        shares=shares([found.figures.distribution[star] for star in STARS]),
        at=found.at,
        stylesheet=STATIC.url("badges.css"),
        structured=data,
        star_path=drawing.star_path(10),
        half_star_path=drawing.half_star_path(10),
        stars=drawing.stars,
        **_WORDS,
    )
    return _answer(page.encode(), "text/html; charset=utf-8", if_none_match, _own_address(found.at.page) | _framed())


@router.get(f"{HOW}/{{profile}}")
async def show_calculation(
    request: Request,
    parts: ScoringResources,
    profile: str,
    tenant: Annotated[str, Query(max_length=100)] = "",
    subject: Annotated[str, Query(max_length=400)] = "",
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Show how the score of a profile is calculated, with the figures of a subject that is public."""
    found = None
    if tenant or subject:
        found = await _public(request, parts, tenant, subject, profile)
        shown = None if found is None else found.profile
    else:
        await _count(request, parts)
        shown = BUILT_IN.get(profile)
    if shown is None:
        return _nothing(request, "calculation that everybody may see")
    query = how_query(found.badge) if found else ""
    page = site.text(
        "how.html",
        profile=shown,
        profiles=found.profiles if found else BUILT_IN,
        found=found,
        counted=counted(shown),
        weights=weights(shown),
        fades_after=half_life_in_words(shown),
        stylesheet=STATIC.url("badges.css"),
        query=query,
        how=HOW,
        **(_calculation(found) if found else {}),
        **_WORDS,
    )
    own = _own_address(how_address(address_of(parts.settings), shown.name, query), "tenant", "subject")
    return _answer(page.encode(), "text/html; charset=utf-8", if_none_match, own)


def _calculation(found: Public) -> dict[str, Any]:
    merged: MergedSums = merge_for(found.profile, found.parts)
    read_us = instant_of(found.profile, newest_us(found.parts, found.profile), found.at_us)
    return {
        "worked": worked(found.profile, merged, read_us),
        "count": max(merged.sums.n, 0),
        "stands_since": time_of(read_us) if read_us < found.at_us else None,
    }


async def _public(
    request: Request, parts: Resources[ScoringSettings], tenant: str, subject: str, profile: str | None = None
) -> Public | None:
    """Return a subject that everybody may see; None where there is none of this name, for whatever reason.

    Args:
        request: it.
        parts: of the service.
        tenant: whose.
        subject: it.
        profile: by which profile that can be read by; that of the badges, if not given.

    Raises:
        LimitExceededError: the network has asked for too many.
    """
    await _count(request, parts)
    if _TENANT.fullmatch(tenant) is None or not is_subject(subject):
        return None
    if profile is not None and _PROFILE.fullmatch(profile) is None:
        return None
    async with parts.database(Role.API).snapshot(tenant) as tx:
        badge = await store.find(tx, tenant, subject)
        return None if badge is None else await _read(tx, badge, address_of(parts.settings), profile)


async def _read(tx: SqlTx, badge: Badge, origin: str, asked: str | None) -> Public | None:
    shown = await profiles.shown_by_badges(tx, badge.tenant_id)
    name = shown if asked is None else asked
    profile = BUILT_IN.get(name) or await _ready(tx, badge.tenant_id, name)
    if profile is None:
        return None
    moment = Moment(at=tx.now, is_now=True)
    kept = await scores.kept_of(tx, badge.tenant_id, badge.subject, moment)
    if own_half_life(profile) is None:
        of_profile = parts_for(kept, profile.half_life_us)
    else:
        of_profile = await scores.parts_of(tx, badge.tenant_id, badge.subject, moment, profile)
    return Public(
        badge,
        profile,
        tuple(dict.fromkeys((*BUILT_IN, shown, name))),
        of_profile,
        kept,
        unix_us(tx.now),
        addresses(origin, badge, shown),
    )


async def _ready(tx: SqlTx, tenant_id: str, name: str) -> Profile | None:
    """Return a profile of the tenant's own that can be read by; None where there is none of this name."""
    found = await scores.own_profile(tx, tenant_id, name)
    return found[0] if found is not None and found[1].is_ready else None


async def _count(request: Request, parts: Resources[ScoringSettings]) -> None:
    """Count a question of a network: those that find nothing count, too."""
    settings, limits = parts.settings, rate_limits_of(request)
    network = network_of(request, settings.trusted_proxies, await limits.network_key())
    await limits.spend(NO_TENANT, Limit("badge", network, settings.badges_per_hour_per_network))


def _answer(body: bytes, media_type: str, if_none_match: str | None, more: Mapping[str, str]) -> Response:
    """Answer with what everybody may keep for a while and show on any site; 304 to whoever has it."""
    tag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {
        "etag": tag,
        "cache-control": f"public, max-age={MAX_AGE_SECONDS}",
        "cross-origin-resource-policy": "cross-origin",
        **more,
    }
    if if_none_match is not None and not is_none_match(if_none_match, tag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def _own_address(address: str, *parameters: str) -> dict[str, str]:
    """Return the headers that say where an answer is, whatever else its address had, and which parameters matter.

    RFC 6596; https://datatracker.ietf.org/doc/draft-ietf-httpbis-no-vary-search/
    """
    names = " ".join(f'"{each}"' for each in parameters)
    matter = f", except=({names})" if names else ""
    return {"link": f'<{address}>; rel="canonical"', "no-vary-search": f"key-order, params{matter}"}


def _nothing(request: Request, what: str = "badge") -> Response:
    """Answer 404 in the words of what was asked for, the same for what there is not and for what is not public."""
    answer = not_found(what).response(request.url.path)
    answer.headers["cache-control"] = "no-store"
    return answer


def _framed(*, style: str = "") -> dict[str, str]:
    """Return the headers of a document that any site may frame: with one style of its own, or our stylesheets.

    No script ever runs in it. The embedder policy lets sites frame it that ask one of all that they embed.
    """
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return {
        "content-security-policy": _SECURE.format(style=f"'sha256-{digest}'" if style else "'self'"),
        "cross-origin-embedder-policy": "require-corp",
    }


_LIGHT: Final = "--g:#fffffd;--i:#1b2320;--s:#5a645f;--l:#dedfd8;--y:#8a4b08;--e:#b9c0bb;--a:#1f5f4c"
_DARK: Final = "--g:#1c2220;--i:#e9ece8;--s:#a4aea8;--l:#333b37;--y:#e9b672;--e:#5d6862;--a:#7cc7ab"
_LOOK: Final = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif;fill:var(--i)}"
    ".s{fill:var(--s)}.g{fill:var(--g);stroke:var(--l)}.y{fill:var(--y)}.e{fill:var(--e)}.a{fill:var(--a)}"
    ".l{fill:var(--l)}"
)
_STYLES: Final = {
    "light": f":root{{{_LIGHT}}}{_LOOK}",
    "dark": f":root{{{_DARK}}}{_LOOK}",
    "auto": f":root{{{_LIGHT}}}@media(prefers-color-scheme:dark){{:root{{{_DARK}}}}}{_LOOK}",
}
_WORDS: Final[dict[str, Any]] = {
    "digits": digits,
    "ratio": ratio,
    "reviews": reviews,
    "summary": summary,
    "method": method,
}
