"""Hours on the days on which clocks change; vectors of our own, and those of zendesk/biz and the tz database."""

import json
from datetime import date, datetime, timedelta

import pytest

from plaudit.alerting.calendars.domain import Calendar, Interval, due_at, elapsed, next_open, segments
from plaudit.alerting.calendars.domain.zones import zone_named
from plaudit_testing.calendars import calendar, local, utc
from plaudit_testing.shared import shared

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"


def around_the_clock(zone):
    """Around the clock by its segments, not by the short way: one date far away differs."""
    return calendar(zone, overrides={"2150-01-01": "closed"}, Mon_Sun="00:00-24:00")


def office(zone, *holidays):
    return calendar(zone, *holidays, Mon_Fri="09:00-17:00")


def nights(zone):
    return calendar(zone, Mon_Sun="22:00-06:00")


def with_lunch(zone):
    return calendar(zone, Mon_Fri="09:00-12:00, 13:00-17:00")


@pytest.mark.parametrize(
    ("hours", "start", "minutes", "due"),
    [
        (around_the_clock(BERLIN), "2026-03-28 23:00", 480, "2026-03-29 06:00"),
        (around_the_clock(BERLIN), "2026-10-24 23:00", 480, "2026-10-25 05:00"),
        (office(BERLIN), "2026-03-27 16:00", 120, "2026-03-30 08:00"),
        (office(BERLIN), "2026-10-23 16:00", 120, "2026-10-26 09:00"),
        (office(NEW_YORK), "2026-03-06 16:30", 60, "2026-03-09 13:30"),
        (office(NEW_YORK), "2026-10-30 16:30", 60, "2026-11-02 14:30"),
        (nights(BERLIN), "2026-03-28 23:00", 300, "2026-03-29 03:00"),
        (nights(BERLIN), "2026-10-24 23:00", 300, "2026-10-25 02:00"),
        (around_the_clock(LORD_HOWE), "2026-04-04 23:00", 300, "2026-04-04 17:00"),
        (around_the_clock(LORD_HOWE), "2026-10-03 23:00", 300, "2026-10-03 17:30"),
        (around_the_clock("America/Sao_Paulo"), "2018-11-03 22:00", 240, "2018-11-04 05:00"),
        (office("Asia/Kathmandu"), "2026-06-05 16:00", 120, "2026-06-08 04:15"),
        (with_lunch(BERLIN), "2026-06-05 11:30", 120, "2026-06-05 12:30"),
        (with_lunch(BERLIN), "2026-06-05 12:15", 60, "2026-06-05 12:00"),
        (office(BERLIN), "2026-06-05 09:00", 480, "2026-06-05 15:00"),
        (office(BERLIN), "2026-06-05 17:00", 60, "2026-06-08 08:00"),
        (office(BERLIN, "2026-04-03", "2026-04-06"), "2026-04-02 16:00", 120, "2026-04-07 08:00"),
        (
            office(BERLIN, "2026-12-24", "2026-12-25", "2026-12-28", "2026-12-31", "2027-01-01"),
            "2026-12-23 16:30",
            1440,
            "2027-01-04 15:30",
        ),
        (office("Pacific/Apia"), "2011-12-29 16:00", 120, "2012-01-01 20:00"),
    ],
)
def test_due_times_of_our_own(hours, start, minutes, due):
    assert due_at(hours, local(start, hours.zone), minutes * 60) == utc(due)


@pytest.mark.parametrize(
    ("text", "day", "hours"),
    [
        ("02:30-05:30", "2026-03-29", 2),
        ("02:30-05:30", "2026-10-25", 4),
        ("01:00-02:30", "2026-03-29", 1.5),
        ("01:00-02:30", "2026-10-25", 1.5),
    ],
)
def test_an_end_within_a_change_is_the_first_occurrence_or_moves_by_the_gap(text, day, hours):
    sundays = calendar(BERLIN, Sun=text)
    start = utc(f"{day} 00:00") - timedelta(hours=12)
    assert elapsed(sundays, start, start + timedelta(hours=48)) == timedelta(hours=hours)


def test_samoa_has_no_hours_on_the_date_that_it_skipped():
    around = around_the_clock("Pacific/Apia")
    [(start, end)] = segments(around, utc("2011-12-29 12:00"), utc("2012-01-01 12:00"))
    assert end - start == timedelta(days=3)
    assert segments(office("Pacific/Apia"), utc("2011-12-30 04:00"), utc("2012-01-01 10:00")) == []


