"""The console's pages of markers: the list with a form, and what changed around one."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Cursor, Principal, TenantTx, Work, cut_page, decode_cursor
from plaudit.common.names import checked_name
from plaudit.common.pages.navigation import Crumb
from plaudit.common.refusals import WrongInputError, sentence
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff
from plaudit.scoring.figures.domain.catalogue import FIGURES, OF_ANSWERS, STANDING, Figure, shown
from plaudit.scoring.markers import commands, store
from plaudit.scoring.markers.domain.effect import DEFAULT_DAYS, Of
from plaudit.scoring.markers.domain.marker import (
    LINK_PATTERN,
    MAX_LINK_CHARS,
    MAX_NAME_CHARS,
    Draft,
    Listed,
    MarkerKind,
    MarkerTimeError,
    TooManyMarkersError,
)
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.pages import SCORES, SUBJECT, Words, source_choices

ROWS: Final = 50
MARKERS: Final = f"{SCORES}/markers"
KIND_NAMES: Final = {
    MarkerKind.RELEASE: "Release",
    MarkerKind.INCIDENT: "Incident",
    MarkerKind.REQUEST: "Shipped request",
    MarkerKind.CONTENT: "Content",
}
DAYS: Final = {7: "a week", 30: "30 days", 90: "90 days", 365: "a year"}
LABELS: Final = {"kind": "What it is", "name": "Name", "at": "When", "about": "Subject", "link": "Link"}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.markers")
Reader = Annotated[Principal, Depends(staff("scores:read"))]
Writer = Annotated[Principal, Depends(staff("markers:write"))]


@router.get(MARKERS)
async def show_markers(
    request: Request, principal: Reader, tx: TenantTx, subject: Words = "", cursor: Cursor = None
) -> Response:
    """Show the markers of the tenant, the latest first, and the form of a new one.

    Of a subject they are those that its chart shows: its own, and those of all above it.
    """
    subject = subject.strip().strip("/")
    return await _list(request, principal, tx, Typed({"about": subject}), cursor, subject)


@router.post(MARKERS)
async def note_marker(
    request: Request,
    principal: Writer,
    work: Work,
    kind: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    at: Annotated[str, Form()] = "",
    about: Annotated[str, Form()] = "",
    link: Annotated[str, Form()] = "",
) -> Response:
    """Note what was done or happened."""
    values = {"kind": kind, "name": name.strip(), "at": at, "about": about.strip().strip("/"), "link": link.strip()}
    draft, errors = read_form(values)
    if draft is None:
        return await _list(request, principal, work.tx, Typed(values, errors))
    try:
        made = await commands.create(work.tx, work.ids, principal.tenant_id, draft, principal.actor)
    except MarkerTimeError as error:
        return await _list(request, principal, work.tx, Typed(values, {"at": str(error)}))
    except TooManyMarkersError as error:
        return await _list(request, principal, work.tx, Typed(values, {"name": str(error)}))
    return done(request, f"{MARKERS}/{made.marker.id}", "The marker is noted.")


@router.get(f"{MARKERS}/{{marker_id}}")
async def show_marker(
    request: Request,
    principal: Reader,
    tx: TenantTx,
    marker_id: UUID,
    profile: NamedProfile,
    choices: Choices,
    figure: Figure = Figure.MEAN,
    days: int = DEFAULT_DAYS,
    source: str = "",
) -> Response:
    """Show what changed around a marker; a source that there is not counts as none."""
    marker = await store.find(tx, principal.tenant_id, marker_id)
    days = days if days in DAYS else DEFAULT_DAYS
    offered = await source_choices(tx, principal.tenant_id)
    source = source if source in offered else ""
    of = Of(UUID(source) if source else None)
    spanned, found, words = await store.effect_of(tx, marker, figure, days, profile, of)
    return await console.response(
        request,
        principal,
        tx,
        "marker.html",
        further=(Crumb("Markers", MARKERS), marker.name),
        marker=marker,
        kind=KIND_NAMES[marker.kind],
        figure=figure,
        figures={each.value: about.title for each, about in FIGURES.items()},
        shown=shown,
        is_of_answers=figure in OF_ANSWERS,
        is_standing=figure in STANDING,
        is_exact=figure is Figure.NEWEST_AGE,
        profile=profile,
        choices=choices,
        days=days,
        source=source,
        sources=offered,
        lengths={str(each): name for each, name in DAYS.items()},
        windows=spanned,
        found=found,
        words=words,
        path=f"{MARKERS}/{marker.id}",
        subject_path=SUBJECT,
        may_write=principal.may("markers:write"),
    )


@router.post(f"{MARKERS}/{{marker_id}}/delete")
async def delete_marker(request: Request, principal: Writer, work: Work, marker_id: UUID) -> Response:
    """Take a marker away."""
    await commands.delete(work.tx, principal.tenant_id, marker_id)
    return done(request, MARKERS, "The marker is deleted.")


def read_form(values: Mapping[str, str]) -> tuple[Draft | None, dict[str, str]]:
    """Return what a form makes, or what is wrong with it: field → words."""
    errors: dict[str, str] = {}
    if values["kind"] not in {each.value for each in MarkerKind}:
        errors["kind"] = "Say what it is."
    if not 0 < len(values["name"]) <= MAX_NAME_CHARS or "\n" in values["name"]:
        errors["name"] = f"A name is one line of 1 to {MAX_NAME_CHARS} characters."
    else:
        try:
            checked_name(values["name"], max_chars=MAX_NAME_CHARS)
        except WrongInputError as error:
            errors["name"] = sentence(error)
    at = _moment(values["at"])
    if at is None:
        errors["at"] = "Give a day and a time, such as 2026-03-01T12:00."
    if not is_subject(values["about"]):
        errors["about"] = f"{SUBJECT_RULE[0].upper()}{SUBJECT_RULE[1:]}."
    if values["link"] and (re.fullmatch(LINK_PATTERN, values["link"]) is None or len(values["link"]) > MAX_LINK_CHARS):
        errors["link"] = "A link is an address that begins with http:// or https://, without blanks."
    if errors or at is None:
        return None, errors
    return Draft(
        kind=MarkerKind(values["kind"]),
        name=values["name"],
        at=at,
        subject=values["about"],
        link=values["link"] or None,
    ), {}


def _moment(text: str) -> datetime | None:
    """Return what a field for a day and a time holds, in UTC."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


