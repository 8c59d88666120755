"""What the pages of sources share: who may open them, their forms, and how they say things."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

from fastapi import Depends, Request
from markupsafe import Markup
from pydantic import ValidationError

from plaudit.common.contracts.subjects import SUBJECT_RULE
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, not_found
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import sentence
from plaudit.common.sessions import ConsolePages, staff
from plaudit.common.settings import address_of
from plaudit.common.standard_webhooks import InvalidSecretError
from plaudit.common.vault import Vault
from plaudit.ingest.sources import commands, store
from plaudit.ingest.sources.domain import (
    InvalidMappingError,
    Proof,
    ProofByMapping,
    Source,
    UnknownPlatformError,
    UnsignedPlatformError,
    wrong_settings,
)
from plaudit.ingest.sources.schemas import source_out, source_with_secret_out
from plaudit.ingest.sources.store import Activity

SOURCES: Final = "/console/sources"
DELIVERIES: Final = "/console/deliveries"
GUIDES: Final = f"{SOURCES}/platforms"
WRITE: Final = "sources:write"
HIDDEN: Final = "SECRET-TOKEN"
"""Stands for the token of an address where it is not shown."""
KNOWN: Final[Mapping[str, str]] = {
    "recorded": "A genuine delivery of it was recorded.",
    "documented": "Its own documentation was read.",
    "shape": "Only the code of others was read: look at the first deliveries with care.",
}
"""How well a platform's payload is known → its words."""
_TOLD: Final = ("edits", "removals", "restorations", "answers", "versions", "verified", "location")
_WAYS: Final = {
    "push": "in its webhooks",
    "poll": "when it is asked",
    "file": "in its files",
    "never": "not at all",
}
PROBLEMS: Final[Mapping[str, str]] = {
    "name": "Give it a name of 1 to 200 characters.",
    "platform": "Choose one of these.",
    "subject": sentence(SUBJECT_RULE),
    "secret": "A secret has 8 to 512 characters.",
    "allowed_addresses": "Write at most 50 addresses or networks, one a line.",
    "time_zone": "This is no name of a time zone.",
}
"""Field → what it must be, in words."""
LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "platform": "Platform",
    "subject": "Subject",
    "secret": "Secret of the platform",
    "allowed_addresses": "Addresses that may post",
    "time_zone": "Time zone",
}
"""Field → its label."""

console: Final = ConsolePages("plaudit.ingest.sources")
Reader = Annotated[Principal, Depends(staff("sources:read"))]
Writer = Annotated[Principal, Depends(staff("sources:read", "sources:write"))]


class Platform(Protocol):
    """What the pages say of a platform."""

    @property
    def title(self) -> str:
        """The platform's own name."""

    @property
    def proof(self) -> Proof:
        """How it proves its deliveries."""

    @property
    def known(self) -> str:
        """How well its payload is known."""

    @property
    def tells(self) -> Any:
        """How it tells of edits, removals and the like, by the attribute of that name."""

    @property
    def posts(self) -> bool:
        """Whether it posts deliveries; else its reviews are only asked for."""

    @property
    def needs_mapping(self) -> bool:
        """Whether each of its sources needs a mapping, which says the proof and what is told."""

    def of(self, mapping: str | None) -> "Platform":
        """Return what the pages say of a source with this mapping."""


def platforms_of(request: Request) -> Mapping[str, Platform]:
    """Return what the pages say of each platform that has an adapter; `main` says so."""
    platforms: Mapping[str, Platform] = request.app.state.platforms
    return platforms


def told_of(platform: Platform) -> list[tuple[str, str]]:
    """Return how a platform tells each thing of its reviews: what, and how."""
    return [
        ("verified purchases" if each == "verified" else each, _WAYS[getattr(platform.tells, each)]) for each in _TOLD
    ]


def guide_of(request: Request, platform: str, *, level: int = 2) -> Markup | None:
    """Return what to do at a platform, with headings from this level on; `main` says so."""
    found: Markup | None = request.app.state.guide_of(platform, level)
    return found


def title_of_platform(request: Request, platform: str) -> str:
    """Return the platform's own name; the id of one that this version does not know."""
    known = platforms_of(request).get(platform)
    return platform if known is None else known.title


