"""Pages of the console: templates in the shell that all services share, and the message after a form.

A page declares its principal by `staff(…)` and its transaction, and answers with `ConsolePages.response`. A template
extends `console.html`, fills its block `main`, and has one `h1`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from plaudit.common.db import Tx
from plaudit.common.http import Principal
from plaudit.common.pages import Pages
from plaudit.common.pages.flash import FLASH_COOKIE, MAX_AGE_SECONDS, Flash, read_flash, sign_flash
from plaudit.common.pages.instants import read_in
from plaudit.common.pages.navigation import ACCOUNT, HOME, Crumb, Link, crumbs, section_of, sections
from plaudit.common.sessions.access import form_token, sessions_of
from plaudit.common.tenants import store as tenants
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

ZONE_COOKIE: Final = "plaudit_zone"
"""Written by `zone.js`: the zone of the browser, in which pages write times."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a form held that was refused, and why: field → value, field → words."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Of the answer that shows the form again."""
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.errors else HTTPStatus.OK


NOTHING_TYPED: Final = Typed()


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around a page."""

    home: str
    account: str
    """The path of the page of whoever is signed in."""
    sections: list[Link]
    section: str
    """The path of the section that the page belongs to."""
    crumbs: list[Crumb]
    tenant: str
    person: str
    role: str
    """Empty for a key."""
    form_token: str
    """For the hidden field `form_token` of every form."""
    as_of: datetime
    flash: Flash | None


class ConsolePages:
    """The templates of some rooms, in the console's shell."""

    def __init__(self, *packages: str) -> None:
        """Load the templates of these packages, as `Pages` does."""
        self._pages = Pages(*packages)

    async def response(
        self,
        request: Request,
        principal: Principal,
        tx: Tx,
        template: str,
        *,
        status: int = HTTPStatus.OK,
        further: tuple[str | Crumb, ...] = (),
        counts: Mapping[str, str] | None = None,
        **context: Any,
    ) -> Response:
        """Answer with a page.

        Args:
            request: that it answers.
            principal: who is signed in.
            tx: the open transaction.
            template: extends `console.html`.
            status: of the answer.
            further: what is shown within the section, for the breadcrumbs: titles, or steps that are pages.
            counts: path → how many wait there, of the sections that this page knows.
            context: for the template, which also has `console`, the shell, and `libraries`, for browsers.
        """
        path = request.url.path
        section = section_of(path)
        shell = Shell(
            home=HOME,
            account=ACCOUNT,
            sections=sections(principal.may, counts or {}),
            section=section.path if section else "",
            crumbs=crumbs(path, *further),
            tenant=await tenants.name_of(tx, principal.tenant_id) or principal.tenant_id,
            person=principal.person.name if principal.person else f"API key {principal.key_id}",
            role=principal.person.role if principal.person else "",
            form_token=form_token(request),
            as_of=tx.now,
            flash=read_flash(request.cookies.get(FLASH_COOKIE, ""), _secret_of(request)),
        )
        with read_in(zone_of_reader(request)):
            response = self._pages.response(
                template, status=int(status), console=shell, libraries=request.app.state.libraries, **context
            )
        response.headers["cache-control"] = "no-store"
        if FLASH_COOKIE in request.cookies:
            response.delete_cookie(FLASH_COOKIE, path=HOME, httponly=True, samesite="lax")
        return response


def zone_of_reader(request: Request) -> tzinfo:
    """Return the zone that the browser says it is in; UTC where it says none, or none that there is."""
    try:
        return zone_of(unquote(request.cookies.get(ZONE_COOKIE, "")))
    except UnknownTimeZoneError:
        return UTC


def done(request: Request, path: str, text: str, *, is_good: bool = True) -> Response:
    """Answer a form: lead to a page of the console, which says this once."""
    response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
    response.set_cookie(
        FLASH_COOKIE,
        sign_flash(Flash(text, is_good), _secret_of(request)),
        max_age=MAX_AGE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=sessions_of(request).is_https,
        path=HOME,
    )
    return response


def _secret_of(request: Request) -> str:
    """Return the secret of the session that a request is signed in with."""
    return sessions_of(request).id_of(request) or ""
