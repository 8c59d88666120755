"""The console's pages of the library: the list, a preview for a review's facts, and a guideline with its history."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from plaudit.alerting.answers.domain.wording import LANGUAGES
from plaudit.alerting.library import commands, store
from plaudit.alerting.library.domain.guideline import (
    MAX_POINTS,
    MAX_STANCE_CHARS,
    Draft,
    GuidelineExistsError,
    InvalidGuidelineError,
    ReadyTextError,
    Revision,
    TooManyGuidelinesError,
    UnknownGuidelineError,
    title_of,
)
from plaudit.common.contracts import Severity
from plaudit.common.contracts.mentions import TOPIC_TITLES
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, Work
from plaudit.common.http.problems import precondition_failed
from plaudit.common.pages.navigation import Crumb
from plaudit.common.people.naming import namer
from plaudit.common.sessions import NOTHING_TYPED, ConsolePages, Typed, done, staff

LIBRARY: Final = "/console/library"
NEW: Final = f"{LIBRARY}/new"
LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "en": "English", "de": "German", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch"
}  # fmt: skip
SEVERITY_NAMES: Final[Mapping[str, str]] = {each.value: f"{each.value.capitalize()} reviews" for each in Severity}
LABELS: Final[Mapping[str, str]] = {
    "language": "Language",
    "topic": "Topic",
    "severity": "Severity",
    "stance": "What we stand for",
    "points": "Points to cover, one in each line",
}
OLD_FORM: Final = "Somebody has changed the guideline since this page was shown. Nothing is saved; look, and try again."

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.library")
Reader = Annotated[Principal, Depends(staff("library:read"))]
Writer = Annotated[Principal, Depends(staff("library:read", "library:write"))]
Field = Annotated[str, Form()]
Asked = Annotated[str, Query()]


@router.get(LIBRARY)
async def show_library(
    request: Request, principal: Reader, tx: TenantTx, topic: Asked = "", severity: Asked = "", language: Asked = ""
) -> Response:
    """Show all guidelines, and the one that fits a review with these facts; a fact that there is not counts as none."""
    topic = topic if topic in TOPIC_TITLES else ""
    severity = severity if severity in SEVERITY_NAMES else ""
    language = language if language in LANGUAGE_NAMES else ""
    is_asked = bool(topic or severity or language)
    found = await commands.match(
        tx,
        principal.tenant_id,
        topics=(topic,) if topic else (),
        severity=Severity(severity) if severity else None,
        language=language or None,
    )
    newest = sorted(await store.newest(tx, principal.tenant_id), key=_order)
    return await console.response(
        request,
        principal,
        tx,
        "library.html",
        further=(),
        guidelines=[each for each in newest if not each.is_withdrawn],
        withdrawn=[each for each in newest if each.is_withdrawn],
        match=found if is_asked else None,
        is_asked=is_asked,
        asked={"topic": topic, "severity": severity, "language": language},
        may_write=principal.may("library:write"),
        new_path=NEW,
        **_words(),
    )


@router.get(NEW)
async def show_new(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show the form of a new guideline."""
    return await _page(request, principal, tx, Typed({"language": "en"}))


@router.post(NEW)
async def add(
    request: Request,
    principal: Writer,
    work: Work,
    language: Field = "",
    topic: Field = "",
    severity: Field = "",
    stance: Field = "",
    points: Field = "",
) -> Response:
    """Add a guideline."""
    values = _values(language, topic, severity, stance, points)
    try:
        made = await commands.create(work.tx, work.ids, principal.tenant_id, _draft(values), principal.actor)
    except _REFUSED as error:
        return await _page(request, principal, work.tx, Typed(values, _errors(error)))
    return done(request, f"{LIBRARY}/{made.id}", "The guideline is added.")


@router.get(f"{LIBRARY}/{{guideline_id}}")
async def show_guideline(request: Request, principal: Reader, tx: TenantTx, guideline_id: UUID) -> Response:
    """Show a guideline with its history; in its form for whoever may change it."""
    return await _page(request, principal, tx, log=await _log(tx, principal, guideline_id))


