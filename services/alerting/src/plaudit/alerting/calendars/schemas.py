"""Calendars as the API has them."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from plaudit.alerting.calendars.domain import ALWAYS, Calendar, Holiday, Interval, InvalidCalendarError, Override
from plaudit.alerting.calendars.domain.calendar import MAX_INTERVALS, MAX_OVERRIDES, MAX_REASON_CHARS, WEEKDAYS
from plaudit.alerting.calendars.domain.days import Day, notes_of
from plaudit.alerting.calendars.domain.definition import CalendarRevision, Definition
from plaudit.alerting.calendars.domain.holiday_lists import Country, HolidayRule
from plaudit.alerting.calendars.domain.writing import UnreadableHoursError, interval_of, interval_text
from plaudit.alerting.calendars.domain.zones import tz_version
from plaudit.common.http import Body

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOURS: Final = (
    "Open hours in their order, such as `09:00-12:00`; until midnight is `24:00`, and `22:00-06:00` goes on into the "
    "next date. Empty: closed."
)
_ZONE: Final = "The time zone by its name in the IANA database."
_EXAMPLE_WEEK: Final = {day: ["09:00-12:00", "13:00-17:00"] if day in WEEKDAYS[:5] else [] for day in WEEKDAYS}
_EXAMPLE_RULE: Final = {"country": "DE", "subdivision": "BE", "categories": ["public"]}
_OF_IRELAND: Final = (
    ("2027-01-01", "New Year's Day"),
    ("2027-02-01", "Saint Brigid's Day"),
    ("2027-03-17", "Saint Patrick's Day"),
    ("2027-03-29", "Easter Monday"),
    ("2027-05-03", "May Bank Holiday"),
    ("2027-06-07", "June Bank Holiday"),
    ("2027-08-02", "August Bank Holiday"),
    ("2027-10-25", "October Bank Holiday"),
    ("2027-12-25", "Christmas Day"),
    ("2027-12-26", "Saint Stephen's Day"),
)
"""The public holidays of 2027, for the example of a list."""
_KNOWN_UNTIL: Final = (
    "Its holidays are known from 2025-03-01 until before 2028-04-01; outside of that, no date counts as one. "
    "The list is made anew a year before it ends."
)
_EXAMPLE_OVERRIDE: Final = {"date": "2027-12-24", "hours": ["09:00-12:00"], "name": "Christmas Eve"}


def _written_as_date(value: Any) -> Any:
    """Refuse what pydantic would also take for a date, such as a number of seconds."""
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        raise PydanticCustomError("date", "a date is written as 2027-12-24")
    return value


Hours = Annotated[list[Annotated[str, Field(max_length=20)]], Field(max_length=MAX_INTERVALS)]
Date = Annotated[dt.date, BeforeValidator(_written_as_date)]


def _example(model: type[BaseModel]) -> dict[str, object]:
    """Return the example of a model whose fields all have one."""
    return {name: field.examples[0] for name, field in model.model_fields.items() if field.examples}


class WeekIn(Body):
    """The hours of each weekday."""

    monday: Hours = Field(description=_HOURS, examples=[["09:00-12:00", "13:00-17:00"]])
    tuesday: Hours = Field(description=_HOURS, examples=[["09:00-12:00", "13:00-17:00"]])
    wednesday: Hours = Field(description=_HOURS, examples=[["09:00-12:00", "13:00-17:00"]])
    thursday: Hours = Field(description=_HOURS, examples=[["09:00-12:00", "13:00-17:00"]])
    friday: Hours = Field(description=_HOURS, examples=[["09:00-12:00", "13:00-17:00"]])
    saturday: Hours = Field(description=_HOURS, examples=[[]])
    sunday: Hours = Field(description=_HOURS, examples=[[]])


class OverrideIn(Body):
    """What is open on one date instead of its weekday's hours, also where it is a holiday."""

    date: Date = Field(description="The local date.", examples=["2027-12-24"])
    hours: Hours = Field(description=_HOURS, examples=[["09:00-12:00"]])
    name: str = Field(
        default="", max_length=MAX_REASON_CHARS, description="Why it differs, for people.", examples=["Christmas Eve"]
    )


class HolidaysIn(Body):
    """Which holidays are closed."""

    country: str = Field(
        min_length=1, max_length=60, description="ISO 3166 code of two letters.", examples=[_EXAMPLE_RULE["country"]]
    )
    subdivision: str | None = Field(
        default=None,
        min_length=1,
        max_length=60,
        description="A state or province, as `GET /v1/holidays` names it; null: what the whole country has.",
        examples=[_EXAMPLE_RULE["subdivision"]],
    )
    categories: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(
        max_length=20,
        description="Kinds of holidays, as `GET /v1/holidays` names them. Look at the list before you choose: Good "
        "Friday of Hong Kong is in `optional`.",
        examples=[["public"]],
    )


