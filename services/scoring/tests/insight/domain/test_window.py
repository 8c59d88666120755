"""Which days are looked at."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.insight.domain.window import MAX_DAYS, MIN_DAYS, Window, WrongWindowError, window_of

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        (None, None, Window(date(2025, 12, 2), date(2026, 3, 2))),
        (date(2026, 2, 1), None, Window(date(2026, 2, 1), date(2026, 3, 2))),
        (None, date(2026, 2, 1), Window(date(2025, 11, 3), date(2026, 2, 1))),
        (date(2020, 1, 1), None, Window(date(2020, 1, 1), date(2021, 1, 1))),
        (date(2026, 1, 1), date(2026, 1, 8), Window(date(2026, 1, 1), date(2026, 1, 8))),
    ],
)
def test_days_that_are_not_said_follow_from_those_that_are(start, end, wanted):
    assert window_of(start, end, TODAY) == wanted


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 1, 1), date(2026, 1, 7)),
        (date(2026, 1, 2), date(2026, 1, 1)),
        (date(2025, 1, 1), date(2026, 1, 3)),
        (None, date(1, 1, 1)),
        (date(1, 1, 1), date(1, 2, 1)),
        (date(9999, 12, 30), None),
        (date(9999, 12, 20), date(9999, 12, 31)),
        (date(1, 1, 8), date(1, 1, 15)),
        (date(2026, 3, 20), None),
    ],
)
def test_too_few_and_too_many_days_are_refused(start, end):
    with pytest.raises(WrongWindowError, match=rf"{MIN_DAYS} to {MAX_DAYS} days"):
        window_of(start, end, TODAY)


@given(st.integers(MIN_DAYS, MAX_DAYS))
def test_every_day_of_both_sides_is_in_a_week_and_the_last_weeks_are_whole(days):
    window = Window(TODAY, TODAY + timedelta(days=days))
    assert (window.days, (window.start - window.before).days) == (days, days)
    weeks = [window.week_of(window.before + timedelta(days=n)) for n in range(2 * days)]
    assert (weeks[0], weeks[-1]) == (0, window.weeks - 1)
    assert weeks == sorted(weeks)
    assert weeks.count(window.weeks - 1) == 7
    assert all(window.first_day(week) == window.before + timedelta(days=weeks.index(week)) for week in set(weeks))
