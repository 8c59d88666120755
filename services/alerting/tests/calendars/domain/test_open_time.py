"""What holds of open time whatever the calendar, the zone, the start and the pauses are."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain import (
    ALWAYS,
    Calendar,
    Holiday,
    Interval,
    OutOfReachError,
    Override,
    Pause,
    before,
    due_at,
    due_times,
    elapsed,
    elapsed_seconds,
    longest_wait,
    next_open,
    open_at,
    segments,
    warn_at,
)
from plaudit.alerting.calendars.domain.timeline import moment_of
from plaudit_testing.calendars import calendar, utc

ZONES = (
    "Etc/UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia",
    "Asia/Kathmandu", "Africa/Casablanca", "America/Scoresbysund", "Africa/Cairo", "America/Santiago",
)  # fmt: skip
SECOND = timedelta(seconds=1)


@st.composite
def intervals_of_a_date(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return tuple(Interval(start, end) for start, end in pairs)


@st.composite
def calendars(draw):
    nightly = draw(st.booleans())
    if nightly:
        week = ((Interval(draw(st.integers(1200, 1439)), draw(st.integers(1450, 1900))),),) * 7
    else:
        week = tuple(draw(intervals_of_a_date()) for _ in range(7))
        if not any(week):
            week = ((Interval(540, 1020),), *week[1:])
    near = st.dates(date(2011, 12, 20), date(2012, 1, 10)) | st.dates(date(2026, 3, 1), date(2026, 4, 30))
    holidays = draw(st.dictionaries(near, st.just(Holiday("holiday")), max_size=4))
    overrides = {} if nightly else draw(st.dictionaries(near, st.builds(Override, intervals_of_a_date()), max_size=4))
    return Calendar(zone=draw(st.sampled_from(ZONES)), week=week, holidays=holidays, overrides=overrides)


def moments():
    around = st.sampled_from(
        [utc("2011-12-29 12:00"), utc("2026-03-29 00:00"), utc("2026-10-25 00:00"), utc("2025-03-29 12:00")]
    )
    return st.builds(lambda moment, minutes: moment + timedelta(seconds=minutes), around, st.integers(-(10**6), 10**6))


@st.composite
def pauses_after(draw, start):
    found = []
    for _ in range(draw(st.integers(0, 3))):
        begin = start + timedelta(seconds=draw(st.integers(-50_000, 400_000)))
        found.append(Pause(begin, begin + timedelta(seconds=draw(st.integers(-10, 200_000))), "waiting"))
    return found


targets = st.integers(0, 500_000)


@given(calendars(), moments(), targets, st.data())
def test_what_has_passed_by_the_due_time_is_the_target(hours, start, seconds, data):
    pauses = data.draw(pauses_after(start))
    due = due_at(hours, start, seconds, pauses)
    assert elapsed(hours, start, due, pauses) == seconds * SECOND
    assert elapsed_seconds(hours, start, due, pauses) == seconds
    assert due >= start
    if seconds:
        assert elapsed(hours, start, due - timedelta(microseconds=1), pauses) < seconds * SECOND


@given(calendars(), moments(), st.lists(targets, max_size=3), st.data())
def test_times_that_are_asked_for_together_are_those_asked_for_one_by_one(hours, start, lengths, data):
    for pauses in ([], data.draw(pauses_after(start))):
        assert due_times(hours, start, lengths, pauses) == [due_at(hours, start, each, pauses) for each in lengths]


@given(calendars(), moments(), targets, st.integers(1, 50_000))
def test_a_longer_target_and_a_later_start_are_never_due_earlier(hours, start, seconds, more):
    due = due_at(hours, start, seconds)
    assert due_at(hours, start, seconds + more) > due or seconds == 0
    assert due_at(hours, start, seconds + more) >= due
    assert due_at(hours, start + more * SECOND, seconds) >= due


@given(calendars(), moments(), targets, st.data())
def test_a_further_pause_is_never_due_earlier_and_its_order_does_not_matter(hours, start, seconds, data):
    pauses = data.draw(pauses_after(start))
    further = data.draw(pauses_after(start))
    due = due_at(hours, start, seconds, pauses)
    with_more = due_at(hours, start, seconds, [*pauses, *further])
    assert with_more >= due
    assert with_more == due_at(hours, start, seconds, [*reversed(further), *pauses, *further])


@given(calendars(), moments(), targets, st.data())
def test_a_pause_that_still_lasts_has_no_due_time_unless_it_came_before(hours, start, seconds, data):
    pauses = data.draw(pauses_after(start))
    begin = start + timedelta(seconds=data.draw(st.integers(0, 400_000)))
    due = due_at(hours, start, seconds, pauses)
    found = due_at(hours, start, seconds, [*pauses, Pause(begin, None, "waiting")])
    if seconds:
        assert found == (due if due <= begin else None)
    else:
        assert found == (due if due < begin else None)


@given(calendars(), moments(), st.integers(1, 500_000), st.data())
def test_walking_back_from_the_due_time_passes_the_same_open_time(hours, start, seconds, data):
    pauses = data.draw(pauses_after(start))
    due = due_at(hours, start, seconds, pauses)
    begin = before(hours, due, seconds, pauses)
    assert start <= begin < due
    assert elapsed(hours, begin, due, pauses) == seconds * SECOND


@given(calendars(), moments(), st.integers(1, 500_000), st.integers(0, 99))
def test_a_warning_comes_after_its_share_of_the_open_time(hours, start, seconds, percent):
    warned = warn_at(hours, start, seconds, percent)
    assert warned <= due_at(hours, start, seconds)
    share = timedelta(microseconds=seconds * percent * 10_000)
    assert elapsed(hours, start, warned) == share


@given(calendars(), moments(), st.integers(0, 200_000), st.integers(0, 200_000))
def test_open_time_adds_up(hours, start, first, second):
    middle, end = start + first * SECOND, start + (first + second) * SECOND
    assert elapsed(hours, start, end) == elapsed(hours, start, middle) + elapsed(hours, middle, end)
    found = segments(hours, start, end)
    assert sum((to - begin for begin, to in found), timedelta()) == elapsed(hours, start, end)
    assert all(begin < to for begin, to in found)
    assert all(to < begin for (_, to), (begin, _) in pairwise(found))


@given(calendars(), moments())
def test_the_next_open_moment_is_open_and_none_before_it_is(hours, moment):
    found = next_open(hours, moment)
    assert open_at(hours, found)
    assert elapsed(hours, moment, found) == timedelta()
    assert open_at(hours, moment) == (found == moment)


def opening_by_walking(hours, start, minutes):
    """The minutes from a start in which a calendar is open, by looking at each: no ends in changes, please."""
    tz = ZoneInfo(hours.zone)
    for number in range(minutes):
        local = (start + timedelta(minutes=number)).astimezone(tz)
        of_day = local.hour * 60 + local.minute
        today = hours.intervals_on(local.date())
        yesterday = hours.intervals_on(local.date() - timedelta(days=1))
        is_open = any(begin <= of_day < end for begin, end in today)
        yield is_open or any(begin <= of_day + 1440 < end for begin, end in yesterday)


@settings(max_examples=50)
@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
    st.sampled_from(
        ["09:00-17:00", "09:00-12:00, 13:00-17:00", "22:00-06:00", "00:00-24:00", "05:15-05:45, 23:00-24:00"]
    ),
    st.sampled_from(["2026-03-28 00:00", "2026-10-24 00:00", "2011-12-29 00:00", "2026-03-07 00:00"]),
    st.integers(0, 2_000),
)
def test_it_is_what_a_walk_over_the_minutes_finds(zone, text, day, skipped):
    hours = calendar(zone, "2026-03-30", "2026-10-26", Mon_Sat=text)
    start = utc(day) + timedelta(minutes=skipped)
    walked = sum(opening_by_walking(hours, start, 3 * 1440))
    assert elapsed(hours, start, start + timedelta(days=3)) == timedelta(minutes=walked)


@settings(max_examples=40)
@given(calendars(), st.integers(1, 200_000))
def test_no_start_waits_longer_than_the_longest_wait(hours, seconds):
    since, until = utc("2026-03-20 00:00"), utc("2026-04-10 00:00")
    longest = longest_wait(hours, seconds, since, until)
    starts = [since + timedelta(minutes=397 * number) for number in range(21 * 1440 // 397)]
    starts += [end for _, end in segments(hours, since, until) if end < until]
    waits = [due_at(hours, start, seconds) - start for start in starts]
    assert max(waits) <= longest
    nearly = [due_at(hours, start + timedelta(microseconds=1), seconds) - start for start in starts]
    assert longest <= max([*waits, *nearly, longest_by_landing(hours, seconds, since, until)])


def longest_by_landing(hours, seconds, since, until):
    """The longest wait of starts just after those whose due time is a closing."""
    waits = [timedelta()]
    for _, closing in segments(hours, since, until):
        start = before(hours, closing, seconds) + timedelta(microseconds=1)
        if since <= start < until:
            waits.append(due_at(hours, start, seconds) - start)
    return max(waits)


@given(moments(), targets)
def test_around_the_clock_time_is_just_counted(start, seconds):
    assert due_at(ALWAYS, start, seconds) == start + seconds * SECOND
    assert before(ALWAYS, start, seconds) == start - seconds * SECOND
    assert longest_wait(ALWAYS, seconds, start, start + timedelta(days=400)) == seconds * SECOND


def test_a_start_on_any_wall_is_the_same_moment():
    hours = calendar("Europe/Berlin", Mon_Fri="09:00-17:00")
    start = utc("2026-06-05 14:00")
    there = start.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert due_at(hours, there, 7_200) == due_at(hours, start, 7_200) == utc("2026-06-08 08:00")
    assert due_at(hours, start, 7_200).tzinfo is UTC


def test_a_moment_without_a_zone_is_refused():
    with pytest.raises(TypeError):
        due_at(ALWAYS, datetime(2026, 6, 5, 14), 60)  # noqa: DTZ001


def test_less_than_no_time_is_refused():
    with pytest.raises(ValueError, match="negative"):
        due_at(ALWAYS, utc("2026-06-05 14:00"), -1)
    with pytest.raises(ValueError, match="negative"):
        before(ALWAYS, utc("2026-06-05 14:00"), -1)


def test_what_would_come_after_all_years_is_refused_and_does_not_run_on():
    minute_a_week = calendar("Europe/Berlin", Mon="09:00-09:01")
    with pytest.raises(OutOfReachError, match="2200"):
        due_at(minute_a_week, utc("2026-06-05 14:00"), 10**6)
    with pytest.raises(OutOfReachError):
        before(minute_a_week, utc("2026-06-05 14:00"), 10**6)
    with pytest.raises(OutOfReachError):
        due_at(ALWAYS, utc("2026-06-05 14:00"), 10**12)


def test_it_is_computed_from_the_year_in_which_it_is_asked_on_and_in_any_order():
    def fresh():
        return calendar("Europe/Berlin", Mon_Fri="09:00-17:00")

    early, late = utc("1999-12-31 12:00"), utc("2030-01-02 12:00")
    one, other = fresh(), fresh()
    answers = [due_at(one, early, 9 * 3600), elapsed(one, early, late), due_at(one, late, 9 * 3600)]
    assert answers == [
        *reversed([due_at(other, late, 9 * 3600), elapsed(other, early, late), due_at(other, early, 9 * 3600)])
    ]
    # Three hours of Thursday, none of the weekend, and an hour of Friday, which is no holiday here.
    assert due_at(fresh(), utc("2026-12-31 13:00"), 4 * 3600) == utc("2027-01-01 09:00")


def test_the_moment_of_microseconds_is_kept_whole():
    assert moment_of(1) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