class PullsShown(Protocol):
    """What the page of a source says of how it is asked for reviews."""

    @property
    def state(self) -> str:
        """In words."""

    @property
    def look(self) -> str:
        """Of these words."""

    @property
    def facts(self) -> Sequence[tuple[str, str]]:
        """What else is to be said: a name, and words."""

    @property
    def error(self) -> str | None:
        """Why the last run could not go on."""

    @property
    def held(self) -> str | None:
        """Which removals are held, and why; None for none."""

    @property
    def may_be_asked(self) -> bool:
        """Whether it has credentials."""

    @property
    def may_be_allowed(self) -> bool:
        """Whether a person is to say what becomes of the removals that are held."""


def pulls_of(request: Request) -> Callable[[SqlTx, Source], Awaitable[PullsShown | None]]:
    """Return what says how a source is asked for reviews, None for one that is not; `main` says so."""
    found: Callable[[SqlTx, Source], Awaitable[PullsShown | None]] = request.app.state.pulls_of
    return found


def crumb_of(source: Source) -> Crumb:
    """Return a source as a step on the way to a page of it."""
    return Crumb(source.name, f"{SOURCES}/{source.id}")


async def source_of(tx: SqlTx, principal: Principal, source_id: UUID, vault: Vault) -> Source:
    """Return one of the tenant's sources.

    Raises:
        Problem: 404, there is no such source.
    """
    source = await store.get(tx, principal.tenant_id, source_id, vault)
    if source is None:
        raise not_found("source")
    return source


def hook_of(request: Request, source: Source) -> str:
    """Return the full address that a source's platform posts to, with the token where there is one.

    Raises:
        UnopenedSecretError: the token cannot be decrypted.
    """
    return address_of(request.app.state.resources.settings) + source_with_secret_out(source).hook


def public_hook_of(request: Request, source: Source, *, in_address: bool) -> str:
    """Return the same address for everybody to see: a word stands in the place of the token."""
    hook = address_of(request.app.state.resources.settings) + source_out(source).hook
    return f"{hook}/{HIDDEN}" if in_address else hook


def state_of(source: Source, activity: Activity, pulls: PullsShown | None) -> tuple[str, str]:
    """Return how a source is doing, in words, and their look."""
    if source.is_unopened:
        return "secret unreadable", "bad"
    if source.paused_at is not None:
        return "paused", "warn"
    if pulls is not None and pulls.error is not None:
        return "cannot be asked", "bad"
    return _coming(activity)


def _coming(activity: Activity) -> tuple[str, str]:
    """Return how what comes to a source is taken."""
    if not has_come(activity):
        return "waiting", "quiet"
    if activity.last_failed_at is not None and is_later(activity.last_failed_at, activity.last_delivery_at):
        return "last attempt refused", "bad"
    if activity.last_status is not None and activity.last_status >= HTTPStatus.BAD_REQUEST:
        return "last delivery refused", "bad"
    return "receiving", "good"


def has_come(activity: Activity) -> bool:
    """Return whether anything was taken from a source."""
    return activity.has_reviews or activity.last_status == HTTPStatus.ACCEPTED


def is_later(at: datetime, other: datetime | None) -> bool:
    """Return whether an instant is later than another; any is, than none."""
    return other is None or at > other


def lines_of(text: str) -> list[str]:
    """Return what a form holds, one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def errors_of(error: ValidationError) -> dict[str, str]:
    """Return what is wrong in a form: field → words."""
    fields = {str(each["loc"][0]) for each in error.errors()}
    return {field: PROBLEMS[field] for field in fields}


def setting_errors(addresses: Sequence[str], time_zone: str) -> dict[str, str]:
    """Return what is wrong with the addresses and the time zone of a form: field → words."""
    wrong = wrong_settings(addresses, time_zone or None)
    return {field: sentence(reason) for field, reason in wrong.items()}


def secret_errors(
    proofs: Mapping[str, ProofByMapping], platform: str, mapping: str | None, secret: str
) -> dict[str, str]:
    """Return what is wrong with the platform and the secret of a form: field → words."""
    try:
        commands.proof_and_secret(platform, mapping, secret or None, proofs)
    except (UnknownPlatformError, InvalidMappingError) as error:
        return {"platform": sentence(error)}
    except (UnsignedPlatformError, InvalidSecretError) as error:
        return {"secret": sentence(error)}
    return {}
