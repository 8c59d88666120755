"""What a projection starts from is the score that is shown; of nothing that is left, it is the prior."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, RECENT, TRUST, Profile
from plaudit.scoring.projection.domain.course import next_half_star, score_at
from plaudit.scoring.projection.domain.outlook import outlook
from plaudit.scoring.projection.domain.state import idle_state_of, state_of
from plaudit.scoring.scores.domain import read
from plaudit.scoring.sums.domain.decay import EPOCH, NO_SUMS, MergedSums, landmark_us
from plaudit.scoring.sums.domain.parts import merge_for, parts_for
from plaudit_testing.scored import MOMENT_US, kept, kept_parts, read_for, scored

FROZEN = replace(TRUST, is_frozen=True)
ratings = st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]) | st.floats(1, 5), min_size=1, max_size=12)
LEFTOVERS = {
    "no review, and what rounding left": NO_SUMS._replace(a=3e-9, w5=1e-9),
    "no review, and less than nothing": NO_SUMS._replace(a=-40.0, w1=-8.0),
    "a review, and less than the prior can make up for": NO_SUMS._replace(a=-40.0, w1=-8.0, n1=1),
    "nothing": NO_SUMS,
}


def merged_of(profile: Profile, *given_ratings: float) -> MergedSums:
    deltas = kept(*((None, scored(rating)) for rating in given_ratings))
    return merge_for(profile, parts_for(kept_parts(deltas), profile.half_life_us))


@given(ratings, st.integers(0, 3_000 * DAY_US), st.sampled_from([TRUST, RECENT, LIFETIME]))
def test_its_score_is_the_one_that_is_shown(given_ratings: list[float], age_us: int, profile: Profile) -> None:
    merged, at_us = merged_of(profile, *given_ratings), MOMENT_US + age_us

    state = state_of(profile, merged, at_us)

    assert state.score == pytest.approx(read(merged, at_us, profile).value, rel=1e-12)
    assert idle_state_of(profile, merged, MOMENT_US, at_us) == state


@pytest.mark.parametrize("profile", [TRUST, LIFETIME, FROZEN], ids=["trust", "lifetime", "frozen"])
def test_a_score_goes_its_way_from_there(profile: Profile) -> None:
    kept_reviews = kept_parts(kept((None, scored(5.0)), (None, scored(2.0))))
    merged = merge_for(profile, parts_for(kept_reviews, profile.half_life_us))
    state = idle_state_of(profile, merged, MOMENT_US, MOMENT_US)

    for days in (0, 90, 900):
        at_us = MOMENT_US + days * DAY_US
        assert score_at(state, at_us) == pytest.approx(read_for(profile, kept_reviews, at_us).value, rel=1e-9)


@pytest.mark.parametrize("profile", [TRUST, LIFETIME, FROZEN], ids=["trust", "lifetime", "frozen"])
@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_where_nothing_is_left_the_score_is_the_prior_and_stays_there(leftover: str, profile: Profile) -> None:
    merged = MergedSums(0, LEFTOVERS[leftover])
    at_us = landmark_us(0, TRUST.half_life_us or 0)

    state = idle_state_of(profile, merged, None, at_us)

    assert (state.a, state.b, state.score) == (0, 0, profile.prior_value)
    assert state.score == read(merged, at_us, profile).value
    assert next_half_star(state) is None
    assert score_at(state, at_us + 90 * DAY_US) == profile.prior_value


@pytest.mark.parametrize("leftover", LEFTOVERS)
def test_where_nothing_is_left_an_outlook_begins_at_the_prior(leftover: str) -> None:
    found = outlook(TRUST, MergedSums(0, LEFTOVERS[leftover]), None, [], EPOCH)

    assert (found.score, found.idle.limit, found.idle.next_stars) == (TRUST.prior_value, TRUST.prior_value, None)


def test_what_rounding_took_of_reviews_that_are_there_is_shown_as_it_is() -> None:
    merged = MergedSums(0, NO_SUMS._replace(a=-1e-9, w5=-1e-9, n5=1))

    assert state_of(TRUST, merged, 0).b == -1e-9
    assert state_of(TRUST, merged, 0).score == pytest.approx(read(merged, 0, TRUST).value, rel=1e-12)


def test_a_frozen_score_is_as_of_its_newest_review_and_does_not_fade() -> None:
    merged, later_us = merged_of(FROZEN, 5.0, 5.0), MOMENT_US + 400 * DAY_US

    state = idle_state_of(FROZEN, merged, MOMENT_US, later_us)

    assert state.score == read(merged, MOMENT_US, FROZEN).value
    assert (state.at_us, state.half_life_us) == (later_us, None)
    assert state.score > state_of(FROZEN, merged, later_us).score
