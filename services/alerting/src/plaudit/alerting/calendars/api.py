"""HTTP: calendars and lists of holidays."""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from plaudit.alerting.calendars import commands, store
from plaudit.alerting.calendars.commands import Fits
from plaudit.alerting.calendars.domain import ALWAYS_NAME, InvalidCalendarError
from plaudit.alerting.calendars.domain.calendar import MAX_OVERRIDES, NAME_PATTERN
from plaudit.alerting.calendars.domain.days import days_of, today_of
from plaudit.alerting.calendars.domain.definition import (
    NAME_OF_PREVIEW,
    BuiltInCalendarError,
    CalendarChangedError,
    CalendarRevision,
    NoCalendarError,
    TooManyCalendarsError,
    build,
)
from plaudit.alerting.calendars.domain.holiday_lists import (
    FIRST_HOLIDAY_YEAR,
    LAST_HOLIDAY_YEAR,
    HolidayRule,
    country_of,
    holidays_between,
)
from plaudit.alerting.calendars.schemas import (
    CalendarIn,
    CalendarOut,
    CalendarPreviewOut,
    CalendarsOut,
    HolidaysOut,
    always_out,
    calendar_out,
    holidays_out,
    preview_out,
)
from plaudit.common.http import (
    Page,
    Paging,
    Principal,
    Problem,
    Refusals,
    TenantTx,
    authorize,
    conflict,
    describe,
    unprocessable,
)
from plaudit.common.http.headers import revisions_of
from plaudit.common.http.problems import against_rule, precondition_failed
from plaudit.common.http.texts import StorableText
from plaudit.common.row_numbers import RevisionNumber

PREVIEW_DAYS: Final = 30
OVERRIDE_BYTES: Final = 1_024
"""Of an override with as many intervals and as long a reason as it may have, in UTF-8."""
BODY_LIMITS: Final = {"/v1/calendars": MAX_OVERRIDES * OVERRIDE_BYTES + 65_536}
"""Of a calendar with as many overrides as it may have, with the rest of a body."""
MAX_PREVIEW_DAYS: Final = 366
_ANY_REVISION: Final = range(1, 10**9)
PROBLEMS: Final = {
    "built-in-calendar": "Every tenant has a calendar of this name, and nobody changes it. Choose another name.",
    "invalid-calendar": "A part of the calendar breaks a rule; `errors` names its place. Correct it.",
    "too-many-calendars": "The tenant has as many calendars as it may have. Change one of them.",
    "unknown-holidays": "There is no such country, subdivision or category; `errors` names the nearest known ones.",
}
"""Slug → meaning and what to do."""


def _invalid(error: InvalidCalendarError) -> Problem:
    told = against_rule("body", error.pointer, "invalid_calendar", error.rule)
    return unprocessable("invalid-calendar", f"{error.rule[:1].upper()}{error.rule[1:]}.", [told])


REFUSALS: Final[Refusals] = {
    BuiltInCalendarError: lambda error: conflict("built-in-calendar", str(error)),
    TooManyCalendarsError: lambda error: conflict("too-many-calendars", str(error)),
    CalendarChangedError: lambda error: precondition_failed(str(error)),
    NoCalendarError: lambda error: Problem("not-found", 404, "Not found", str(error)),
    InvalidCalendarError: _invalid,
}
"""What the rules refuse → the problem that the client gets."""

router = APIRouter(tags=["calendars"])
Reader = Annotated[Principal, Depends(authorize("clocks:read"))]
Writer = Annotated[Principal, Depends(authorize("clocks:write"))]
Name = Annotated[str, Path(description="The calendar's name.", pattern=NAME_PATTERN, examples=["berlin"])]
IfMatch = Annotated[str | None, Header(description="Do it only if the calendar's entity tag is still one of these.")]


async def fits_of(request: Request) -> Fits | None:
    """Return what refuses calendars that do not fit, as the service has declared in `app.state.calendar_fits`."""
    fits: Fits | None = getattr(request.app.state, "calendar_fits", None)
    return fits


@router.get("/v1/calendars", summary="List calendars")
async def list_calendars(principal: Reader, tx: TenantTx) -> CalendarsOut:
    """List the calendar that every tenant has, `always`, and the tenant's own: at most 100."""
    own = await store.present(tx, principal.tenant_id)
    return CalendarsOut(items=[always_out(), *map(calendar_out, own)])


