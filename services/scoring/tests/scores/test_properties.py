"""The algebra of the score: any history, folded in any order, is what a computation from scratch says it is."""

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, RECENT, TRUST, Profile
from plaudit.scoring.scores.domain import read, read_parts
from plaudit.scoring.sums.domain.decay import LANDMARK_HALF_LIVES, NO_SUMS, Sums, merge, unix_us
from plaudit.scoring.sums.domain.fold import fold, fold_half_life
from plaudit.scoring.sums.domain.parts import Part
from plaudit.scoring.sums.domain.review import ReviewSource
from plaudit_testing.scored import change, folded, kept, kept_parts, merged, read_for, scored

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


reviews = st.builds(
    scored,
    subject=st.sampled_from(SUBJECTS),
    kind=st.sampled_from(["stars", "stars", "thumbs", "nps"]),
    rating=st.sampled_from([1, 2, 3, 4, 5]) | st.floats(1, 5),
    verified=st.booleans(),
    origin=st.sampled_from(["organic", "invited", "incentivised"]),
    # Some thirty years before now, the epoch and a landmark of the trust profile among them.
    rated_at_us=st.integers(NOW - 60 * YEAR_US, NOW) | st.integers(NOW - YEAR_US, NOW),
)
star_reviews = reviews.map(lambda review: msgspec.structs.replace(review, kind="stars"))
profiles = st.sampled_from([TRUST, WEIGHTED])
histories = st.lists(st.tuples(st.sampled_from(["s1", "s2"]), st.lists(reviews | st.none(), max_size=5)), max_size=12)


def changes_of(history):
    """The (before, after) of reviews that went through the given states, one after another from nothing."""
    return [
        tuple(state and msgspec.structs.replace(state, source=ReviewSource(id=source)) for state in pair)
        for source, states in history
        for pair in pairwise([None, *states])
    ]


def counting(states, prefix, at_us, figures):
    """The reviews of a prefix that count, each with its weight by the definition; `figures`: as of `oracle`."""
    half_life_us, _, _, kinds, (verified, unverified), by_origin = figures
    found = []
    for review in states:
        if review is None or review.kind not in kinds:
            continue
        if f"{review.subject}/".startswith(f"{prefix}/"):
            age = Fraction(at_us - unix_us(review.rated_at), half_life_us) if half_life_us else Fraction(0)
            weight = (verified if review.verified else unverified) * by_origin.get(review.origin, 1.0)
            found.append((review, weight * math.exp(-math.log(2) * float(age))))
    return found


def oracle(states, prefix, at_us, figures):
    """Score and distribution by the definition, from the reviews that stand. Knows nothing of landmarks or sums.

    `figures`: half-life in microseconds, prior weight, prior value, kinds, (verified, unverified) and origin weights.
    """
    _, prior_weight, prior_value, *_ = figures
    found, distribution = counting(states, prefix, at_us, figures), dict.fromkeys(range(1, 6), 0)
    for review, _ in found:
        distribution[math.floor(Fraction(review.rating) + Fraction(1, 2))] += 1
    total = prior_weight * prior_value + math.fsum(review.rating * weight for review, weight in found)
    return total / (prior_weight + math.fsum(weight for _, weight in found)), distribution


def effective(history, prefix, at_us, figures):
    """The effective number of reviews (Kish), from those that stand; None where rounding leaves less to tell.

    A score may always be told to 1e-9, for its prior weighs more than what rounding leaves; a quotient of weights may
    be where those that stand have 2^-10 of what ever stood. Rows that have less are summed anew.
    """
    standing = [states[-1] for _, states in history if states]
    ever = [state for _, states in history for state in states]
    (left, left_squared), (most, most_squared) = (
        [math.fsum(weight**power for _, weight in counting(states, prefix, at_us, figures)) for power in (1, 2)]
        for states in (standing, ever)
    )
    is_left = left > 2.0**-10 * most and left_squared > 2.0**-10 * most_squared > 0
    return left**2 / left_squared if is_left else None


def figures_of(profile):
    by_verification = (profile.verified_weight, profile.unverified_weight)
    prior = (profile.prior_weight, profile.prior_value)
    return profile.half_life_us, *prior, profile.kinds, by_verification, profile.origin_weights


@given(histories, profiles, st.randoms(use_true_random=False), st.integers(0, 3 * YEAR_US))
def test_any_history_in_any_order_equals_the_computation_from_scratch(history, profile, random, later_us):
    changes = changes_of(history)
    random.shuffle(changes)
    deltas = folded(*changes, profile=profile)
    standing = [states[-1] for _, states in history if states]

    for prefix in {*SUBJECTS, "other"}:
        score = read(merged(deltas, prefix, profile), NOW + later_us, profile)
        expected, distribution = oracle(standing, prefix, NOW + later_us, figures_of(profile))
        assert score.value == pytest.approx(expected, abs=1e-9)
        assert score.distribution == distribution
        assert score.count == sum(distribution.values())
        assert (score.score is None) == (score.count == 0)
        reviews = effective(history, prefix, NOW + later_us, figures_of(profile))
        assert reviews is None or score.effective_reviews == pytest.approx(reviews, rel=1e-9)


