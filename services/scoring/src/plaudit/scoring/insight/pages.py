"""The console's page of what people complain about and praise."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.contracts.mentions import PERSONA_TITLES
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx
from plaudit.common.pages.navigation import Crumb
from plaudit.common.sessions import ConsolePages, staff
from plaudit.scoring.insight import store
from plaudit.scoring.insight.domain.report import Change, Ease, Insight
from plaudit.scoring.insight.domain.window import DEFAULT_DAYS, UnknownSubjectError, Window, window_of
from plaudit.scoring.profiles.domain import NAME_PATTERN, ORIGIN_LABELS
from plaudit.scoring.sources import store as sources
from plaudit.scoring.sources.domain import names_apart

COMPLAINTS: Final = "/console/scores/complaints"
SUBJECT: Final = "/console/scores/subject"
"""The page of one subject, of a room above this one."""
TITLE: Final = "Complaints and praise"
REVIEWS: Final = "/console/reviews"
LIMIT: Final = 12
"""Terms of each list."""
KNOWN_SUBJECTS: Final = 20
"""That are offered where none is asked for."""
DAYS: Final = {"30": "30 days", "90": "90 days", "180": "180 days", "365": "a year"}
ANYWHERE: Final = "anywhere"
MAX_SOURCES: Final = 100
"""That can be chosen."""
PERSONAS: Final = {"": "anyone", **PERSONA_TITLES}

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.insight")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


@router.get(COMPLAINTS)
async def show_complaints(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    subject: Annotated[str, Query()] = "",
    days: Annotated[str, Query()] = "",
    persona: Annotated[str, Query()] = "",
    source: Annotated[str, Query()] = "",
    profile: Annotated[str, Query()] = "",
) -> Response:
    """Show what reviews of a subject complain about and praise; a choice that there is not counts as none.

    No profile weighs here. Its name is kept for the pages that this one leads to, and that it was led to from.
    """
    subject = subject.strip().strip("/")
    by = {"profile": profile} if re.fullmatch(NAME_PATTERN, profile) else {}
    days = days if days in DAYS else str(DEFAULT_DAYS)
    persona = persona if persona in PERSONAS else ""
    origins: Mapping[str, str] = {"": ANYWHERE}
    found: Insight | None = None
    error = SUBJECT_RULE if subject and not is_subject(subject) else ""
    if subject and not error:
        window = _window(int(days), tx.now.date())
        origins = await _sources(tx, principal.tenant_id, subject, window)
        source = source if source in origins else ""
        found, error = await _found(tx, principal.tenant_id, subject, persona, source, window)
    return await console.response(
        request,
        principal,
        tx,
        "complaints.html",
        status=422 if error else 200,
        further=(Crumb(subject, f"{SUBJECT}?{urlencode({'subject': subject} | by)}"), TITLE) if found else (TITLE,),
        path=COMPLAINTS,
        reviews_path=REVIEWS,
        subject=subject,
        days=days,
        persona=persona,
        source=source,
        profile=by.get("profile", ""),
        error=error,
        found=found,
        known=[] if found else await store.first_prefixes(tx, principal.tenant_id, KNOWN_SUBJECTS),
        choices={"days": DAYS, "persona": PERSONAS, "source": origins},
        may_read_reviews=principal.may("reviews:read"),
        those=those_in_words(found, persona, origins.get(source, "")) if found else "",
        day=day,
        bars=bars,
        change_words=change_words,
        ease_words=ease_words,
        origin_labels=ORIGIN_LABELS,
    )


def day(of: date) -> str:
    """Return a day for people: `2 March 2026`."""
    return f"{of:%-d %B %Y}"


def change_words(change: Change) -> str:
    """Return a change for people: `Possibly a larger share since about 9 February 2026`."""
    share = {"rising": "larger share", "falling": "smaller share"}[change.direction]
    words = share.capitalize() if change.is_certain else f"Possibly a {share}"
    return f"{words} since about {day(change.since)}" if change.since else words


class FigureInWords(NamedTuple):
    """A figure for people, and what it is."""

    value: str
    words: str


def ease_words(ease: Ease) -> FigureInWords:
    """Return how easily it was solved, from 1 to 7, as those said who were asked."""
    if ease.mean is None:
        return FigureInWords("not told", "how easily it was solved: nobody was asked, or answered")
    likely = f", likely {ease.interval.low:.1f} to {ease.interval.high:.1f}" if ease.interval else ""
    return FigureInWords(f"{ease.mean:.1f}", f"of 7: how easily it was solved, said by {ease.answers:,}{likely}")


def bars(weeks: Sequence[int]) -> list[tuple[int, float]]:
    """Return place and height, from 0 to 1, of a bar for each week that has one."""
    most = max(weeks, default=0)
    return [(place, count / most) for place, count in enumerate(weeks) if count]


def those_in_words(found: Insight, persona: str, source: str) -> str:
    """Return which reviews the page is of: `1 March 2026 to today, against as many days before, from Shop`."""
    words = f"{day(found.window.start)} to today, against as many days before"
    by = f", by writers of one kind: {PERSONAS[persona].lower()}" if persona else ""
    return f"{words}{by}{f', from {source}' if source != ANYWHERE else ''}."


def _window(days: int, today: date) -> Window:
    return window_of(today - timedelta(days=days - 1), None, today)


async def _sources(tx: SqlTx, tenant_id: str, subject: str, window: Window) -> dict[str, str]:
    """Return the choices of sources, by their names: id → words."""
    found = [str(source_id) for source_id in await store.sources(tx, tenant_id, subject, window, MAX_SOURCES)]
    names = names_apart(await sources.named(tx, tenant_id, found), found)
    return {"": ANYWHERE, **dict(sorted(names.items(), key=lambda each: (each[1].casefold(), each[0])))}


async def _found(
    tx: SqlTx, tenant_id: str, subject: str, persona: str, source: str, window: Window
) -> tuple[Insight | None, str]:
    try:
        return await store.read(tx, tenant_id, subject, persona, UUID(source) if source else None, window, LIMIT), ""
    except UnknownSubjectError as error:
        return None, str(error).replace("`", "")