class CalendarIn(Body):
    """What a calendar is to be."""

    zone: str = Field(min_length=1, max_length=60, description=_ZONE, examples=["Europe/Berlin"])
    week: WeekIn = Field(description="The hours of all seven weekdays.", examples=[_EXAMPLE_WEEK])
    overrides: list[OverrideIn] = Field(
        default=[], max_length=MAX_OVERRIDES, description="Dates that differ.", examples=[[_EXAMPLE_OVERRIDE]]
    )
    holidays: HolidaysIn | None = Field(
        default=None, description="Which holidays are closed; null: none.", examples=[_EXAMPLE_RULE]
    )

    def definition(self) -> Definition:
        """Return what the body says, as the domain has it.

        Raises:
            InvalidCalendarError: hours cannot be read, or a date comes twice.
        """
        week = tuple(_intervals(f"/week/{day}", getattr(self.week, day)) for day in WEEKDAYS)
        overrides: dict[dt.date, Override] = {}
        for number, each in enumerate(self.overrides):
            if each.date in overrides:
                raise InvalidCalendarError(f"/overrides/{number}/date", "a date has one override")
            hours = _intervals(f"/overrides/{number}/hours", each.hours)
            overrides[each.date] = Override(hours, each.name.strip())
        rule = self.holidays
        return Definition(
            zone=self.zone,
            week=week,
            overrides=overrides,
            holidays=None if rule is None else HolidayRule(rule.country, rule.subdivision, tuple(rule.categories)),
        )


class HolidayOut(BaseModel):
    """A holiday."""

    date: dt.date = Field(description="The local date.", examples=["2027-01-01"])
    name: str = Field(description="In English where the list has it.", examples=["New Year's Day"])
    is_estimated: bool = Field(
        description="Whether the date depends on an observation that is still to come, and may move.", examples=[False]
    )


class HolidaysRuleOut(BaseModel):
    """Which holidays are closed."""

    country: str = Field(description="ISO 3166 code of two letters.", examples=["DE"])
    subdivision: str | None = Field(description="State or province; null: the whole country.", examples=["BE"])
    categories: list[str] = Field(description="Kinds of holidays.", examples=[["public"]])


class OverrideOut(BaseModel):
    """What is open on one date."""

    date: dt.date = Field(description="The local date.", examples=["2027-12-24"])
    hours: list[str] = Field(description="Open hours; empty: closed.", examples=[["09:00-12:00"]])
    name: str = Field(description="Why it differs.", examples=["Christmas Eve"])


class CalendarOut(BaseModel):
    """One revision of a calendar; it never changes."""

    name: str = Field(description="As policies name it.", examples=["berlin"])
    is_built_in: bool = Field(description="Whether every tenant has it, and nobody changes it.", examples=[False])
    revision: int = Field(description="Counted from 1; 0 of a built-in one.", examples=[1])
    zone: str = Field(description=_ZONE, examples=["Europe/Berlin"])
    week: dict[str, list[str]] = Field(description="Weekday → open hours.", examples=[_EXAMPLE_WEEK])
    overrides: list[OverrideOut] = Field(description="Dates that differ, in order.", examples=[[_EXAMPLE_OVERRIDE]])
    holidays: HolidaysRuleOut | None = Field(
        description="Which holidays are closed; null: none.", examples=[_EXAMPLE_RULE]
    )
    holiday_count: int = Field(description="How many dates its list has.", examples=[32])
    holidays_from: dt.date | None = Field(
        description="The first date of which it is known whether it is a holiday; null: it has no list.",
        examples=["2025-03-01"],
    )
    holidays_to: dt.date | None = Field(
        description="The first date of which it is no longer known. From it on no date counts as a holiday; the list "
        "is made anew, as a further revision, a year before it ends.",
        examples=["2028-04-01"],
    )
    tzdata: str = Field(description="Version of the time zone data that it was made under.", examples=[tz_version()])
    changed_at: dt.datetime | None = Field(
        description="When this revision was made; null of a built-in one.", examples=["2026-03-03T09:00:00Z"]
    )
    changed_by: str | None = Field(
        description="The key or the person; `renewal` where its holidays were looked up anew; null of a built-in one.",
        examples=["key:abcdefghijklmnop"],
    )


class OpenOut(BaseModel):
    """A time that is open."""

    start: dt.datetime = Field(description="With the offset of the zone.", examples=["2026-12-01T09:00:00+01:00"])
    end: dt.datetime = Field(description="With the offset of the zone.", examples=["2026-12-01T12:00:00+01:00"])


def _day_example(day: str, weekday: str) -> dict[str, object]:
    hours = [("09:00", "12:00"), ("13:00", "17:00")]
    times = [{"start": f"{day}T{start}:00+01:00", "end": f"{day}T{end}:00+01:00"} for start, end in hours]
    return {
        "date": day,
        "weekday": weekday,
        "open": times,
        "open_seconds": 7 * 3_600,
        "holiday": None,
        "override": None,
    }


