"""Whoever adds up what is shown, and divides, gets the score that is shown."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.badges.domain.figures import digits
from plaudit.scoring.badges.domain.worked import Worked, worked
from plaudit.scoring.profiles.domain import BUILT_IN, DAY_US, LIFETIME, TRUST, Profile
from plaudit.scoring.scores.domain import read
from plaudit.scoring.sums.domain.decay import MergedSums
from plaudit.scoring.sums.domain.parts import merge_for, parts_for
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, scored

reviews = st.lists(st.tuples(st.one_of(st.integers(1, 5), st.floats(1, 5)), st.integers(0, 5000 * DAY_US)), max_size=40)


def number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("−", "-"))


def merged(profile: Profile, *given_reviews: tuple[float, int]) -> MergedSums:
    deltas = kept(*((None, scored(rating, MOMENT_US - age)) for rating, age in given_reviews))
    return merge_for(profile, parts_for(kept_parts(deltas), profile.half_life_us))


def assert_adds_up(shown: Worked) -> None:
    weights = [number(shown.prior_weight), *(number(line.weight) for line in shown.lines)]
    points = [number(shown.prior_points), *(number(line.points) for line in shown.lines)]
    assert sum(weights) == number(shown.total_weight)
    assert sum(points) + (number(shown.between) if shown.between else 0) == number(shown.total_points)
    assert all(line.stars * number(line.weight) == number(line.points) for line in shown.lines)
    assert digits(number(shown.total_points) / number(shown.total_weight), 2) == shown.score


@given(reviews, st.sampled_from([*BUILT_IN.values()]))
def test_the_shown_figures_add_up_and_give_the_score(given_reviews: list[tuple[float, int]], profile: Profile) -> None:
    sums = merged(profile, *given_reviews)

    shown = worked(profile, sums, MOMENT_US)

    assert_adds_up(shown)
    # A score that lies within rounding of the middle between two figures may be shown as either.
    value = Fraction(read(sums, MOMENT_US, profile).value)
    assert shown.score in {digits(value - Fraction(1, 10**9), 2), digits(value + Fraction(1, 10**9), 2)}
    assert [line.reviews for line in shown.lines] == [*sums.sums.counts[::-1]]


def test_it_has_more_places_where_three_would_give_another_score() -> None:
    profile = replace(TRUST, prior_weight=0.0014)

    shown = worked(profile, merged(profile, (5, 0), (4, 0)), MOMENT_US)

    assert_adds_up(shown)
    assert (shown.prior_weight, shown.score) == ("0.001", "4.50")
    tiny = replace(TRUST, prior_weight=0.001, prior_value=2.0)
    faded = worked(tiny, merged(tiny, (5, 2200 * DAY_US)), MOMENT_US)
    assert_adds_up(faded)
    assert len(faded.prior_weight) > len("0.001")


def test_what_never_fades_weighs_one_each() -> None:
    shown = worked(LIFETIME, merged(LIFETIME, (5, 0), (5, 900 * DAY_US), (4.5, 0)), MOMENT_US)

    assert shown.lines[0] == (5, 3, "3.000", "15.000")
    assert (shown.between, shown.total_points, shown.total_weight) == ("−0.500", "39.000", "10.000")


def test_without_reviews_it_is_the_prior() -> None:
    shown = worked(TRUST, merged(TRUST), MOMENT_US)

    assert (shown.total_points, shown.total_weight, shown.score) == ("24.500", "7.000", "3.50")
