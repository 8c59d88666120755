"""What the page of a source says of how it is asked, its buttons, and the form of its credentials."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work, not_found
from plaudit.common.pages.instants import moment
from plaudit.common.refusals import sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done
from plaudit.ingest.platforms import INTERFACES, Interface
from plaudit.ingest.platforms.interface import InvalidCredentialsError
from plaudit.ingest.pulls import commands, store
from plaudit.ingest.pulls.domain import HELD_FOR, HELD_LISTS, HeldRemovals, NothingHeldError, Pull
from plaudit.ingest.sources.api import OpenedVault
from plaudit.ingest.sources.domain import Source
from plaudit.ingest.sources.pages.shared import (
    SOURCES,
    Writer,
    crumb_of,
    lines_of,
    source_of,
    title_of_platform,
)

router = APIRouter(include_in_schema=False)
console: Final = ConsolePages("plaudit.ingest.pulls")
NO_CREDENTIALS: Final = "It has no credentials yet."
MAX_FIELDS: Final = 20


@dataclass(frozen=True)
class CredentialField:
    """A field of the form of credentials."""

    name: str
    title: str
    hint: str = ""
    is_secret: bool = True
    """Never shown again, not even after a refusal."""
    has_lines: bool = False
    is_list: bool = False
    """One entry a line."""


_FIELDS: Final = (
    CredentialField("api_key", "API key"),
    CredentialField("api_secret", "API secret"),
    CredentialField("business_unit_id", "Id of the business unit", is_secret=False),
    CredentialField("client_id", "Client id", "Of the OAuth client.", is_secret=False),
    CredentialField("client_secret", "Client secret"),
    CredentialField("refresh_token", "Refresh token", "What the client was granted by who manages the locations."),
    CredentialField(
        "locations",
        "Locations",
        "One a line, at most 50, such as accounts/123/locations/456.",
        is_secret=False,
        has_lines=True,
        is_list=True,
    ),
    CredentialField("issuer_id", "Issuer id", is_secret=False),
    CredentialField("key_id", "Key id", is_secret=False),
    CredentialField("private_key", "Private key", "From -----BEGIN to the end of the last line.", has_lines=True),
    CredentialField("app_id", "Id of the app", "The Apple ID in App Store Connect, a number.", is_secret=False),
    CredentialField("client_email", "Address of the service account", is_secret=False),
    CredentialField(
        "package_name", "Package name", "As it stands in the address of the app at Google Play.", is_secret=False
    ),
    CredentialField("token", "Token"),
    CredentialField("product_id", "Id or slug of the product", is_secret=False),
)
_BY_NAME: Final = {each.name: each for each in _FIELDS}


@dataclass(frozen=True)
class PullsShown:
    """What the page of a source says of how it is asked."""

    state: str
    look: str
    facts: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    held: str | None = None
    may_be_asked: bool = False
    may_be_allowed: bool = False


async def pulls_shown(tx: SqlTx, source: Source) -> PullsShown | None:
    """Return what is to be said of a source; None where its platform is not asked."""
    if source.platform not in INTERFACES:
        return None
    pull = await store.get(tx, source.tenant_id, UUID(source.id))
    if pull is None:
        return PullsShown("no credentials", "warn", (("Asked next", "as soon as it has credentials"),))
    state, look = _state_of(pull)
    held = pull.held_removals
    return PullsShown(
        state=state,
        look=look,
        facts=_facts_of(pull),
        error=pull.error,
        held=None if held is None else _held_words(held),
        may_be_asked=True,
        may_be_allowed=held is not None and held.allowed_at is None,
    )


@router.get(f"{SOURCES}/{{source_id}}/credentials")
async def show_credentials(
    request: Request, principal: Writer, tx: TenantTx, source_id: UUID, vault: OpenedVault
) -> Response:
    """Show the form of what a source is asked with."""
    source = await source_of(tx, principal, source_id, vault)
    return await _form(request, principal, tx, source, _interface_of(source))


@router.post(f"{SOURCES}/{{source_id}}/credentials")
async def set_credentials(
    request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault
) -> Response:
    """Set what a source is asked with; it is asked at once."""
    source = await source_of(work.tx, principal, source_id, vault)
    interface = _interface_of(source)
    form = await request.form(max_files=0, max_fields=MAX_FIELDS)
    fields = _fields_of(interface)
    given = {each.name: str(form.get(each.name, "")) for each in fields}
    written = {each.name: lines_of(given[each.name]) if each.is_list else given[each.name].strip() for each in fields}
    try:
        await commands.set_credentials(work, principal.tenant_id, source_id, written, INTERFACES, vault)
    except InvalidCredentialsError as error:
        shown = {each.name: given[each.name] for each in fields if not each.is_secret}
        errors = {**_missing(interface, given), **_refused(error, fields)}
        return await _form(request, principal, work.tx, source, interface, Typed(shown, errors))
    words = f"The credentials are set. {title_of_platform(request, source.platform)} is asked now."
    return done(request, f"{SOURCES}/{source.id}", words)


@router.post(f"{SOURCES}/{{source_id}}/pull")
async def ask_now(request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault) -> Response:
    """Ask a source now."""
    source = await source_of(work.tx, principal, source_id, vault)
    pull = await commands.ask_now(work, principal.tenant_id, source_id)
    if pull is None:
        return done(request, f"{SOURCES}/{source.id}", NO_CREDENTIALS)
    if pull.not_before is not None and pull.next_at >= pull.not_before > work.tx.now:
        words = f"The platform has asked to wait; it is asked on {moment(pull.next_at)}."
    else:
        words = "It is asked now."
    return done(request, f"{SOURCES}/{source.id}", words)


@router.post(f"{SOURCES}/{{source_id}}/held-removals/apply")
async def apply_held_removals(
    request: Request, principal: Writer, work: Work, source_id: UUID, vault: OpenedVault
) -> Response:
    """Remove what complete lists lack."""
    source = await source_of(work.tx, principal, source_id, vault)
    try:
        pull = await commands.allow_removals(work, principal.tenant_id, source_id, principal.actor)
    except NothingHeldError as error:
        return done(request, f"{SOURCES}/{source.id}", str(error))
    if pull is None:
        raise not_found("source")
    return done(request, f"{SOURCES}/{source.id}", "The missing reviews are removed with the next run.")


async def _form(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    source: Source,
    interface: Interface,
    typed: Typed = NOTHING_TYPED,
) -> Response:
    pull = await store.get(tx, principal.tenant_id, UUID(source.id))
    return await console.response(
        request,
        principal,
        tx,
        "credentials.html",
        status=typed.status,
        further=(crumb_of(source), "Credentials"),
        source=source,
        platform=title_of_platform(request, source.platform),
        needs=_needs(interface),
        fields=_fields_of(interface),
        form_labels={each.name: each.title for each in _fields_of(interface)},
        form_ids={each.name: f"credential-{each.name}" for each in _fields_of(interface)},
        set_at=None if pull is None else pull.credentials_at,
        typed=typed,
        source_path=f"{SOURCES}/{source.id}",
    )


def _interface_of(source: Source) -> Interface:
    """Return what a source is asked through.

    Raises:
        Problem: 404, its platform is not asked.
    """
    interface = INTERFACES.get(source.platform)
    if interface is None:
        raise not_found("page")
    return interface


def _needs(interface: Interface) -> str:
    """Return what the credentials are, in words."""
    words = (interface.credentials.__doc__ or "").replace("`", "")
    return f"Needed: {words[:1].lower()}{words[1:]}"


def _fields_of(interface: Interface) -> list[CredentialField]:
    """Return the fields of the form; one that has no words here is secret, and named as the interface names it."""
    names = (each.name for each in msgspec.structs.fields(interface.credentials))
    return [_BY_NAME.get(name) or CredentialField(name, name.replace("_", " ").capitalize()) for name in names]


def _missing(interface: Interface, given: Mapping[str, str]) -> dict[str, str]:
    """Return which fields are needed and empty: the name of each → words."""
    needed = (each.name for each in msgspec.structs.fields(interface.credentials) if each.required)
    return {name: "It is needed." for name in needed if not given[name].strip()}


def _refused(error: InvalidCredentialsError, fields: Iterable[CredentialField]) -> Mapping[str, str]:
    """Return what is wrong, under the field that the error names, else under the first one."""
    names = [each.name for each in fields]
    place, colon, rest = str(error).partition(": ")
    name = re.split(r"[.\[]", place)[0]
    return {name: sentence(rest)} if colon and name in names else {names[0]: sentence(error)}


def _state_of(pull: Pull) -> tuple[str, str]:
    if pull.failures:
        return "failing", "bad"
    if pull.held_removals is not None:
        return "removals held", "warn"
    return ("waiting", "good") if pull.walk is None else ("walking", "good")


def _facts_of(pull: Pull) -> tuple[tuple[str, str], ...]:
    facts = [("Asked next", moment(pull.next_at))]
    if pull.failures:
        facts.append(("Failed runs on end", str(pull.failures)))
    if pull.walk is not None:
        facts.append(("On its way", f"since {moment(pull.walk.started_at)}, {pull.walk.pages} pages"))
    if pull.last_run is not None:
        run = pull.last_run
        found = f"{run.reviews_found} reviews on {run.pages} pages, {run.changed} of them new or changed"
        facts.append(("Last run", f"{moment(run.finished_at)}: {found}"))
    if pull.watermark is not None:
        facts.append(("Every change was seen up to", moment(pull.watermark)))
    if pull.complete_at is not None:
        facts.append(("Last complete list", moment(pull.complete_at)))
    return tuple(facts)


def _held_words(held: HeldRemovals) -> str:
    lists = "The last complete list lacks" if held.lists == 1 else f"The last {held.lists} complete lists lack"
    words = f"{lists} {held.missing} of {held.visible} reviews. That looks like a fault of the platform"
    if held.allowed_at is not None:
        return f"{words}; {held.allowed_by} wants them removed, which is done with the next run."
    return (
        f"{words}, so they are not removed. They are if at least {HELD_LISTS} lists on end lack them, the last one "
        f"after {moment(held.since + HELD_FOR)}, or if you say so. A list that has them again ends this."
    )
