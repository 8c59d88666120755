"""The console's pages of calendars: all of them, one by months, and the form that previews and sets one."""

import calendar as months
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from plaudit.alerting.calendars import commands, store
from plaudit.alerting.calendars.api import fits_of
from plaudit.alerting.calendars.domain import ALWAYS, ALWAYS_NAME, Calendar, InvalidCalendarError
from plaudit.alerting.calendars.domain.calendar import MAX_OVERRIDES, WEEKDAYS
from plaudit.alerting.calendars.domain.days import Day, days_of, notes_of, today_of
from plaudit.alerting.calendars.domain.definition import (
    MAX_CALENDARS,
    CalendarChangedError,
    CalendarRevision,
    NoCalendarError,
    TooManyCalendarsError,
    build,
    check_new_name,
)
from plaudit.alerting.calendars.domain.form import OFFICE, definition_typed, error_of, form_of
from plaudit.alerting.calendars.domain.holiday_lists import countries
from plaudit.alerting.calendars.domain.timeline import FIRST_YEAR, LAST_YEAR
from plaudit.alerting.calendars.domain.writing import intervals_text
from plaudit.alerting.calendars.domain.zones import zone_names
from plaudit.common.db import SqlTx
from plaudit.common.http import Principal, TenantTx, not_found
from plaudit.common.http.limits import form_bytes
from plaudit.common.pages.navigation import Crumb
from plaudit.common.people.naming import namer
from plaudit.common.sessions import ConsolePages, done, staff

CALENDARS: Final = "/console/calendars"
NEW: Final = f"{CALENDARS}/-/new"
"""No calendar can have this name."""
PREVIEW_DAYS: Final = 30
SHOWN_REVISIONS: Final = 10
COMING_HOLIDAYS: Final = 12
OVERRIDE_BYTES: Final = 750
"""Of the longest line of the form, in UTF-8."""
BODY_LIMITS: Final = {CALENDARS: form_bytes(MAX_OVERRIDES * OVERRIDE_BYTES)}
"""Of a calendar with as many overrides as it may have."""
MAX_FORM_FIELDS: Final = 30
OLD_FORM: Final = "Somebody has changed the calendar since this page was shown. Nothing is saved; look, and try again."
NO_COUNTRY: Final = "none: open on holidays"
LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "zone": "Time zone",
    **{day: day.capitalize() for day in WEEKDAYS},
    "country": "Holidays of",
    "subdivision": "State or province",
    "categories": "Kinds of holidays",
    "overrides": "Dates that differ",
}
"""Field → its label."""
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")

router = APIRouter(include_in_schema=False)
console = ConsolePages("plaudit.alerting.calendars")
Reader = Annotated[Principal, Depends(staff("clocks:read"))]
Writer = Annotated[Principal, Depends(staff("clocks:read", "clocks:write"))]


@router.get(CALENDARS)
async def show_calendars(request: Request, principal: Reader, tx: TenantTx) -> Response:
    """Show all calendars, and what they are doing now."""
    own = await store.present(tx, principal.tenant_id)
    return await console.response(
        request,
        principal,
        tx,
        "calendars.html",
        rows=[(each, _state(each.calendar, tx), _week_in_words(each.calendar)) for each in own],
        most=MAX_CALENDARS,
        countries=countries(),
        may_change=principal.may("clocks:write"),
        calendars_path=CALENDARS,
        new_path=NEW,
    )


