"""The order of subjects."""

import random
from dataclasses import replace
from math import ulp

import pytest

from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, TRUST
from plaudit.scoring.ranking.domain import By, Order, Standing, ranked, standing
from plaudit.scoring.sums.domain.parts import parts_for
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, scored


def standing_of(subject: str, *ratings: float, age_days: int = 0, profile=LIFETIME) -> Standing:
    states = [scored(rating, MOMENT_US - age_days * DAY_US) for rating in ratings]
    kept_sums = kept_parts(kept(*((None, each) for each in states)))
    return standing(subject, parts_for(kept_sums, profile.half_life_us), MOMENT_US, profile)


def names(standings: list[Standing], by: By, order: Order = Order.BEST, minimum: int = 1) -> list[str]:
    return [each.standing.subject for each in ranked(standings, by, order, minimum)]


@pytest.mark.parametrize(
    ("positive", "n", "bound"), [(209, 259, 0.754538), (118, 143, 0.754649), (1, 1, 0.206549), (100, 101, 0.946033)]
)
def test_the_lower_bound_is_the_published_one(positive: int, n: int, bound: float) -> None:
    found = standing_of("acme", *[5.0] * positive, *[1.0] * (n - positive))

    assert (found.positive_share, found.share_bounds.low) == (
        pytest.approx(positive / n),
        pytest.approx(bound, abs=1e-6),
    )


def test_few_reviews_do_not_come_first_by_the_lower_bound() -> None:
    few, many = standing_of("few", 5.0), standing_of("many", *[5.0] * 100, 1.0)

    assert names([few, many], By.POSITIVE) == ["few", "many"]
    assert names([few, many], By.WILSON) == ["many", "few"]


def test_a_score_of_few_reviews_does_not_come_first_by_its_lower_bound() -> None:
    few, many = standing_of("few", 5.0, 5.0), standing_of("many", *[4.0] * 34, *[3.0] * 6)

    assert names([few, many], By.SCORE) == ["few", "many"]
    assert names([few, many], By.SCORE_LOW) == ["many", "few"]
    assert few.score_bounds.low < many.score_bounds.low < many.score.value


def test_few_reviews_come_first_among_the_worst_by_no_upper_bound() -> None:
    few, many = standing_of("few", 1.0, 2.0), standing_of("many", *[1.0] * 30, *[4.0] * 20)

    assert names([few, many], By.POSITIVE, Order.WORST) == ["few", "many"]
    assert names([few, many], By.WILSON, Order.WORST) == ["few", "many"]
    assert names([few, many], By.WILSON_HIGH, Order.WORST) == ["many", "few"]
    assert names([few, many], By.SCORE_HIGH, Order.WORST) == ["many", "few"]
    assert many.score.value < many.score_bounds.high < few.score_bounds.high


def test_old_reviews_say_less() -> None:
    old = standing_of("old", *[5.0] * 5, *[5.0] * 5, age_days=700, profile=TRUST)
    new = standing_of("new", *[5.0] * 10, profile=TRUST)

    assert names([old, new], By.SCORE) == ["new", "old"]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("by", By)
def test_equal_subjects_are_in_the_order_of_their_names(by: By, order: Order) -> None:
    standings = [standing_of(name, 4.0, 2.0) for name in ("c", "a", "b")]

    assert names(standings, by, order) == ["a", "b", "c"]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("by", By)
def test_equal_subjects_share_the_best_of_their_ranks(by: By, order: Order) -> None:
    low, high = [standing_of(f"low{n}", 3.0) for n in range(2)], [standing_of(f"high{n}", 4.0, 5.0) for n in range(3)]

    assert [each.rank for each in ranked([*low, *high], by, order, 1)] == (
        [1, 1, 1, 4, 4] if order is Order.BEST else [1, 1, 3, 3, 3]
    )


def test_subjects_that_only_rounding_tells_apart_are_equal() -> None:
    standings = [standing_of(name, 4.0, 2.0) for name in "cab"]
    rounded = [
        replace(each, score=replace(each.score, value=each.score.value + units * ulp(each.score.value)))
        for each, units in zip(standings, (1, 0, -1), strict=True)
    ]

    for order in Order:
        found = ranked(rounded, By.SCORE, order, 1)
        assert [(each.rank, each.standing.subject) for each in found] == [(1, "a"), (1, "b"), (1, "c")]
    assert ranked([], By.SCORE, Order.BEST, 1) == []


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("by", By)
def test_places_tell_in_what_order_subjects_are(by: By, order: Order) -> None:
    chance = random.Random(11)
    ratings = [chance.choices([1.1, 2.3, 4.7, 5.0], k=1 + n % 3) for n in range(12)]
    standings = [standing_of(f"s{n}", *chance.sample(each, len(each))) for n, each in enumerate(3 * ratings)]

    places = [each.place for each in ranked(standings, by, order, 1)]

    assert places == sorted(set(places))


@pytest.mark.parametrize("by", By)
def test_the_worst_order_is_that_of_the_figure(by: By) -> None:
    chance = random.Random(7)
    standings = [standing_of(f"s{n}", *chance.choices([1.0, 3.0, 4.0, 5.0], k=n)) for n in range(1, 30)]

    figures = {each.subject: each.by(by) for each in standings}
    best, worst = (names(standings, by, order) for order in Order)

    assert [figures[name] for name in best] == pytest.approx(sorted(figures.values(), reverse=True), rel=1e-9)
    assert [figures[name] for name in worst] == pytest.approx(sorted(figures.values()), rel=1e-9)


def test_subjects_with_fewer_reviews_are_left_out() -> None:
    nothing = standing("nothing", [], MOMENT_US, TRUST)
    standings = [standing_of("one", 5.0), standing_of("two", 5.0, 5.0), nothing]

    assert (names(standings, By.COUNT), names(standings, By.COUNT, minimum=2)) == (["two", "one"], ["two"])
    assert (nothing.positive_share, nothing.share_bounds, nothing.score_bounds) == (0, (0, 1), (1, 5))