@given(
    histories,
    st.sampled_from([TRUST, RECENT, LIFETIME, WEIGHTED]),
    st.randoms(use_true_random=False),
    st.integers(0, 3 * YEAR_US),
)
def test_kept_sums_of_any_split_over_partitions_are_the_computation_from_scratch(history, profile, random, later_us):
    changes = changes_of(history)
    random.shuffle(changes)
    deltas = {}
    for each in changes:
        fold(deltas, "default", random.randrange(3), change(*each))
    standing = [states[-1] for _, states in history if states]

    for prefix in {*SUBJECTS, "other"}:
        score = read_for(profile, kept_parts(deltas, prefix), NOW + later_us)
        expected, distribution = oracle(standing, prefix, NOW + later_us, figures_of(profile))
        assert score.value == pytest.approx(expected, rel=1e-9)
        assert score.distribution == distribution
        reviews = effective(history, prefix, NOW + later_us, figures_of(profile))
        assert reviews is None or score.effective_reviews == pytest.approx(reviews, rel=1e-9)


@given(histories, st.integers(0, 3 * YEAR_US))
def test_a_frozen_profile_is_read_when_its_newest_review_was_rated(history, later_us):
    frozen = replace(TRUST, is_frozen=True)
    changes = changes_of(history)
    rated = [
        unix_us(state.rated_at)
        for pair in changes
        for state in pair
        if state is not None and f"{state.subject}/".startswith("acme/") and state.kind in TRUST.kinds
    ]

    score = read_for(frozen, kept_parts(kept(*changes)), NOW + later_us)

    newest_us = max(rated, default=NOW)
    expected, _ = oracle([states[-1] for _, states in history if states], "acme", newest_us, figures_of(frozen))
    assert score.value == pytest.approx(expected, rel=1e-9)


@given(histories, profiles, st.integers(0, 60))
def test_a_history_may_be_cut_into_batches_anywhere(history, profile, cut):
    changes = changes_of(history)
    whole, first, second = (folded(*part, profile=profile) for part in (changes, changes[:cut], changes[cut:]))

    for prefix in SUBJECTS:
        both = merge([merged(first, prefix, profile), merged(second, prefix, profile)])
        at_once = read(merged(whole, prefix, profile), NOW, profile)
        in_batches = read(both, NOW, profile)
        assert in_batches.value == pytest.approx(at_once.value, abs=1e-12)
        assert in_batches.distribution == at_once.distribution


@given(st.lists(reviews, min_size=1, max_size=20), profiles, st.randoms(use_true_random=False))
def test_adding_and_removing_everything_leaves_no_count_and_only_rounding(given_reviews, profile, random):
    added = [(None, review) for review in given_reviews]
    removed = [(review, None) for review in given_reviews]
    random.shuffle(removed)
    peak = folded(*added, profile=profile)

    deltas = folded(*added, *removed, profile=profile)

    assert deltas.keys() == peak.keys()
    for key, row in deltas.items():
        assert row[7:] == [0] * 5
        for left, most in zip(row[:7], peak[key][:7], strict=True):
            assert abs(left) <= 2 * len(given_reviews) * 2.0**-53 * most
        assert read(merged(deltas, key[1], profile), NOW, profile).score is None


@given(reviews, reviews, profiles)
def test_an_edit_is_a_removal_and_an_addition(before, after, profile):
    in_one = folded((before, after), profile=profile)
    in_two = folded((before, None), (None, after), profile=profile)

    assert in_one.keys() <= in_two.keys()
    for key, row in in_two.items():
        assert in_one.get(key, [0] * 12) == row


@given(reviews | st.none(), profiles)
def test_the_same_state_again_changes_nothing(review, profile):
    assert folded((review, review), profile=profile) == {}


@given(reviews, reviews, profiles)
def test_there_and_back_again_is_nothing(one, other, profile):
    deltas = folded((one, other), (other, one), profile=profile)

    assert all(row == pytest.approx([0] * 12, abs=2.0**128 * 1e-15) for row in deltas.values())
    assert all(row[7:] == [0] * 5 for row in deltas.values())


@given(st.lists(star_reviews, min_size=1), profiles, st.lists(st.integers(0, 10 * YEAR_US), min_size=2))
def test_an_idle_score_only_ever_nears_the_prior(given_reviews, profile, waits_us):
    deltas = folded(*((None, review) for review in given_reviews), profile=profile)
    state = merged(deltas, given_reviews[0].subject, profile)
    distances = [read(state, NOW + wait_us, profile).value - profile.prior_value for wait_us in sorted(waits_us)]

    for sooner, later in pairwise(distances):
        assert abs(later) <= abs(sooner) + 1e-12
        assert sooner * later >= -1e-24


