"""The console's page of what people complain about and praise."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx
from plaudit.common.sessions import ConsolePages, staff
from plaudit.scoring.insight import store
from plaudit.scoring.insight.api import read
from plaudit.scoring.insight.domain.kept import PERSONA_TITLES
from plaudit.scoring.insight.domain.report import Change, Insight
from plaudit.scoring.insight.domain.window import DEFAULT_DAYS, UnknownSubjectError, window_of

COMPLAINTS: Final = "/console/scores/complaints"
REVIEWS: Final = "/console/reviews"
LIMIT: Final = 12
"""Terms of each list."""
KNOWN_SUBJECTS: Final = 20
"""That are offered where none is asked for."""
DAYS: Final = {"30": "30 days", "90": "90 days", "180": "180 days", "365": "a year"}
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
) -> Response:
    """Show what reviews of a subject complain about and praise; a choice that there is not counts as none."""
    subject = subject.strip().strip("/")
    days = days if days in DAYS else str(DEFAULT_DAYS)
    persona = persona if persona in PERSONAS else ""
    found: Insight | None = None
    error = SUBJECT_RULE if subject and not is_subject(subject) else ""
    if subject and not error:
        found, error = await _found(tx, principal.tenant_id, subject, persona, int(days))
    return await console.response(
        request,
        principal,
        tx,
        "complaints.html",
        status=422 if error else 200,
        further=("Complaints",),
        path=COMPLAINTS,
        reviews_path=REVIEWS,
        subject=subject,
        days=days,
        persona=persona,
        error=error,
        found=found,
        known=[] if found else await store.first_prefixes(tx, principal.tenant_id, KNOWN_SUBJECTS),
        choices={"days": DAYS, "persona": PERSONAS},
        day=day,
        bars=bars,
        change_words=change_words,
    )


def day(of: date) -> str:
    """Return a day for people: `2 March 2026`."""
    return f"{of:%-d %B %Y}"


def change_words(change: Change) -> str:
    """Return a change for people: `Possibly a larger share since about 9 February 2026`."""
    share = {"rising": "larger share", "falling": "smaller share"}[change.direction]
    words = share.capitalize() if change.is_certain else f"Possibly a {share}"
    return f"{words} since about {day(change.since)}" if change.since else words


def bars(weeks: Sequence[int]) -> list[tuple[int, float]]:
    """Return place and height, from 0 to 1, of a bar for each week that has one."""
    most = max(weeks, default=0)
    return [(place, count / most) for place, count in enumerate(weeks) if count]


async def _found(tx: SqlTx, tenant_id: str, subject: str, persona: str, days: int) -> tuple[Insight | None, str]:
    today = tx.now.date()
    window = window_of(today - timedelta(days=days - 1), None, today)
    try:
        return await read(tx, tenant_id, subject, persona, None, window, LIMIT), ""
    except UnknownSubjectError as error:
        return None, str(error).replace("`", "")
