from datetime import UTC, datetime, timedelta

import pytest

from plaudit.feedback_board.proposals.domain.recurrence import WINDOW, Rate, windows

SHIPPED = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reviews", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.391)],  # exact limits of a Poisson count
)
def test_the_interval_is_near_the_exact_one(reviews: int, low: float, high: float) -> None:
    rate = Rate(start=SHIPPED, end=SHIPPED + timedelta(days=7), reviews=reviews)
    assert rate.interval is not None
    assert rate.per_week == reviews
    assert rate.interval == (pytest.approx(low, abs=0.05), pytest.approx(high, abs=0.05))


def test_of_no_time_there_is_no_rate() -> None:
    rate = Rate(start=SHIPPED, end=SHIPPED, reviews=0)
    assert (rate.per_week, rate.interval) == (None, None)


def test_the_time_after_is_never_longer_than_that_before() -> None:
    assert windows(SHIPPED, SHIPPED + timedelta(days=400)) == (SHIPPED - WINDOW, SHIPPED + WINDOW)
    assert windows(SHIPPED, SHIPPED + timedelta(days=3))[1] == SHIPPED + timedelta(days=3)