@router.post(f"{LIBRARY}/{{guideline_id}}")
async def change(
    request: Request,
    principal: Writer,
    tx: TenantTx,
    guideline_id: UUID,
    number: Annotated[int, Form()] = 0,
    language: Field = "",
    topic: Field = "",
    severity: Field = "",
    stance: Field = "",
    points: Field = "",
) -> Response:
    """Make a new revision of a guideline, if it is still the one that the form showed."""
    values = _values(language, topic, severity, stance, points)
    log = await _log(tx, principal, guideline_id)
    if log[-1].number != number:
        raise precondition_failed(OLD_FORM)
    try:
        await commands.change(
            tx, principal.tenant_id, guideline_id, _draft(values), principal.actor, expected=frozenset({number})
        )
    except _REFUSED as error:
        return await _page(request, principal, tx, Typed(values, _errors(error)), log=log)
    return done(request, f"{LIBRARY}/{guideline_id}", "The guideline is changed.")


@router.post(f"{LIBRARY}/{{guideline_id}}/restore")
async def restore(
    request: Request, principal: Writer, tx: TenantTx, guideline_id: UUID, number: Annotated[int, Form()] = 0
) -> Response:
    """Make a new revision that says what an older one said."""
    try:
        await commands.restore(tx, principal.tenant_id, guideline_id, number, principal.actor)
    except GuidelineExistsError as error:
        log = await _log(tx, principal, guideline_id)
        return await _page(request, principal, tx, Typed(_shown(log[-1]), _errors(error)), log=log)
    return done(request, f"{LIBRARY}/{guideline_id}", f"Revision {number} is restored.")


@router.post(f"{LIBRARY}/{{guideline_id}}/withdraw")
async def withdraw(request: Request, principal: Writer, tx: TenantTx, guideline_id: UUID) -> Response:
    """Take a guideline out of use."""
    await commands.withdraw(tx, principal.tenant_id, guideline_id, principal.actor)
    return done(request, LIBRARY, "The guideline is withdrawn. Its revisions stay.")


_REFUSED: Final = (ReadyTextError, InvalidGuidelineError, GuidelineExistsError, TooManyGuidelinesError)


def _values(language: str, topic: str, severity: str, stance: str, points: str) -> dict[str, str]:
    return {"language": language, "topic": topic, "severity": severity, "stance": stance.strip(), "points": points}


def _draft(values: Mapping[str, str]) -> Draft:
    severity = values["severity"]
    return Draft(
        language=values["language"],
        topic=values["topic"] or None,
        severity=Severity(severity) if severity in SEVERITY_NAMES else None,
        stance=values["stance"],
        points=tuple(line.strip() for line in values["points"].splitlines() if line.strip()),
    )


def _errors(error: Exception) -> dict[str, str]:
    """Return the field that was refused, and why."""
    if isinstance(error, (ReadyTextError, InvalidGuidelineError)):
        field, _, place = error.field.partition("/")
        return {field: f"Point {int(place) + 1}: {error}" if place else str(error)}
    return {"topic": str(error)}


def _shown(revision: Revision) -> dict[str, str]:
    return {
        "language": revision.language,
        "topic": revision.topic or "",
        "severity": revision.severity or "",
        "stance": revision.stance,
        "points": "\n".join(revision.points),
    }


async def _log(tx: SqlTx, principal: Principal, guideline_id: UUID) -> list[Revision]:
    log = await store.log_of(tx, principal.tenant_id, guideline_id)
    if not log:
        raise UnknownGuidelineError
    return log


async def _page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    typed: Typed = NOTHING_TYPED,
    *,
    log: Sequence[Revision] = (),
) -> Response:
    newest = log[-1] if log else None
    title = "New guideline" if newest is None else title_of(newest)
    return await console.response(
        request,
        principal,
        tx,
        "guideline.html",
        status=typed.status,
        further=(Crumb("Library", LIBRARY), title)[1:],
        title=title,
        guideline=newest,
        log=log[::-1],
        name_of=await namer(
            request.app.state.resources.common_database(), principal.tenant_id, [each.made_by for each in log]
        ),
        values=dict.fromkeys(LABELS, "") | dict(typed.values or (_shown(newest) if newest else {})),
        errors=typed.errors,
        path=f"{LIBRARY}/{newest.id}" if newest else NEW,
        may_write=principal.may("library:write"),
        max_stance=MAX_STANCE_CHARS,
        max_points=MAX_POINTS,
        **_words(),
    )


def _words() -> dict[str, Any]:
    return {
        "library_path": LIBRARY,
        "labels": LABELS,
        "topics": {"": "any topic", **TOPIC_TITLES},
        "severities": {"": "any severity", **SEVERITY_NAMES},
        "languages": {code: LANGUAGE_NAMES[code] for code in sorted(LANGUAGES, key=LANGUAGE_NAMES.__getitem__)},
        "title_of": title_of,
    }


def _order(each: Revision) -> tuple[str, str, str]:
    return each.language, each.topic or "", each.severity or ""
