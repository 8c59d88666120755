from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.calendars.domain.local_times import (
    QuietHours,
    add_months,
    at_local,
    existing_date,
    local_date,
    next_allowed,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"),
    *("Pacific/Apia", "Africa/Casablanca", "UTC"),
]
zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2010, 1, 1), date(2029, 12, 31))
moments = st.integers(1_262_304_000, 1_893_000_000).map(lambda each: datetime.fromtimestamp(each, UTC))
walls = st.times().map(lambda each: each.replace(microsecond=0))


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        (
            "Europe/Berlin",
            date(2026, 3, 29),
            time(2, 30),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),  # 03:30
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first
        ("America/Los_Angeles", date(2014, 3, 9), time(2, 30), datetime(2014, 3, 9, 10, 30, tzinfo=UTC)),
        ("America/Los_Angeles", date(2014, 11, 2), time(1, 30), datetime(2014, 11, 2, 8, 30, tzinfo=UTC)),
        ("America/Sao_Paulo", date(2015, 10, 18), time(0), datetime(2015, 10, 18, 3, 0, tzinfo=UTC)),  # 01:00
        ("Pacific/Apia", date(2011, 12, 30), time(9), datetime(2011, 12, 30, 19, 0, tzinfo=UTC)),  # the 31st, 09:00
    ],
)
def test_a_skipped_time_moves_forward_and_of_a_repeated_one_the_first_counts(zone, day, wall, expected):
    assert at_local(ZoneInfo(zone), day, wall) == expected
    assert at_local(ZoneInfo(zone), day, wall.replace(fold=1)) == expected  # as a clock that was read may say


@given(zones, days, walls)
def test_a_wall_time_is_that_of_the_local_date_or_later_by_a_gap(zone, day, wall):
    real = existing_date(zone, day)
    local = at_local(zone, day, wall).astimezone(zone)
    behind = datetime.combine(local.date(), local.time()) - datetime.combine(real, wall)
    assert timedelta(0) <= behind <= timedelta(hours=1)


@given(zones, days, walls)
def test_successive_dates_have_successive_instants(zone, day, wall):
    tomorrow = day + timedelta(days=1)
    assert at_local(zone, day, wall) <= at_local(zone, tomorrow, wall)
    if existing_date(zone, day) == day:
        assert at_local(zone, day, wall) < at_local(zone, tomorrow, wall)


def test_a_month_keeps_the_day_of_its_anchor():
    assert [add_months(date(2026, 1, 31), n) for n in range(4)] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
        date(2026, 4, 30),
    ]
    assert add_months(date(2027, 12, 31), 2) == date(2028, 2, 29)


@given(days, st.integers(0, 240))
def test_months_advance_one_by_one(day, months):
    found, following = add_months(day, months), add_months(day, months + 1)
    assert (following.year * 12 + following.month) - (found.year * 12 + found.month) == 1
    assert found.day <= day.day


@given(zones, moments, walls, walls)
def test_after_quiet_hours_nothing_is_quiet_and_nothing_goes_back(zone, instant, start, end):
    quiet = QuietHours(start, end)
    allowed = next_allowed(zone, quiet, instant)
    assert instant <= allowed <= instant + timedelta(hours=49)
    if not quiet.hold(instant.astimezone(zone).time()):
        assert allowed == instant


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 6, 5, 18, 0, tzinfo=UTC), datetime(2026, 6, 6, 6, 0, tzinfo=UTC)),
        (datetime(2026, 6, 5, 23, 0, tzinfo=UTC), datetime(2026, 6, 6, 6, 0, tzinfo=UTC)),
        (datetime(2026, 6, 5, 6, 0, tzinfo=UTC), datetime(2026, 6, 5, 6, 0, tzinfo=UTC)),
        (datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
    ],
)
def test_what_comes_due_in_quiet_hours_waits_until_they_end(at, expected):
    assert next_allowed(BERLIN, QuietHours(time(20), time(8)), at) == expected
    assert local_date(BERLIN, expected) >= local_date(BERLIN, at)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # the first 02:15
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 15, tzinfo=UTC)),  # the second: over
        (datetime(2026, 3, 29, 0, 45, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # 02:30 is 03:30
    ],
)
def test_quiet_hours_that_end_in_the_hour_of_a_change_end_once_and_cost_no_day(at, expected):
    assert next_allowed(BERLIN, QuietHours(time(22), time(2, 30)), at) == expected