def test_a_shift_that_begins_in_a_gap_over_midnight_is_not_lost():
    """Scoresbysund went from 23:00 to 00:00 of the next date: nights began at midnight then."""
    night = nights("America/Scoresbysund")
    [(start, end)] = segments(night, utc("2025-03-29 12:00"), utc("2025-03-30 12:00"))
    assert (start, end) == (utc("2025-03-30 00:00"), utc("2025-03-30 07:00"))
    late = calendar("America/Scoresbysund", Sat="23:00-07:00")
    [(start, end)] = segments(late, utc("2025-03-29 12:00"), utc("2025-03-30 12:00"))
    assert (start, end) == (utc("2025-03-30 01:00"), utc("2025-03-30 08:00"))


@pytest.fixture(scope="module")
def vectors():
    return json.loads(shared("vectors", "calendar_iso_weeks_dst.json").read_text(encoding="utf-8"))


def _moment(text):
    return datetime.fromisoformat(text)


def test_published_rules_of_wall_times(vectors):
    cases = vectors["wall_time_rules"]["cases"]
    walls = [case for case in cases if case["wall"][0].isdigit()]
    assert len(walls) == 3
    for case in walls:
        day, clock = case["wall"].split("T")
        hour, minute = map(int, clock.split(":"))
        start = date.fromisoformat(day) + timedelta(days=hour // 24)
        hours = calendar(
            case["zone"], overrides={start.isoformat(): f"{hour % 24:02}:{minute:02}-12:00"}, Wed="01:00-02:00"
        )
        assert next_open(hours, _moment(case["utc"]) - timedelta(hours=9)) == _moment(case["utc"]), case
    [dropped] = [case for case in cases if case not in walls]
    hours = calendar(dropped["zone"], Sun="02:30-03:15", Mon="09:00-17:00")
    [first, *_] = segments(hours, utc("2006-04-02 00:00"), utc("2006-04-05 00:00"))
    assert [each.isoformat() for each in first] == [_moment(each).isoformat() for each in dropped["utc"]]


def test_days_are_as_long_as_the_zone_says(vectors):
    lengths = vectors["day_lengths_computed"]
    assert lengths
    for case in lengths:
        day = date.fromisoformat(case["local_date"])
        week = [()] * 7
        week[day.weekday()] = (Interval(0, 1440),)
        hours = Calendar(zone=case["zone"], week=tuple(week))
        first, following = _moment(case["first_instant_utc"]), _moment(case["next_day_first_instant_utc"])
        around = segments(hours, first - timedelta(hours=20), following + timedelta(hours=20))
        assert around == [(first, following)], case
        assert elapsed(hours, first, following) == timedelta(hours=case["length_hours"])


def test_open_time_across_each_change_is_what_lies_between(vectors):
    checked = 0
    for zone, changes in vectors["transitions_computed"]["zones"].items():
        hours = around_the_clock(zone)
        for change in changes:
            at = _moment(change["utc"])
            for seconds in (1, 1_800, 3_600, 7_200, 86_400):
                assert due_at(hours, at - timedelta(hours=1), seconds) == at + timedelta(seconds=seconds - 3_600)
            # The local date on which clocks change is as much shorter or longer.
            before = timedelta(minutes=change["offset_before_min"])
            last = timedelta(seconds=1) if change["kind"] == "repeat" else timedelta()
            day = (at - last + before).date()
            morning = calendar(zone, overrides={day.isoformat(): "00:00-24:00"}, Wed="12:00-12:01")
            found = segments(morning, at - timedelta(hours=40), at + timedelta(hours=40))
            [(start, end)] = [each for each in found if each[1] - each[0] > timedelta(hours=20)]
            moved = timedelta(minutes=change["offset_after_min"] - change["offset_before_min"])
            assert start.astimezone(zone_named(zone)).date() == day
            assert end - start == timedelta(days=1) - moved
            checked += 1
    assert checked > 50


def test_weeks_of_an_instant_are_those_of_its_local_date(vectors):
    for case in vectors["week_of_an_instant_computed"]:
        day = _moment(case["instant"]).astimezone(zone_named(case["zone"])).date()
        year, week, _ = day.isocalendar()
        assert (day.isoformat(), f"{year}-W{week:02}") == (case["local_date"], case["iso_week_local"])


def test_iso_weeks_and_years_of_53(vectors):
    for case in vectors["iso_weeks"]["published"]:
        year, week, _ = date.fromisoformat(case["date"]).isocalendar()
        assert (week, f"{year}-W{week:02}") == (case["iso_week"], case["iso_label_computed"])
    found = [year for year in range(2001, 2100) if date(year, 12, 28).isocalendar().week == 53]
    assert found == vectors["iso_weeks"]["years_with_53_weeks"]