@router.get(NEW)
async def show_new(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show the form of a new calendar, filled in as an office has it."""
    return await _form_page(request, principal, tx, None, OFFICE)


@router.post(NEW)
async def make(request: Request, principal: Writer, tx: TenantTx) -> Response:
    """Show what a new calendar looks like, or make it."""
    return await _act(request, principal, tx, None)


@router.get(f"{CALENDARS}/{{name}}")
async def show_calendar(request: Request, principal: Reader, tx: TenantTx, name: str, month: str = "") -> Response:
    """Show a calendar by months: the present one, unless the address says another."""
    revision = await _find(tx, principal, name)
    calendar = ALWAYS if revision is None else revision.calendar
    today = today_of(calendar, tx.now)
    first = _first_of(month) or today.replace(day=1)
    days = days_of(calendar, first, months.monthrange(first.year, first.month)[1])
    coming = [(day, each) for day, each in sorted(calendar.holidays.items()) if day >= today]
    past = [] if revision is None else await store.revisions(tx, principal.tenant_id, name, None, SHOWN_REVISIONS)
    return await console.response(
        request,
        principal,
        tx,
        "calendar.html",
        further=(calendar.name,),
        calendar=calendar,
        revision=revision,
        state=_state(calendar, tx),
        week=_week_in_words(calendar),
        weeks=_weeks(days),
        month=f"{first:%B %Y}",
        open_hours=_hours(days),
        before=_month_before(first),
        after=_month_after(first),
        today=today,
        notes=[] if revision is None else notes_of(calendar, days),
        coming=coming[:COMING_HOLIDAYS],
        coming_count=len(coming),
        country=None if revision is None else _country_in_words(revision),
        past=past,
        name_of=await namer(
            request.app.state.resources.common_database(), principal.tenant_id, [each.changed_by for each in past]
        ),
        may_change=principal.may("clocks:write") and revision is not None,
        calendars_path=CALENDARS,
    )


@router.get(f"{CALENDARS}/{{name}}/change")
async def show_form(request: Request, principal: Writer, tx: TenantTx, name: str) -> Response:
    """Show a calendar in its form."""
    revision = await _find(tx, principal, name)
    if revision is None:
        raise not_found("calendar that can be changed")
    return await _form_page(request, principal, tx, revision, form_of(revision.definition, name))


@router.post(f"{CALENDARS}/{{name}}/change")
async def act(request: Request, principal: Writer, tx: TenantTx, name: str) -> Response:
    """Show what a changed calendar looks like, or set it."""
    revision = await _find(tx, principal, name)
    if revision is None:
        raise not_found("calendar that can be changed")
    return await _act(request, principal, tx, revision)


async def _find(tx: SqlTx, principal: Principal, name: str) -> CalendarRevision | None:
    """Return the latest revision of a calendar; None for the built-in one.

    Raises:
        Problem: 404 where there is none.
    """
    if name == ALWAYS_NAME:
        return None
    try:
        return await commands.find(tx, principal.tenant_id, name)
    except NoCalendarError as error:
        raise not_found("calendar") from error


async def _act(request: Request, principal: Principal, tx: SqlTx, latest: CalendarRevision | None) -> Response:
    typed = await request.form(max_files=0, max_fields=MAX_FORM_FIELDS, max_part_size=BODY_LIMITS[CALENDARS])
    texts = _texts(typed, latest)
    definition, errors = definition_typed(texts)
    if definition is None:
        return await _form_page(request, principal, tx, latest, texts, errors)
    try:
        check_new_name(texts["name"], latest)
        if typed.get("do") == "save":
            expected = [_seen(typed)]
            await commands.set_calendar(
                tx,
                principal.tenant_id,
                texts["name"],
                definition,
                principal.actor,
                expected_revisions=expected,
                fits=await fits_of(request),
            )
            path = f"{CALENDARS}/{texts['name']}"
            return done(
                request, path, f"The calendar {texts['name']} is saved. Clocks that run keep the one they have."
            )
        shown = build(definition, texts["name"], 0, tx.now.date())
    except InvalidCalendarError as error:
        return await _form_page(request, principal, tx, latest, texts, error_of(error))
    except CalendarChangedError:
        return await _form_page(request, principal, tx, latest, texts, {"name": OLD_FORM})
    except TooManyCalendarsError as error:
        return await _form_page(request, principal, tx, latest, texts, {"name": str(error)})
    return await _form_page(request, principal, tx, latest, texts, shown=shown)


def _texts(typed: FormData, latest: CalendarRevision | None) -> dict[str, str]:
    def text(name: str) -> str:
        value = typed.get(name, "")
        return value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""

    texts = {name: text(name) for name in OFFICE}
    return texts if latest is None else texts | {"name": latest.name}


def _seen(typed: FormData) -> int:
    """Return the revision that the form was shown with; one that there is not, where it does not say."""
    seen = typed.get("seen", "")
    return int(seen) if isinstance(seen, str) and re.fullmatch(r"[0-9]{1,9}", seen) else -1


async def _form_page(
    request: Request,
    principal: Principal,
    tx: SqlTx,
    latest: CalendarRevision | None,
    texts: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    *,
    shown: Calendar | None = None,
) -> Response:
    title = "New calendar" if latest is None else f"Change {latest.name}"
    days = [] if shown is None else days_of(shown, today_of(shown, tx.now), PREVIEW_DAYS)
    way = (title,) if latest is None else (Crumb(latest.name, f"{CALENDARS}/{latest.name}"), "Change")
    return await console.response(
        request,
        principal,
        tx,
        "calendar_form.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        further=way,
        title=title,
        latest=latest,
        texts=texts,
        errors=errors or {},
        labels=LABELS,
        weekdays=WEEKDAYS,
        zones=sorted(zone_names()),
        countries={"": NO_COUNTRY} | {code: f"{name} ({code})" for code, name in _by_name()},
        shown=shown,
        weeks=_weeks(days),
        open_hours=_hours(days),
        notes=[] if shown is None else notes_of(shown, days),
        holidays=[] if shown is None else sorted(shown.holidays.items()),
        form_path=NEW if latest is None else f"{CALENDARS}/{latest.name}/change",
        today=None if shown is None else today_of(shown, tx.now),
    )


def _by_name() -> list[tuple[str, str]]:
    return sorted(countries().items(), key=lambda each: each[1])


def _state(calendar: Calendar, tx: SqlTx) -> tuple[bool, str]:
    """Return whether a calendar is open now, and until when that stays so."""
    at = tx.now
    [today] = days_of(calendar, today_of(calendar, at), 1)
    if calendar.is_always:
        return True, "open around the clock"
    for start, end in today.open:
        if start <= at < end:
            return True, f"open until {'midnight' if end.date() != start.date() else f'{end:%H:%M}'}"
        if at < start:
            return False, f"closed until {start:%H:%M}"
    return False, "closed for today"


def _week_in_words(calendar: Calendar) -> list[tuple[str, str]]:
    """Return days and their hours; weekdays of the same hours that follow one another are one row."""
    rows: list[tuple[str, str, str]] = []
    for day, intervals in zip(WEEKDAYS, calendar.week, strict=True):
        hours = intervals_text(intervals)
        if rows and rows[-1][2] == hours:
            rows[-1] = (rows[-1][0], day, hours)
        else:
            rows.append((day, day, hours))
    return [(_days_in_words(first, last), hours) for first, last, hours in rows]


def _days_in_words(first: str, last: str) -> str:
    return first.capitalize() if first == last else f"{first.capitalize()} to {last.capitalize()}"


def _country_in_words(revision: CalendarRevision) -> str | None:
    rule = revision.definition.holidays
    if rule is None:
        return None
    where = countries().get(rule.country, rule.country)
    where = where if rule.subdivision is None else f"{where}, {rule.subdivision}"
    return f"{where}: {', '.join(rule.categories)}"


def _weeks(days: Sequence[Day]) -> list[list[Day | None]]:
    """Return days as rows of seven from Monday on; None for what belongs to other months or is not shown."""
    if not days:
        return []
    cells: list[Day | None] = [None] * days[0].date.weekday()
    cells += days
    cells += [None] * (-len(cells) % len(WEEKDAYS))
    return [cells[start : start + len(WEEKDAYS)] for start in range(0, len(cells), len(WEEKDAYS))]


def _hours(days: Sequence[Day]) -> str:
    return f"{sum((day.open_time for day in days), timedelta()) / timedelta(hours=1):,.5g}"


def _first_of(month: str) -> date | None:
    """Return the first date of a month written as 2026-12; None where it is none, or too far away."""
    match = _MONTH.fullmatch(month)
    if match is None or not FIRST_YEAR < int(match[1]) < LAST_YEAR:
        return None
    return date(int(match[1]), int(match[2]), 1)


def _month_before(first: date) -> str:
    return f"{first - timedelta(days=1):%Y-%m}"


def _month_after(first: date) -> str:
    return f"{first + timedelta(days=31):%Y-%m}"