async def _list(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    typed: Typed = NOTHING_TYPED,
    cursor: str | None = None,
    subject: str = "",
) -> Response:
    wrong = sentence(SUBJECT_RULE) if subject and not is_subject(subject) else ""
    path = f"{MARKERS}?{urlencode({'subject': subject})}" if subject else MARKERS
    after = decode_cursor(cursor, tuple[datetime, UUID], of=path) if cursor else None
    of = Listed(concerning=subject or None)
    found = [] if wrong else await store.page(tx, principal.tenant_id, after, ROWS + 1, of=of)
    listed, following = cut_page(found, ROWS, lambda each: (each.at, each.id), of=path)
    return await console.response(
        request,
        principal,
        tx,
        "markers.html",
        status=422 if wrong else typed.status,
        further=(Crumb("Markers", MARKERS), subject) if subject else ("Markers",),
        markers=listed,
        next=following,
        is_first=cursor is None,
        subject=subject,
        wrong=wrong,
        path=MARKERS,
        list_path=path,
        subject_path=SUBJECT,
        kinds={each.value: name for each, name in KIND_NAMES.items()},
        labels=LABELS,
        values={name: typed.values.get(name, "") for name in LABELS} | ({} if typed.errors else _now(tx.now, typed)),
        errors=typed.errors,
        may_write=principal.may("markers:write"),
        max_name=MAX_NAME_CHARS,
        max_link=MAX_LINK_CHARS,
    )


def _now(now: datetime, typed: Typed) -> dict[str, str]:
    return {"at": typed.values.get("at") or f"{now:%Y-%m-%dT%H:%M}"}
