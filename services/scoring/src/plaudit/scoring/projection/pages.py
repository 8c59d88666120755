"""The console's page of projection: where a score goes, and what it takes to be elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from plaudit.common.http import Principal, TenantTx
from plaudit.common.pages.charts import Series, Threshold, time_chart
from plaudit.common.sessions import ConsolePages, Typed, staff
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING
from plaudit.scoring.projection import store
from plaudit.scoring.projection.api import MAX_PER_DAY, MIN_PER_DAY
from plaudit.scoring.projection.domain.outlook import (
    LATER_DAYS,
    LEAST_PACE_DAYS,
    PACE_DAYS,
    RAISED_TO,
    Outlook,
    PastDateError,
    Wanted,
    arrives,
)
from plaudit.scoring.scores.api import Choices, NamedProfile
from plaudit.scoring.scores.domain import UnknownSubjectError, half_stars, stars_aloud
from plaudit.scoring.scores.pages import Words, asked_of, bounds_of_day, of_unknown, source_choices, steps_to

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
    per_day: Words = "",
    rating: Words = "",
    source: Words = "",
) -> Response:
    """Show where a score goes, and what it takes to be elsewhere; a day is meant until its end, in UTC.

    A source that there is not counts as none.
    """
    typed = _read(subject.strip().strip("/"), target.strip(), by.strip(), per_day.strip(), rating.strip())
    subject = typed.values["subject"]
    offered = await source_choices(tx, principal.tenant_id)
    source = source if source in offered else ""
    found = None
    if subject and not typed.errors:
        try:
            of_source = UUID(source) if source else None
            asked = _wanted(typed.values)
            found = await store.project(tx, principal.tenant_id, subject, profile, asked, source_id=of_source)
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
        source=source,
        sources=offered,
        typed=typed,
        found=found,
        chart=found and _chart(found, typed.values),
        path=PROJECTION,
        later_days=LATER_DAYS,
        pace_time=found and pace_time(found.pace_days),
        raised_to=RAISED_TO,
        half_stars=half_stars,
        stars_aloud=stars_aloud,
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
    return f"{max(per_day * DAYS_A_MONTH, 0.1):.1f} every 30 days"


def pace_time(days: float) -> str:
    """Return in which time the reviews came that a pace is taken from, such as `the last 90 days`."""
    if days >= PACE_DAYS:
        return f"the last {PACE_DAYS} days"
    return "the first week" if days <= LEAST_PACE_DAYS else f"the {days:.0f} days since the first one"


def day(at: datetime | None) -> str:
    """Return a day as `3 March 2027`, in UTC."""
    return "after the year 9999" if at is None else f"{at.day} {at:%B %Y}"


def _chart(found: Outlook, values: Mapping[str, str]) -> Markup:
    """Return the chart of the next year: both ways, and the score that is wanted."""
    ways = {"if nobody writes": found.idle}
    if found.at_pace:
        ways["at the expected pace" if values["per_day"] or values["rating"] else "at the present pace"] = found.at_pace
    ends = ", ".join(f"{way.course[-1][1]:.2f} {name}" for name, way in ways.items())
    return time_chart(
        [at for at, _ in found.idle.course],
        [Series(name, [score for _, score in way.course]) for name, way in ways.items()],
        title="Day (UTC)",
        summary=f"The score is {found.score:.2f} now; in a year it is {ends}.",
        now=found.at,
        thresholds=[Threshold(found.target.score, "wanted")] if found.target else [],
    )


def _read(subject: str, target: str, by: str, per_day: str, rating: str) -> Typed:
    """Return what the form holds, with what is wrong in it."""
    no_score = f"A score is from {MIN_RATING:g} to {MAX_RATING:g}."
    no_pace = f"This is from {MIN_PER_DAY:g} to {MAX_PER_DAY:,.0f} reviews a day."
    return asked_of(
        {
            "subject": subject,
            "target": target.replace(",", "."),
            "by": by,
            "per_day": per_day.replace(",", "."),
            "rating": rating.replace(",", "."),
        },
        {
            "target": no_score if target and _score(target) is None else "",
            "by": "" if not by or bounds_of_day(by) else "This is no day.",
            "per_day": no_pace if per_day and _number(per_day, MIN_PER_DAY, MAX_PER_DAY) is None else "",
            "rating": no_score if rating and _score(rating) is None else "",
        },
    )


def _wanted(values: Mapping[str, str]) -> Wanted:
    """Return what a form without a mistake asks for."""
    day_asked = bounds_of_day(values["by"])
    return Wanted(
        target=_score(values["target"]),
        by=day_asked and day_asked[1],
        per_day=_number(values["per_day"], MIN_PER_DAY, MAX_PER_DAY),
        rating=_score(values["rating"]),
    )


def _score(text: str) -> float | None:
    return _number(text, MIN_RATING, MAX_RATING)


def _number(text: str, least: float, most: float) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if least <= number <= most else None