@router.post(
    f"/v1/calendars/{NAME_OF_PREVIEW}",
    summary="Preview a calendar",
    openapi_extra=describe(problems={"invalid-calendar": 422}),
)
async def preview_calendar(
    principal: Reader,
    tx: TenantTx,
    body: CalendarIn,
    days: Annotated[int, Query(ge=1, le=MAX_PREVIEW_DAYS, description="How many dates.", examples=[2])] = PREVIEW_DAYS,
) -> CalendarPreviewOut:
    """Show what the next days of a calendar look like: what is open, and which holidays close it. Nothing is stored."""
    del principal  # who may read calendars may try one
    calendar = build(body.definition(), "preview", 0, tx.now.date())
    return preview_out(calendar, days_of(calendar, today_of(calendar, tx.now), days))


@router.get(
    "/v1/calendars/{calendar_name}",
    summary="Read a calendar",
    openapi_extra=describe(problems={"not-found": 404}, headers=("ETag",)),
)
async def read_calendar(principal: Reader, tx: TenantTx, calendar_name: Name, response: Response) -> CalendarOut:
    """Read the latest revision of a calendar. The built-in one has revision 0 in its entity tag."""
    if calendar_name == ALWAYS_NAME:
        response.headers["ETag"] = '"0"'
        return always_out()
    return _answer(await commands.find(tx, principal.tenant_id, calendar_name), response)


@router.put(
    "/v1/calendars/{calendar_name}",
    summary="Set a calendar",
    openapi_extra=describe(
        problems={"built-in-calendar": 409, "too-many-calendars": 409, "invalid-calendar": 422}, headers=("ETag",)
    ),
)
async def set_calendar(
    principal: Writer,
    tx: TenantTx,
    calendar_name: Name,
    body: CalendarIn,
    response: Response,
    fits: Annotated[Fits | None, Depends(fits_of)],
    if_match: IfMatch = None,
) -> CalendarOut:
    """Make a calendar, or change all of it, as a new revision; the same again changes nothing.

    Its holidays are looked up now and kept with the revision. Clocks that run keep the revision that they began with.
    A calendar with which the policy in force would no longer hold is refused, such as one by which a severer class is
    due later than a milder one.
    """
    revision = await commands.set_calendar(
        tx,
        principal.tenant_id,
        calendar_name,
        body.definition(),
        principal.actor,
        expected_revisions=_revisions(if_match),
        fits=fits,
    )
    return _answer(revision, response)


@router.get(
    "/v1/calendars/{calendar_name}/revisions",
    summary="List revisions of a calendar",
    openapi_extra=describe(problems={"not-found": 404}),
)
async def list_calendar_revisions(
    principal: Reader, tx: TenantTx, calendar_name: Name, paging: Paging
) -> Page[CalendarOut]:
    """List who set what and when, the latest first. The built-in one has none."""
    (before,) = paging.after(tuple[RevisionNumber]) or (None,)
    found = await store.revisions(tx, principal.tenant_id, calendar_name, before, paging.rows)
    if not found and before is None and calendar_name != ALWAYS_NAME:
        await commands.find(tx, principal.tenant_id, calendar_name)
    return paging.page(found, lambda each: (each.revision,), calendar_out)


@router.get("/v1/holidays", summary="List holidays", openapi_extra=describe(problems={"unknown-holidays": 422}))
async def list_holidays(
    principal: Reader,
    country: Annotated[
        StorableText, Query(max_length=60, description="ISO 3166 code of two letters.", examples=["IE"])
    ],
    year: Annotated[
        int, Query(ge=FIRST_HOLIDAY_YEAR, le=LAST_HOLIDAY_YEAR, description="Of the dates.", examples=[2027])
    ],
    category: Annotated[
        list[StorableText],
        Query(max_length=20, description="Kinds of holidays; may be repeated.", examples=[["public"]]),
    ],
    subdivision: Annotated[
        StorableText | None, Query(max_length=60, description="State or province; the whole country, if not given.")
    ] = None,
) -> HolidaysOut:
    """List the holidays of a year, with all subdivisions and categories that a calendar can choose."""
    del principal  # the lists are everybody's
    rule = HolidayRule(country, subdivision, tuple(category))
    try:
        return holidays_out(country_of(rule), holidays_between(rule, date(year, 1, 1), date(year + 1, 1, 1)))
    except InvalidCalendarError as error:
        _, _, parameter = error.pointer.partition("/holidays/")
        pointer = f"/{parameter.replace('categories', 'category')}"
        told = against_rule("query", pointer, "unknown_holidays", error.rule)
        raise unprocessable("unknown-holidays", f"{error.rule[:1].upper()}{error.rule[1:]}.", [told]) from error


def _answer(revision: CalendarRevision, response: Response) -> CalendarOut:
    response.headers["ETag"] = f'"{revision.revision}"'
    return calendar_out(revision)


def _revisions(if_match: str | None) -> Collection[int] | None:
    """Return the revisions of which the header If-Match wants one; with `*`, any of a calendar that there is."""
    if if_match is None:
        return None
    wanted = revisions_of(if_match)
    return _ANY_REVISION if wanted is None else wanted
