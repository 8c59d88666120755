"""The estimator of Kaplan and Meier: published figures, figures by hand, and its definition."""

import math
import random
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.answers.domain.waiting import Curve, Waits, answered_by, median_of, together
from plaudit_testing.answered import survival

# Weeks of remission under 6-mercaptopurine: Freireich and others, Blood 21 (1963), as in Gehan, Biometrika 52 (1965).
RELAPSED = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL_IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
PUBLISHED = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}
"""Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, table 1.2."""

LIMIT = 40
TIMES = st.lists(st.integers(0, 30), max_size=40).map(sorted)


def median(waits: Waits) -> int | None:
    return Curve(waits, limit_us=0).median


def answered_within(waits: Waits, time: int) -> float | None:
    return Curve(waits, limit_us=max(LIMIT, time)).answered_within(time)


def test_the_remissions_of_freireich_are_as_published() -> None:
    waits = Waits(RELAPSED, STILL_IN_REMISSION)

    assert median(waits) == 23
    assert {week: 1 - (answered_within(waits, week) or 0) for week in PUBLISHED} == pytest.approx(PUBLISHED, abs=5e-4)


@pytest.mark.parametrize(
    ("answered", "waiting", "half"),
    [
        ([1, 2, 3, 4], [], 2),
        ([1, 2, 3], [], 2),
        ([5], [], 5),
        ([1, 2], [1, 2], 2),  # 3/4, then 3/4 of 1/2
        ([1], [2, 3], None),
        ([2, 3], [1], 2),  # the one that left before no longer counts
        ([], [4], None),
        ([], [], None),
    ],
)
def test_half_are_answered_within_the_median(answered: list[int], waiting: list[int], half: int | None) -> None:
    assert median(Waits(answered, waiting)) == half


@pytest.mark.parametrize(("answered", "reviews"), [(1, 10), (7, 10), (3, 25), (29, 100)])
def test_a_share_reads_as_it_is_counted(answered: int, reviews: int) -> None:
    waits = Waits([1] * answered, [LIMIT] * (reviews - answered))

    assert answered_within(waits, 5) == answered_by(waits, 5)[0] == answered / reviews


def test_unanswered_reviews_pull_the_median_up() -> None:
    answered = [1, 2, 3, 10]

    assert median(Waits(answered, [])) == 2
    assert median(Waits(answered, [20])) == 3
    assert median(Waits(answered, [20, 20, 20, 20, 20])) is None


def test_a_share_is_not_told_for_longer_than_any_review_has_waited() -> None:
    assert answered_within(Waits([1], [5]), 5) == 0.5
    assert answered_within(Waits([1], [5]), 6) is None
    assert answered_within(Waits([1, 2], []), 6) == 1.0
    assert answered_within(Waits([], []), 6) is None


@given(TIMES, TIMES, st.integers(0, 31))
def test_it_is_the_product_of_its_definition(answered: list[int], waiting: list[int], limit: int) -> None:
    waits = Waits(answered, waiting)
    steps = survival([(time, True) for time in answered] + [(time, False) for time in waiting])

    assert median(waits) == next((time for time, still in steps if still <= Fraction(1, 2)), None)
    still = [share for time, share in steps if time <= limit][-1:] or [Fraction(1)]
    if still[0] and all(time < limit for time in [*answered, *waiting]):
        assert answered_within(waits, limit) is None
    else:
        assert answered_within(waits, limit) == pytest.approx(float(1 - still[0]), rel=1e-9, abs=1e-12)


@given(TIMES, TIMES, TIMES, TIMES)
def test_sources_together_are_all_reviews(one: list[int], two: list[int], three: list[int], four: list[int]) -> None:
    assert together([Waits(one, two), Waits(three, four)]) == Waits(sorted(one + three), sorted(two + four))


def test_a_curve_tells_nothing_beyond_its_limit() -> None:
    curve = Curve(Waits([1, 2, 3, 4], []), limit_us=1)

    assert (curve.median, curve.answered_within(1)) == (2, 0.25)
    with pytest.raises(ValueError, match="followed up to 1 µs"):
        curve.answered_within(2)


def test_hours_are_exact_to_the_microsecond() -> None:
    day = timedelta(days=1) // timedelta(microseconds=1)

    assert answered_within(Waits([day], []), day) == 1.0
    assert answered_within(Waits([day + 1], []), day) == 0.0


# The standard errors of the same remissions by Greenwood's formula.
ERRORS = {6: 0.0764, 7: 0.0869, 10: 0.0963, 13: 0.1068, 16: 0.1141, 22: 0.1282, 23: 0.1346}


@pytest.mark.parametrize(("week", "error"), ERRORS.items())
def test_the_share_is_as_sure_as_greenwood_says(week: int, error: float) -> None:
    share, effective = answered_by(Waits(RELAPSED, STILL_IN_REMISSION), week)

    assert 1 - share == pytest.approx(PUBLISHED[week], abs=5e-4)
    assert (share * (1 - share) / effective) ** 0.5 == pytest.approx(error, abs=5e-5)


@given(TIMES, TIMES, st.integers(0, 30))
def test_the_share_is_that_of_the_curve_and_of_no_more_reviews_than_there_are(
    answered: list[int], waiting: list[int], time: int
) -> None:
    share, effective = answered_by(Waits(answered[::-1], waiting[::-1]), time)

    wanted = answered_within(Waits(answered, waiting), time)
    assert (effective > 0) is (wanted is not None)
    assert effective <= len(answered) + len(waiting) + 1e-9
    if wanted is not None:
        assert share == pytest.approx(wanted, abs=1e-12)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(0, 29))
def test_where_nobody_left_the_share_is_a_plain_one(answered: list[int], time: int) -> None:
    share, effective = answered_by(Waits(answered, [31]), time)

    n = len(answered) + 1
    assert (share * n, effective) == pytest.approx((sum(each <= time for each in answered), n))


PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
"""Weeks of remission of those in the same study who had none of it."""


def test_the_intervals_of_the_medians_of_freireich_are_those_of_brookmeyer_and_crowley() -> None:
    """By log-log bounds, as SAS's LIFETEST has them: 23 without an end, and 8 from 4 to 11."""
    assert median_of(Waits(RELAPSED, STILL_IN_REMISSION)) == (23, None)
    assert median_of(Waits(PLACEBO, [])) == (8, (4, 11))


@given(TIMES, TIMES)
def test_the_median_with_an_interval_is_the_median_and_lies_in_it(answered: list[int], waiting: list[int]) -> None:
    found, between = median_of(Waits(answered[::-1], waiting[::-1]))

    assert between is None or found == median(Waits(answered, waiting))
    assert found in {median(Waits(answered, waiting)), None}
    if between is not None:
        assert found is not None
        assert between.holds(found)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    """Waits are exponential with a median of 1, and each is looked at after a time of its own."""
    chance, held, told = random.Random(20261129), 0, 0
    for _ in range(600):
        waits = [(chance.expovariate(math.log(2)), chance.uniform(1, 4)) for _ in range(60)]
        answered = [round(1e6 * wait) for wait, age in waits if wait <= age]
        waiting = [round(1e6 * age) for wait, age in waits if wait > age]
        _, between = median_of(Waits(answered, waiting))
        told += between is not None
        held += between is not None and between.holds(1_000_000)

    assert told == 600
    assert 0.93 <= held / told <= 0.98
