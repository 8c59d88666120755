"""From when on changes are looked at: none before did more than the bound says."""

from dataclasses import replace
from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.scoring.explanation.domain.window import STAR_RANGES, change_begins, effect_bound
from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, RECENT, TRUST

READ_US = 20_000 * DAY_US
PROFILES = [
    TRUST,
    RECENT,
    LIFETIME,
    replace(TRUST, name="weighed", verified_weight=3.0, origin_weights={"invited": 9.0}),
]

ratings = st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]) | st.floats(1, 5)
ages_us = st.integers(0, 4_000 * DAY_US)
states = st.none() | st.tuples(ratings, ages_us, st.sampled_from([0.0, 0.1, 1.0]))


def did(profile, middle: float, state) -> float:
    """What a state adds to the sums, against the middle; at most what a fresh one weighs by the profile."""
    if state is None:
        return 0.0
    rating, age_us, share = state
    fades = 1.0 if profile.half_life_us is None else 2 ** (-age_us / profile.half_life_us)
    most = max(profile.weight(verified=verified, origin=origin) for verified in (0, 1) for origin in profile.origins)
    return float(share * most * fades * (rating - middle))


@given(st.sampled_from(PROFILES), st.floats(1, 5), states, states, st.floats(0.01, 0.999), ages_us)
def test_a_change_that_did_more_was_known_later_than_those_that_are_not_looked_at(
    profile, middle, before, after, part, window_us
):
    standing = [state for state in (before, after) if state is not None]
    moved = abs(did(profile, middle, after) - did(profile, middle, before))
    assume(moved > 0)
    least = part * moved
    low, high = floor(min(rating for rating, *_ in standing)), ceil(max(rating for rating, *_ in standing))
    begins_us = READ_US - window_us

    begins = change_begins(profile, middle, (begins_us, READ_US), least)

    known_us = READ_US - min(age_us for _, age_us, _ in standing)
    assert begins[low, high] == begins_us or begins[low, high] < known_us


@given(st.sampled_from(PROFILES), st.floats(1, 5), st.tuples(ratings, ages_us, st.just(1.0)))
def test_no_new_review_does_more_than_one_of_its_time_can(profile, middle, state):
    bound = effect_bound(profile, middle, (READ_US - state[1], READ_US))

    assert abs(did(profile, middle, state)) <= bound * (1 + 1e-12)


@pytest.mark.parametrize("profile", PROFILES)
def test_all_changes_of_the_window_are_looked_at_where_nothing_is_found_yet(profile):
    assert change_begins(profile, 3.0, (5, READ_US), 0.0) == dict.fromkeys(STAR_RANGES, 5)


def test_where_nothing_fades_only_ratings_far_enough_apart_are_looked_at():
    assert set(change_begins(LIFETIME, 3.0, (5, READ_US), 2.5)) == {(1, 4), (1, 5), (2, 5)}


def test_the_least_there_is_does_not_break_it():
    assert change_begins(TRUST, 3.0, (5, READ_US), 5e-324)[1, 5] == 5