class DayOut(BaseModel):
    """One local date of a calendar."""

    date: dt.date = Field(description="The local date.", examples=["2026-12-01"])
    weekday: str = Field(description="Its name.", examples=["tuesday"])
    open: list[OpenOut] = Field(
        description="What is open on it; what goes on past midnight is cut there.",
        examples=[[{"start": "2026-12-01T09:00:00+01:00", "end": "2026-12-01T12:00:00+01:00"}]],
    )
    open_seconds: int = Field(description="How much is open.", examples=[25200])
    holiday: HolidayOut | None = Field(
        description="The holiday that it is, also where an override opens it; null: none.", examples=[None]
    )
    override: str | None = Field(
        description="Why it differs from its weekday, which may be empty; null: it does not.", examples=[None]
    )


class CalendarPreviewOut(BaseModel):
    """What the next days of a calendar look like."""

    zone: str = Field(description=_ZONE, examples=["Europe/Berlin"])
    days: list[DayOut] = Field(
        description="The next local dates, today first.",
        examples=[[_day_example("2026-03-03", "tuesday"), _day_example("2026-03-04", "wednesday")]],
    )
    open_seconds: int = Field(description="How much is open in these days.", examples=[50400])
    notes: list[str] = Field(
        description="What to know before it is set, as sentences: estimates, changes of clocks, the end of the list.",
        examples=[[_KNOWN_UNTIL]],
    )


class HolidaysOut(BaseModel):
    """The holidays of a year, and what else there is to choose."""

    country: str = Field(description="ISO 3166 code.", examples=["IE"])
    country_name: str = Field(description="In English.", examples=["Ireland"])
    subdivisions: list[str] = Field(description="All that there are, by codes and by names.", examples=[[]])
    categories: list[str] = Field(description="All that there are.", examples=[["optional", "public"]])
    items: list[HolidayOut] = Field(
        description="In order.",
        examples=[[{"date": day, "name": name, "is_estimated": False} for day, name in _OF_IRELAND]],
    )


def _of_calendar(calendar: Calendar) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "revision": calendar.revision,
        "zone": calendar.zone,
        "week": {day: list(map(interval_text, hours)) for day, hours in zip(WEEKDAYS, calendar.week, strict=True)},
        "overrides": [
            OverrideOut(date=day, hours=list(map(interval_text, each.intervals)), name=each.name)
            for day, each in sorted(calendar.overrides.items())
        ],
        "holiday_count": len(calendar.holidays),
        "holidays_from": calendar.holidays_from,
        "holidays_to": calendar.holidays_to,
        "tzdata": calendar.tzdata,
    }


def calendar_out(revision: CalendarRevision) -> CalendarOut:
    """Return a revision."""
    rule = revision.definition.holidays
    return CalendarOut(
        **_of_calendar(revision.calendar),
        is_built_in=False,
        holidays=None
        if rule is None
        else HolidaysRuleOut(country=rule.country, subdivision=rule.subdivision, categories=list(rule.categories)),
        changed_at=revision.changed_at,
        changed_by=revision.changed_by,
    )


def always_out() -> CalendarOut:
    """Return the calendar that every tenant has."""
    return CalendarOut(**_of_calendar(ALWAYS), is_built_in=True, holidays=None, changed_at=None, changed_by=None)


class CalendarsOut(BaseModel):
    """All calendars of a tenant."""

    items: list[CalendarOut] = Field(
        description="The built-in one first, then the tenant's own by name, each in its latest revision.",
        examples=[[always_out().model_dump(mode="json"), _example(CalendarOut)]],
    )


def preview_out(calendar: Calendar, days: Sequence[Day]) -> CalendarPreviewOut:
    """Return what some days of a calendar look like."""
    return CalendarPreviewOut(
        zone=calendar.zone,
        days=[_day_out(day) for day in days],
        open_seconds=sum(int(day.open_time.total_seconds()) for day in days),
        notes=notes_of(calendar, days),
    )


def holiday_out(day: dt.date, holiday: Holiday) -> HolidayOut:
    """Return a holiday."""
    return HolidayOut(date=day, name=holiday.name, is_estimated=holiday.is_estimated)


def holidays_out(country: Country, found: Mapping[dt.date, Holiday]) -> HolidaysOut:
    """Return the holidays of a year."""
    return HolidaysOut(
        country=country.code,
        country_name=country.name,
        subdivisions=list(country.subdivisions),
        categories=list(country.categories),
        items=[holiday_out(day, holiday) for day, holiday in sorted(found.items())],
    )


def _day_out(day: Day) -> DayOut:
    return DayOut(
        date=day.date,
        weekday=day.weekday,
        open=[OpenOut(start=start, end=end) for start, end in day.open],
        open_seconds=int(day.open_time.total_seconds()),
        holiday=None if day.holiday is None else holiday_out(day.date, day.holiday),
        override=None if day.override is None else day.override.name,
    )


def _intervals(pointer: str, texts: Sequence[str]) -> tuple[Interval, ...]:
    found = []
    for number, text in enumerate(texts):
        try:
            found.append(interval_of(text))
        except UnreadableHoursError as error:
            raise InvalidCalendarError(f"{pointer}/{number}", str(error)) from error
    return tuple(found)
