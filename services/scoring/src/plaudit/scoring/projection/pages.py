"""The console's page of projection: where a score goes, and what it takes to be elsewhere."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from plaudit.common.http import Principal, TenantTx
from plaudit.common.sessions import ConsolePages, Typed, staff
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING
from plaudit.scoring.projection.api import project
from plaudit.scoring.projection.domain.outlook import (
    LATER_DAYS,
    PACE_DAYS,
    RAISED_TO,
    PastDateError,
    arrives,
)
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.domain import UnknownSubjectError, half_stars
from plaudit.scoring.scores.pages import Words, asked_of, bounds_of_day, of_unknown, steps_to

PROJECTION: Final = "/console/scores/projection"
DAYS_A_WEEK: Final = 7
DAYS_A_MONTH: Final = 30

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.scoring.projection", "plaudit.scoring.insight")
Staff = Annotated[Principal, Depends(staff("scores:read"))]


@router.get(PROJECTION)
async def show_projection(
    request: Request,
    principal: Staff,
    tx: TenantTx,
    profile: NamedProfile,
    choices: Choices,
    subject: Words = "",
    target: Words = "",
    by: Words = "",
) -> Response:
    """Show where a score goes, and what it takes to be elsewhere; a day is meant until its end, in UTC."""
    typed = _read(subject.strip().strip("/"), target.strip(), by.strip())
    subject = typed.values["subject"]
    found = None
    if subject and not typed.errors:
        wanted = _number(typed.values["target"]) if typed.values["target"] else None
        day_asked = bounds_of_day(typed.values["by"])
        until = day_asked and day_asked[1]
        try:
            found = await project(tx, principal.tenant_id, subject, profile, target=wanted, by=until)
        except PastDateError:
            typed = Typed(typed.values, {"by": "It must be in the future."})
        except UnknownSubjectError as error:
            typed = of_unknown(typed, error)
    return await console.response(
        request,
        principal,
        tx,
        "projection.html",
        status=typed.status,
        further=steps_to(subject, profile, "Where it goes") if found else ("Where a score goes",),
        subject=subject,
        profile=profile,
        choices=choices,
        typed=typed,
        found=found,
        path=PROJECTION,
        later_days=LATER_DAYS,
        pace_days=PACE_DAYS,
        raised_to=RAISED_TO,
        half_stars=half_stars,
        pace_words=pace_words,
        day=day,
        arrives=arrives,
    )


def pace_words(per_day: float) -> str:
    """Return a pace as people say it: `3.2 a day`, `2.5 a week` or `1.2 a month`; at least a tenth is told."""
    if per_day >= 1:
        return f"{per_day:,.1f} a day"
    if per_day * DAYS_A_WEEK >= 1:
        return f"{per_day * DAYS_A_WEEK:.1f} a week"
    return f"{max(per_day * DAYS_A_MONTH, 0.1):.1f} in 30 days"


def day(at: datetime | None) -> str:
    """Return a day as `3 March 2027`, in UTC."""
    return "after the year 9999" if at is None else f"{at.day} {at:%B %Y}"


def _read(subject: str, target: str, by: str) -> Typed:
    """Return what the form holds, with what is wrong in it."""
    score = _number(target)
    return asked_of(
        {"subject": subject, "target": target.replace(",", "."), "by": by},
        {
            "target": "" if not target or score is not None else f"A score is from {MIN_RATING:g} to {MAX_RATING:g}.",
            "by": "" if not by or bounds_of_day(by) else "This is no day.",
        },
    )


def _number(text: str) -> float | None:
    try:
        score = float(text.replace(",", "."))
    except ValueError:
        return None
    return score if MIN_RATING <= score <= MAX_RATING else None
