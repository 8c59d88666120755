import math
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.times import microseconds
from plaudit.feedback_board.requests.domain.trend import FADING, NO_TREND, with_mention, without_mention

NOON = datetime(2026, 3, 7, 12, tzinfo=UTC)
WEEK = FADING.total_seconds() * 1e6
moments = st.integers(-400 * 86_400, 400 * 86_400).map(lambda seconds: NOON + timedelta(seconds=seconds))
CLOSE = 50
"""Microseconds by which sums of some dozen rounded mentions may differ."""


def _trend(times: list[datetime]) -> int:
    return reduce(with_mention, times, NO_TREND)


def test_one_mention_is_worth_its_time() -> None:
    assert _trend([NOON]) == microseconds(NOON)


def test_two_mentions_at_one_time_are_worth_one_of_seven_days_times_log_two_later() -> None:
    assert _trend([NOON, NOON]) - microseconds(NOON) == round(WEEK * math.log(2))


def test_three_votes_of_today_are_more_than_ten_of_three_weeks_ago_and_less_than_ten_of_a_day_ago() -> None:
    today, ten_old, ten_new = (
        _trend([NOON] * 3),
        _trend([NOON - timedelta(days=21)] * 10),
        _trend([NOON - timedelta(days=1)] * 10),
    )
    assert ten_old < today < ten_new


@given(st.lists(moments, min_size=1, max_size=20), st.randoms())
def test_the_trend_is_the_sum_of_faded_mentions_in_any_order(times: list[datetime], random) -> None:
    newest = max(map(microseconds, times))
    expected = newest + WEEK * math.log(sum(math.exp((microseconds(each) - newest) / WEEK) for each in times))
    assert _trend(random.sample(times, len(times))) == pytest.approx(expected, abs=CLOSE)


@given(st.lists(moments, min_size=1, max_size=20), moments)
def test_what_is_taken_away_leaves_the_rest_or_asks_for_a_count(times: list[datetime], taken: datetime) -> None:
    left = without_mention(_trend([*times, taken]), taken)
    if left is not None:
        assert left == pytest.approx(_trend(times), abs=CLOSE)


def test_the_last_mention_that_is_taken_away_asks_for_a_count() -> None:
    assert without_mention(_trend([NOON]), NOON) is None
