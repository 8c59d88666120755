"""Calendars that follow one another, and a zone whose data changes under a calendar."""

from datetime import timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain import (
    Pause,
    Stretch,
    due_across,
    due_at,
    elapsed,
    elapsed_across,
)
from plaudit_testing.calendars import calendar, utc

SUNDAY = utc("2026-06-07 00:00")
# Ticket 941606 of Fivetran's decision log, in minutes of a week: 3600-4440 and 5040-5880, 3780-4350 and 5220-5790.
CHICAGO = calendar("Etc/UTC", Tue="12:00-02:00", Wed="12:00-02:00")
SAN_FRANCISCO = calendar("Etc/UTC", Tue="15:00-24:30", Wed="15:00-24:30")


def of_week(minutes):
    return SUNDAY + timedelta(minutes=minutes)


FOLLOWING = (Stretch(CHICAGO, SUNDAY), Stretch(SAN_FRANCISCO, of_week(5461.25)))


def test_each_schedule_counts_for_its_own_time():
    passed = elapsed_across(FOLLOWING, of_week(3902), of_week(5461.46))
    assert passed == timedelta(minutes=959.46)


def test_by_the_last_schedule_alone_it_would_be_another_figure():
    assert elapsed(SAN_FRANCISCO, of_week(3902), of_week(5461.46)) == timedelta(minutes=689.46)


def test_it_is_due_by_what_has_passed_under_each():
    start = of_week(3902)
    for minutes in (1, 538, 539, 959):
        due = due_across(FOLLOWING, start, minutes * 60)
        assert elapsed_across(FOLLOWING, start, due) == timedelta(minutes=minutes)
    assert due_across(FOLLOWING, start, 538 * 60) == of_week(4440)
    # 959.25 minutes had passed when the calendar changed; the next are those of San Francisco.
    assert due_across(FOLLOWING, start, 960 * 60) == of_week(5462)


def test_a_calendar_that_counted_before_the_start_does_not_count():
    assert due_across(FOLLOWING, of_week(5500), 60) == due_at(SAN_FRANCISCO, of_week(5500), 60)


def test_a_pause_over_the_change_counts_under_neither():
    pause = Pause(of_week(5400), of_week(5500), "waiting")
    passed = elapsed_across(FOLLOWING, of_week(5380), of_week(5520), [pause])
    assert passed == timedelta(minutes=40)
    assert due_across(FOLLOWING, of_week(5380), 40 * 60, [pause]) == of_week(5520)
    assert due_across(FOLLOWING, of_week(5380), 40 * 60, [Pause(of_week(5400), None, "waiting")]) is None


@given(st.integers(0, 10_000), st.integers(0, 10**6), st.integers(0, 20_000))
def test_a_calendar_that_follows_itself_changes_nothing(start, seconds, change):
    same = (Stretch(CHICAGO, SUNDAY), Stretch(CHICAGO, of_week(change)))
    assert due_across(same, of_week(start), seconds) == due_at(CHICAGO, of_week(start), seconds)


def test_no_calendar_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        due_across((), SUNDAY, 60)


def test_a_changed_offset_moves_the_future_and_the_calendar_stays_the_same(monkeypatch):
    """A government moves its clocks: the same revision is computed anew under other data of the zone."""
    start = utc("2027-06-07 06:00")
    before = calendar("Europe/Berlin", Mon_Fri="09:00-17:00")
    assert due_at(before, start, 3600) == utc("2027-06-07 08:00")

    def standing_still(name):
        return timezone(timedelta(hours=1), name)

    monkeypatch.setattr("plaudit.alerting.calendars.domain.calendar.zone_named", standing_still)
    after = calendar("Europe/Berlin", Mon_Fri="09:00-17:00")
    assert due_at(after, start, 3600) == utc("2027-06-07 09:00")
    assert after == before
