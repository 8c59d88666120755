"""The estimator of Kaplan and Meier: published figures, figures by hand, and its definition."""

import math
import random
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.statistics.waiting import Curve, Waits, answered_by, median_of, quantiles, together
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


def test_the_quartiles_of_the_remissions_are_those_of_the_published_curve() -> None:
    """Where its shares come below 0.75, 0.5 and 0.25."""
    first, half, last = quantiles(Waits(RELAPSED, STILL_IN_REMISSION), [0.25, 0.5, 0.75])

    assert (first.at, half.at, last.at) == (13, 23, None)
    assert first.low is not None
    assert first.low <= 13
    assert half.high is None


def test_of_those_who_are_all_seen_quantiles_are_those_that_are_counted() -> None:
    assert [each.at for each in quantiles(Waits([*range(1, 11)], []), [0.1, 0.5, 0.75, 0.9])] == [1, 5, 8, 9]


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]))
def test_without_censoring_a_quantile_is_the_empirical_one(answered: list[int], share: float) -> None:
    """The least value within which at least the share lies: type 1 of Hyndman and Fan, American Statistician 50."""
    [found] = quantiles(Waits(answered, []), [share])

    needed = math.ceil(share * len(answered) - 1e-9)
    assert found.at == sorted(answered)[max(needed, 1) - 1]


@given(TIMES, TIMES, st.sampled_from([0.25, 0.5, 0.9]))
def test_a_quantile_is_the_one_of_the_product_and_lies_in_its_interval(
    answered: list[int], waiting: list[int], share: float
) -> None:
    [found] = quantiles(Waits(answered[::-1], waiting[::-1]), [share])

    steps = survival([(time, True) for time in answered] + [(time, False) for time in waiting])
    rest = 1 - Fraction(share).limit_denominator(100)
    assert found.at == next((time for time, still in steps if still <= rest), None)
    if found.at is not None:
        assert found.low is not None
        assert found.low <= found.at
        assert found.high is None or found.at <= found.high


@given(TIMES, TIMES, st.lists(st.integers(0, 30), min_size=1, max_size=10))
def test_who_waits_longer_makes_no_quantile_shorter(answered: list[int], waiting: list[int], more: list[int]) -> None:
    [before] = quantiles(Waits(answered, waiting), [0.5])
    [after] = quantiles(Waits(answered, [*waiting, *(each + 31 for each in more)]), [0.5])

    assert after.at is None or (before.at is not None and before.at <= after.at)


def test_one_who_is_censored_at_the_time_of_an_answer_was_still_waiting_then() -> None:
    [at_it] = quantiles(Waits([5, 6], [5]), [0.5])
    [before] = quantiles(Waits([5, 6], [4]), [0.5])

    assert (at_it.at, before.at) == (6, 5)


def product_with_entries(lives: list[tuple[int, int, bool]], share: Fraction) -> int | None:
    """The quantile of (entered, left, answered): at risk at a time is who entered before and is still there."""
    still = Fraction(1)
    for time in sorted({left for _, left, is_answered in lives if is_answered}):
        at_risk = sum((entered < time or entered == 0) and left >= time for entered, left, _ in lives)
        count = sum(left == time and is_answered for _, left, is_answered in lives)
        if count == at_risk and any(entered >= time and entered for entered, _, _ in lives):
            continue
        still *= Fraction(at_risk - count, at_risk)
        if still <= 1 - share:
            return time
    return None


LIVES = st.lists(
    st.tuples(st.integers(0, 10), st.integers(1, 20), st.booleans()).map(
        lambda life: (life[0], sum(life[:2]), life[2])
    ),
    max_size=30,
)


@given(LIVES)
def test_who_is_learned_of_late_is_at_risk_only_from_then_on(lives: list[tuple[int, int, bool]]) -> None:
    waits = Waits(
        [left for _, left, is_answered in lives if is_answered],
        [left for _, left, is_answered in lives if not is_answered],
        [entered for entered, _, _ in lives if entered],
    )

    assert [each.at for each in quantiles(waits, [0.5, 0.75])] == [
        product_with_entries(lives, Fraction(1, 2)),
        product_with_entries(lives, Fraction(3, 4)),
    ]


def test_late_entries_change_the_share_by_hand() -> None:
    """Three from the beginning, and two who were learned of at 3: 2/3 at 2, then 2/3 of 3/4 at 4."""
    [half, two_thirds] = quantiles(Waits([2, 4], [9, 9, 9], [3, 3]), [0.5, 0.3])

    assert (half.at, two_thirds.at) == (4, 2)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5])
def test_a_quantile_of_nobody_or_of_all_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantiles(Waits([1], []), [share])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_of_very_many_the_ends_are_the_first_times_at_which_the_bounds_of_the_share_say_so(share: float) -> None:
    """Bounds are not computed where they can tell nothing; this computes all of them."""
    chance = random.Random(5)
    answered = [chance.randrange(10**9) for _ in range(4_000)]
    waiting = [chance.randrange(10**9) for _ in range(1_000)]
    ends = {}
    still, spread = 1.0, 0.0
    for number, at in enumerate(sorted(answered)):
        at_risk = 4_000 - number + sum(each >= at for each in waiting)
        still *= (at_risk - 1) / at_risk
        spread += 1 / (at_risk * (at_risk - 1)) if at_risk > 1 else 0.0
        if not 0 < still < 1:
            break
        power = math.exp(1.959963984540054 * math.sqrt(spread) / -math.log(still))
        told = {"at": still, "low": still**power, "high": still ** (1 / power)}
        ends = {name: at for name, value in told.items() if value <= 1 - share} | ends

    assert quantiles(Waits(answered, waiting), [share])[0]._asdict() == ends
