"""What may be a calendar, how hours are written, and what a list of holidays knows."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain import (
    ALWAYS,
    Calendar,
    CalendarRef,
    Holiday,
    Interval,
    InvalidCalendarError,
    Override,
    due_at,
)
from plaudit.alerting.calendars.domain.calendar import MAX_HOLIDAYS, MAX_INTERVALS, MAX_OVERRIDES
from plaudit.alerting.calendars.domain.days import days_of, notes_of
from plaudit.alerting.calendars.domain.definition import (
    CalendarRevision,
    Definition,
    build,
    document_of,
    next_revision,
    revision_of,
)
from plaudit.alerting.calendars.domain.fingerprints import fingerprint
from plaudit.alerting.calendars.domain.form import definition_typed, form_of
from plaudit.alerting.calendars.domain.holiday_lists import HolidayRule, frozen_from, frozen_to, holidays_between
from plaudit.alerting.calendars.domain.writing import (
    UnreadableHoursError,
    interval_of,
    interval_text,
    intervals_of,
    intervals_text,
)
from plaudit.alerting.calendars.domain.zones import UnknownZoneError, zone_named
from plaudit_testing.calendars import calendar, utc

TODAY = date(2026, 11, 30)
NOW = utc("2026-11-30 09:00")
DAY = (Interval(540, 1020),)
OFFICE = Definition(zone="Europe/Berlin", week=(*(DAY,) * 5, (), ()), holidays=HolidayRule("DE", "BE"))


def _week(**days):
    return tuple(days.get(day, ()) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))


@pytest.mark.parametrize(
    ("week", "pointer"),
    [
        (((),) * 7, "/week"),
        ((DAY,) * 6, "/week"),
        (_week(mon=(Interval(600, 600),)), "/week/monday/0"),
        (_week(mon=(Interval(600, 500),)), "/week/monday/0"),
        (_week(mon=(Interval(-1, 500),)), "/week/monday/0"),
        (_week(mon=(Interval(1440, 1500),)), "/week/monday/0"),
        (_week(mon=(Interval(0, 2881),)), "/week/monday/0"),
        (_week(tue=(Interval(540, 720), Interval(719, 800))), "/week/tuesday/1"),
        (_week(sun=(Interval(1320, 1800),), mon=(Interval(359, 400),)), "/week/monday"),
        (_week(mon=tuple(Interval(each, each + 1) for each in range(0, 2 * MAX_INTERVALS + 2, 2))), "/week/monday"),
    ],
)
def test_a_week_that_cannot_be_is_refused_where_it_is_wrong(week, pointer):
    with pytest.raises(InvalidCalendarError) as refused:
        Calendar(zone="Europe/Berlin", week=week)
    assert refused.value.pointer == pointer


def test_what_touches_does_not_overlap():
    touching = Calendar(
        zone="Europe/Berlin", week=_week(mon=(Interval(540, 720), Interval(720, 1800)), tue=(Interval(360, 400),))
    )
    assert due_at(touching, utc("2026-06-01 07:00"), 21 * 3600) == utc("2026-06-02 04:00")


def test_an_override_may_not_reach_into_the_hours_of_the_next_date_nor_the_date_before_into_it():
    for day, hours in ((date(2026, 6, 1), Interval(1320, 2000)), (date(2026, 6, 3), Interval(0, 100))):
        with pytest.raises(InvalidCalendarError) as refused:
            Calendar(
                zone="Europe/Berlin",
                week=_week(tue=(Interval(540, 1800),), wed=(Interval(400, 500),)),
                overrides={day: Override((hours,))},
            )
        assert refused.value.pointer == "/overrides/0/intervals"


def test_there_are_limits_of_overrides_and_holidays():
    many = [TODAY + timedelta(days=number) for number in range(MAX_HOLIDAYS + 1)]
    with pytest.raises(InvalidCalendarError, match="1,000 overrides"):
        Calendar(zone="Etc/UTC", week=_week(mon=DAY), overrides=dict.fromkeys(many[: MAX_OVERRIDES + 1], Override(())))
    with pytest.raises(InvalidCalendarError, match="2,000 holidays"):
        Calendar(zone="Etc/UTC", week=_week(mon=DAY), holidays=dict.fromkeys(many, Holiday("closed")))


def test_a_zone_that_there_is_not_names_one_near_it():
    for given_name in ("Europe/Berln", "berlin", "BERLIN"):
        with pytest.raises(UnknownZoneError, match="Europe/Berlin"):
            zone_named(given_name)
    with pytest.raises(UnknownZoneError):
        zone_named("../zones")
    with pytest.raises(UnknownZoneError):
        zone_named("Factory")


@pytest.mark.parametrize(
    ("old", "new"),
    [("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata"), ("Asia/Rangoon", "Asia/Yangon")],
)
def test_a_zone_that_was_renamed_has_both_names_and_one_time(old, new):
    at = datetime(2026, 7, 1, tzinfo=UTC)
    assert at.astimezone(zone_named(old)).utcoffset() == at.astimezone(zone_named(new)).utcoffset()


def test_a_calendar_in_which_nothing_is_open_in_the_time_of_its_list_is_refused():
    mondays = [TODAY + timedelta(days=7 * number) for number in range(120)]
    closed = Definition(
        zone="Europe/Berlin", week=_week(mon=DAY), overrides=dict.fromkeys(mondays, Override((), "closed for good"))
    )
    with pytest.raises(InvalidCalendarError, match="nothing is open from today to 2028-12-01"):
        build(closed, "berlin", 1, TODAY)


def test_an_override_opens_a_holiday_and_closes_a_weekday():
    hours = calendar(
        "Etc/UTC", "2026-06-01", overrides={"2026-06-01": "10:00-11:00", "2026-06-02": "closed"}, Mon_Fri="09:00-17:00"
    )
    assert due_at(hours, utc("2026-06-01 00:00"), 1800) == utc("2026-06-01 10:30")
    assert due_at(hours, utc("2026-06-01 10:30"), 3600) == utc("2026-06-03 09:30")


def test_always_is_around_the_clock_and_named():
    assert (ALWAYS.is_always, ALWAYS.ref) == (True, CalendarRef("always", 0))
    assert not calendar("Etc/UTC", "2026-06-01", Mon_Sun="00:00-24:00").is_always


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("09:00-17:00", (540, 1020)),
        ("9:00 - 17:00", (540, 1020)),
        ("09:00–17:00", (540, 1020)),
        ("00:00-24:00", (0, 1440)),
        ("22:00-06:00", (1320, 1800)),
        ("22:00-24:00", (1320, 1440)),
        ("22:00-30:00", (1320, 1800)),
        ("09:00-34:00", (540, 2040)),
    ],
)
def test_hours_are_read_as_people_write_them(text, interval):
    assert interval_of(text) == interval


@pytest.mark.parametrize(
    "text", ["", "9-17", "09:00", "09:00-", "09:60-10:00", "24:00-25:00", "09:00-09:00", "a", "09:00-49:00"]
)
def test_other_texts_are_no_hours(text):
    with pytest.raises(UnreadableHoursError, match="22:00-06:00"):
        interval_of(text)


@given(st.integers(0, 1439), st.integers(1, 2880))
def test_hours_are_read_back_as_they_were_written(start, length):
    interval = Interval(start, min(start + length, 2880))
    if (interval.to_minute - interval.from_minute) != 1440:
        assert interval_of(interval_text(interval)) == interval
    assert intervals_of(intervals_text(())) == ()


@given(st.integers(0, 1439))
def test_a_whole_day_from_any_minute_is_read_back_too(start):
    interval = Interval(start, start + 1440)
    assert interval_of(interval_text(interval)) == interval


def test_a_list_is_counted_from_the_month_in_which_it_is_made():
    assert (frozen_from(TODAY), frozen_to(TODAY)) == (date(2025, 11, 1), date(2028, 12, 1))
    assert (frozen_from(date(2026, 1, 31)), frozen_to(date(2026, 12, 31))) == (date(2025, 1, 1), date(2029, 1, 1))


def test_lists_know_one_off_days_and_abolished_ones():
    berlin = holidays_between(HolidayRule("DE", "BE"), date(2025, 1, 1), date(2026, 1, 1))
    denmark = {
        year: {
            each.name for each in holidays_between(HolidayRule("DK"), date(year, 1, 1), date(year + 1, 1, 1)).values()
        }
        for year in (2023, 2024)
    }
    assert date(2025, 5, 8) in berlin
    assert "Great Prayer Day" in denmark[2023]
    assert "Great Prayer Day" not in denmark[2024]


def test_what_follows_the_moon_is_marked_and_named_without_the_mark():
    found = holidays_between(HolidayRule("AE"), date(2028, 1, 1), date(2029, 1, 1))
    assert found[date(2028, 1, 1)] == Holiday("New Year's Day")
    assert found[date(2028, 2, 26)] == Holiday("Eid al-Fitr", is_estimated=True)


def test_outside_of_its_list_a_calendar_says_that_it_knows_no_holidays_and_goes_on_by_its_week():
    built = build(OFFICE, "berlin", 1, TODAY)
    assert built.knows_holidays_of(date(2028, 11, 30))
    assert not built.knows_holidays_of(date(2028, 12, 1))
    assert not built.knows_holidays_of(date(2025, 10, 31))
    christmas = days_of(built, date(2028, 12, 25), 1)
    assert (christmas[0].holiday, christmas[0].knows_holidays, christmas[0].spans) == (None, False, ["09:00-17:00"])
    assert due_at(built, utc("2028-12-22 15:00"), 3600 * 2) == utc("2028-12-25 09:00")
    assert any("until before 2028-12-01" in note for note in notes_of(built, []))
    without = build(replace(OFFICE, holidays=None), "berlin", 1, TODAY)
    assert without.knows_holidays_of(date(2100, 1, 1))
    assert notes_of(without, []) == []


def test_what_is_stored_is_read_back_whole():
    nights = replace(
        OFFICE,
        week=_week(fri=(Interval(1320, 1800),), mon=(Interval(0, 1440),)),
        overrides={date(2026, 12, 24): Override(DAY, "Christmas Eve"), date(2026, 12, 27): Override(())},
    )
    made = next_revision(nights, "berlin", None, "person:somebody", NOW)
    document = msgspec.json.decode(msgspec.json.encode(document_of(made)))
    read = revision_of(document, "berlin", 1, made.calendar.tzdata, made.changed_at, made.changed_by)
    assert read == made
    assert isinstance(read, CalendarRevision)
    assert fingerprint(read.calendar, 2026) == fingerprint(made.calendar, 2026)


def test_the_same_again_is_no_revision_and_a_later_list_is_one():
    first = next_revision(OFFICE, "berlin", None, "key:a", NOW)
    assert first.revision == 1
    assert next_revision(OFFICE, "berlin", first, "key:b", NOW) is None
    later = next_revision(OFFICE, "berlin", first, "key:b", NOW + timedelta(days=40))
    assert (later.revision, later.calendar.holidays_to) == (2, date(2029, 2, 1))
    plain = replace(OFFICE, holidays=None)
    second = next_revision(plain, "berlin", first, "key:b", NOW)
    assert next_revision(plain, "berlin", second, "key:b", NOW + timedelta(days=400)) is None


def test_a_form_is_read_back_as_it_was_filled():
    filled = replace(
        OFFICE,
        week=_week(fri=(Interval(1320, 1800),), mon=(Interval(0, 720), Interval(780, 1440))),
        overrides={
            date(2026, 12, 24): Override((*DAY, Interval(1080, 1140)), "A day, 9 to 5"),
            date(2026, 12, 27): Override(()),
        },
    )
    assert definition_typed(form_of(filled, "berlin")) == (filled, {})


def test_dates_are_shown_with_what_is_open_and_why():
    hours = calendar(
        "Europe/Berlin", "2026-03-30", overrides={"2026-03-31": "10:00-11:00"}, Sat="22:00-06:00", Mon="09:00-17:00"
    )
    saturday, sunday, monday, tuesday = days_of(hours, date(2026, 3, 28), 4)
    assert (saturday.spans, sunday.spans, monday.spans, tuesday.spans) == (
        ["22:00-24:00"],
        ["00:00-06:00"],
        ["closed"],
        ["10:00-11:00"],
    )
    assert (sunday.changes_clocks, sunday.length, sunday.open_time) == (True, timedelta(hours=23), timedelta(hours=5))
    assert (monday.holiday, tuesday.override, saturday.weekday) == (
        Holiday("holiday"),
        Override((Interval(600, 660),)),
        "saturday",
    )


def test_two_calendars_of_the_same_open_time_have_one_fingerprint_and_another_offset_has_another():
    berlin = calendar("Europe/Berlin", Mon_Fri="09:00-17:00")
    assert fingerprint(berlin, 2026) == fingerprint(calendar("Europe/Paris", Mon_Fri="09:00-17:00"), 2026)
    assert fingerprint(berlin, 2026) != fingerprint(calendar("Europe/London", Mon_Fri="09:00-17:00"), 2026)
    assert fingerprint(ALWAYS, 2026) != fingerprint(berlin, 2026)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_first_and_the_last_of_all_dates_may_differ(day):
    past_midnight = (Interval(22 * 60, 30 * 60),)
    calendar = Calendar(zone="Europe/Berlin", week=(past_midnight,) * 7, overrides={day: Override(past_midnight)})
    assert calendar.intervals_on(day) == past_midnight