HOUR_US = DAY_US // 24
OWN = [replace(WEIGHTED, name="own", half_life_days=days) for days in (1 / 24, 1.0, 45.0, 3_652.5, 36_525.0)]
"""From an hour to a century; of each, reviews are some half-lives to some landmarks old."""
lives = st.sampled_from(OWN).flatmap(
    lambda profile: st.tuples(
        st.just(profile),
        st.lists(
            st.tuples(
                st.sampled_from(["s1", "s2"]),
                st.lists(
                    st.none()
                    | st.builds(
                        lambda review, age: msgspec.structs.replace(
                            review, rated_at=scored(rated_at_us=NOW - min(age, 60 * YEAR_US)).rated_at
                        ),
                        reviews,
                        st.integers(0, 200 * profile.half_life_us) | st.integers(0, 3 * profile.half_life_us),
                    ),
                    max_size=5,
                ),
            ),
            max_size=10,
        ),
    )
)


def own_parts(deltas, prefix):
    """A prefix's sums of a half-life, of all partitions: merged only when they are read."""
    return [
        Part(source_id, traits, landmark, Sums._make(row[:-1]), row[-1])
        for (_, path, source_id, traits, _, landmark), row in deltas.items()
        if path == prefix
    ]


@given(lives, st.randoms(use_true_random=False), st.integers(0, 400), st.integers(1, 4))
def test_sums_of_a_tenants_own_half_life_are_the_computation_from_scratch_in_any_order_and_split(
    told, random, later_half_lives, partitions
):
    profile, history = told
    partition_of = [random.randrange(partitions) for _ in history]
    changes = [
        (partition, each) for partition, one in zip(partition_of, history, strict=True) for each in changes_of([one])
    ]
    random.shuffle(changes)
    deltas = {}
    for partition, each in changes:
        fold_half_life(deltas, "default", partition, change(*each), profile.half_life_us)
    standing = [
        states[-1] and msgspec.structs.replace(states[-1], source=ReviewSource(id=source))
        for source, states in history
        if states
    ]
    at_us = NOW + later_half_lives * profile.half_life_us // 8

    for prefix in {*SUBJECTS, "other"}:
        score = read_parts(profile, own_parts(deltas, prefix), at_us)
        expected, distribution = oracle(standing, prefix, at_us, figures_of(profile))
        assert score.value == pytest.approx(expected, rel=1e-9)
        assert score.distribution == distribution
        assert score.count == sum(distribution.values())
        reviews = effective(history, prefix, at_us, figures_of(profile))
        assert reviews is None or score.effective_reviews == pytest.approx(reviews, rel=1e-9)


@given(lives, st.integers(1, 5), st.integers(0, 3))
def test_the_landmark_that_sums_are_held_against_makes_no_difference(told, earlier, later):
    """Every row moved to an earlier landmark, and all of them to a later one, beside a row that is there and empty."""
    profile, history = told
    deltas = {}
    for each in changes_of(history):
        fold_half_life(deltas, "default", 0, change(*each), profile.half_life_us)

    for prefix in SUBJECTS:
        parts = own_parts(deltas, prefix)
        right = read_parts(profile, parts, NOW)
        moved = [
            part._replace(landmark=part.landmark - earlier, sums=scaled(part.sums, earlier * LANDMARK_HALF_LIVES))
            for part in parts
        ]
        latest = max((part.landmark for part in parts), default=0) + later
        empty = [Part("s1", 1, latest, NO_SUMS)]
        for others in (moved, [*parts, *empty]):
            found = read_parts(profile, others, NOW)
            assert found.value == pytest.approx(right.value, rel=1e-12)
            assert found.effective_reviews == pytest.approx(right.effective_reviews, rel=1e-12)
            assert found.distribution == right.distribution


def scaled(sums, exponent):
    """The same sums against a landmark so many half-lives earlier."""
    weights = {name: math.ldexp(getattr(sums, name), exponent) for name in ("a", "w1", "w2", "w3", "w4", "w5")}
    return sums._replace(**weights, b2=math.ldexp(sums.b2, 2 * exponent))


@given(lives, st.integers(0, 50), st.integers(0, 50), st.randoms(use_true_random=False))
def test_parts_of_partitions_merge_in_any_grouping(told, first_cut, second_cut, random):
    profile, history = told
    changes = changes_of(history)
    cuts = sorted((first_cut, second_cut))
    groups = [changes[: cuts[0]], changes[cuts[0] : cuts[1]], changes[cuts[1] :]]
    rows = []
    for group in groups:
        deltas = {}
        for each in group:
            fold_half_life(deltas, "default", 0, change(*each), profile.half_life_us)
        rows.append(own_parts(deltas, "acme"))
    together = read_parts(profile, [part for each in rows for part in each], NOW)
    random.shuffle(rows)

    apart = read_parts(profile, [part for each in rows for part in each], NOW)

    assert apart.value == pytest.approx(together.value, rel=1e-12)
    assert apart.distribution == together.distribution
