"""The algebra of the score: any history, folded in any order, is what a computation from scratch says it is."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.scoring.domain.decay import Sums, merge
from plaudit.scoring.domain.fold import fold
from plaudit.scoring.domain.profile import DAY_US, TRUST, Profile
from plaudit.scoring.domain.score import crossing, read

YEAR_US = 365 * DAY_US
NOW = 20_000 * DAY_US
WEIGHTED = Profile(
    name="weighted",
    half_life_days=30,
    prior_weight=2,
    prior_value=3,
    kinds=frozenset({"stars"}),
    verified_weight=2.0,
    unverified_weight=0.3,
    origin_weights={"invited": 0.7, "incentivised": 0.1},
)
SUBJECTS = ["acme", "acme/berlin", "acme/berlin/shop-3", "acme/hamburg", "other/berlin"]


@dataclass(frozen=True)
class Given:
    subject: str
    kind: str
    rating: float
    verified: bool
    origin: str
    published: bool
    rated_at_us: int


reviews = st.builds(
    Given,
    subject=st.sampled_from(SUBJECTS),
    kind=st.sampled_from(["stars", "stars", "thumbs", "nps"]),
    rating=st.sampled_from([1, 2, 3, 4, 5]) | st.floats(1, 5),
    verified=st.booleans(),
    origin=st.sampled_from(["organic", "invited", "incentivised"]),
    published=st.booleans(),
    # Some thirty years before now, the epoch and a landmark of the trust profile among them.
    rated_at_us=st.integers(NOW - 60 * YEAR_US, NOW) | st.integers(NOW - YEAR_US, NOW),
)
public_reviews = reviews.map(lambda review: replace(review, published=True, kind="stars"))
profiles = st.sampled_from([TRUST, WEIGHTED])
histories = st.lists(st.tuples(st.sampled_from(["s1", "s2"]), st.lists(reviews | st.none(), max_size=5)), max_size=12)


def events_of(history):
    """The (source, before, after) of reviews that went through the given states, one after another from nothing."""
    return [(source, before, after) for source, states in history for before, after in pairwise([None, *states])]


def folded(events, profile):
    deltas = {}
    for source, before, after in events:
        fold(deltas, "default", source, before, after, profile)
    return deltas


def state_of(deltas, prefix):
    return merge((k, Sums._make(row)) for (_, path, _, k), row in deltas.items() if path == prefix)


def oracle(states, prefix, at_us, figures):
    """Score and distribution by the definition, from the reviews that stand. Knows nothing of landmarks or sums.

    `figures`: half-life in microseconds, prior weight, prior value, kinds, (verified, unverified) and origin weights.
    """
    half_life_us, prior_weight, prior_value, kinds, (verified, unverified), by_origin = figures
    weighted, weights, distribution = [], [], dict.fromkeys(range(1, 6), 0)
    for review in states:
        if review is None or not review.published or review.kind not in kinds:
            continue
        if f"{review.subject}/".startswith(f"{prefix}/"):
            age = Fraction(at_us - review.rated_at_us, half_life_us)
            weight = (verified if review.verified else unverified) * by_origin.get(review.origin, 1.0)
            weights.append(weight * math.exp(-math.log(2) * float(age)))
            weighted.append(review.rating * weights[-1])
            distribution[math.floor(Fraction(review.rating) + Fraction(1, 2))] += 1
    mean = (prior_weight * prior_value + math.fsum(weighted)) / (prior_weight + math.fsum(weights))
    return mean, distribution


def figures_of(profile):
    by_verification = (profile.verified_weight, profile.unverified_weight)
    prior = (profile.prior_weight, profile.prior_value)
    return profile.half_life_us, *prior, profile.kinds, by_verification, profile.origin_weights


@given(histories, profiles, st.randoms(use_true_random=False), st.integers(0, 3 * YEAR_US))
def test_any_history_in_any_order_equals_the_computation_from_scratch(history, profile, random, later_us):
    events = events_of(history)
    random.shuffle(events)
    deltas = folded(events, profile)
    standing = [states[-1] for _, states in history if states]

    for prefix in {*SUBJECTS, "other"}:
        score = read(state_of(deltas, prefix), NOW + later_us, profile)
        expected, distribution = oracle(standing, prefix, NOW + later_us, figures_of(profile))
        assert score.value == pytest.approx(expected, abs=1e-9)
        assert score.distribution == distribution
        assert score.count == sum(distribution.values())
        assert (score.score is None) == (score.count == 0)


@given(histories, profiles, st.integers(0, 60))
def test_a_history_may_be_cut_into_batches_anywhere(history, profile, cut):
    events = events_of(history)
    whole, first, second = (folded(part, profile) for part in (events, events[:cut], events[cut:]))

    for prefix in SUBJECTS:
        merged = merge([state_of(first, prefix), state_of(second, prefix)])
        at_once = read(state_of(whole, prefix), NOW, profile)
        in_batches = read(merged, NOW, profile)
        assert in_batches.value == pytest.approx(at_once.value, abs=1e-12)
        assert in_batches.distribution == at_once.distribution


@given(st.lists(reviews, min_size=1, max_size=20), profiles, st.randoms(use_true_random=False))
def test_adding_and_removing_everything_leaves_no_count_and_only_rounding(given_reviews, profile, random):
    added = [("s1", None, review) for review in given_reviews]
    removed = [("s1", review, None) for review in given_reviews]
    random.shuffle(removed)
    peak = folded(added, profile)

    deltas = folded(added + removed, profile)

    assert deltas.keys() == peak.keys()
    for key, row in deltas.items():
        assert row[7:] == [0] * 5
        for left, most in zip(row[:7], peak[key][:7], strict=True):
            assert abs(left) <= 2 * len(given_reviews) * 2.0**-53 * most
        assert read(state_of(deltas, key[1]), NOW, profile).score is None


@given(reviews, reviews, profiles)
def test_an_edit_is_a_removal_and_an_addition(before, after, profile):
    in_one = folded([("s1", before, after)], profile)
    in_two = folded([("s1", before, None), ("s1", None, after)], profile)

    assert in_one.keys() <= in_two.keys()
    for key, row in in_two.items():
        assert in_one.get(key, [0] * 12) == row


@given(reviews | st.none(), profiles)
def test_the_same_state_again_changes_nothing(review, profile):
    assert folded([("s1", review, review)], profile) == {}


@given(reviews, reviews, profiles)
def test_there_and_back_again_is_nothing(one, other, profile):
    deltas = folded([("s1", one, other), ("s1", other, one)], profile)

    assert all(row == pytest.approx([0] * 12, abs=2.0**128 * 1e-15) for row in deltas.values())
    assert all(row[7:] == [0] * 5 for row in deltas.values())


@given(st.lists(public_reviews, min_size=1), profiles, st.lists(st.integers(0, 10 * YEAR_US), min_size=2))
def test_an_idle_score_only_ever_nears_the_prior(given_reviews, profile, waits_us):
    state = state_of(folded([("s1", None, review) for review in given_reviews], profile), given_reviews[0].subject)
    distances = [read(state, NOW + wait_us, profile).value - profile.prior_value for wait_us in sorted(waits_us)]

    for sooner, later in pairwise(distances):
        assert abs(later) <= abs(sooner) + 1e-12
        assert sooner * later >= -1e-24


@given(st.lists(public_reviews, min_size=1), profiles, st.floats(0.05, 0.95))
def test_a_crossing_is_where_the_score_is_the_threshold(given_reviews, profile, share):
    state = state_of(folded([("s1", None, review) for review in given_reviews], profile), given_reviews[0].subject)
    distance = read(state, NOW, profile).value - profile.prior_value
    assume(abs(distance) > 1e-3)
    threshold = profile.prior_value + share * distance

    at_us = crossing(state, NOW, threshold, profile)

    assert at_us is not None
    assert at_us > NOW
    assert read(state, at_us, profile).value == pytest.approx(threshold, abs=1e-9)
    one_side = read(state, at_us - DAY_US, profile).value - threshold
    other_side = read(state, at_us + DAY_US, profile).value - threshold
    assert one_side * other_side < 0
    assert crossing(state, at_us, threshold, profile) is None


@given(st.lists(public_reviews, min_size=1), profiles, st.floats(0.05, 2.0))
def test_thresholds_beyond_the_score_or_the_prior_are_never_crossed(given_reviews, profile, share):
    state = state_of(folded([("s1", None, review) for review in given_reviews], profile), given_reviews[0].subject)
    distance = read(state, NOW, profile).value - profile.prior_value
    assume(abs(distance) > 1e-3)

    assert crossing(state, NOW, profile.prior_value - share * distance, profile) is None
    assert crossing(state, NOW, profile.prior_value + (1 + share) * distance, profile) is None
