"""What changed a score between two instants: the parts add up, whatever happened."""

import math
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from plaudit.scoring.explanation.domain.changes import (
    WIDTH,
    Prior,
    Share,
    Start,
    decayed,
    explain,
    start,
)
from plaudit.scoring.profiles.domain import DAY_US, MIN_PRIOR_WEIGHT
from plaudit_testing.changes import priors, rounding_scale, sums_and_groups

PRIOR = Prior(weight=7, value=3.5)
H180 = 180 * DAY_US
HOUR_US = DAY_US // 24
NOTHING = Share(0.0, 0.0)

half_lives_us = st.sampled_from([HOUR_US, H180, 3650 * DAY_US, None])


class Rated(NamedTuple):
    """A review as a score sees it."""

    rating: float
    at_us: int
    weight: float = 1.0


def share_of(review, at_us, half_life_us, sign=1):
    fresh = Share(sign * review.rating * review.weight, sign * review.weight)
    return decayed(fresh, review.at_us, at_us, half_life_us)


def added(*shares):
    return Share(math.fsum(share.a for share in shares), math.fsum(share.b for share in shares))


def sums_of(reviews, at_us, half_life_us):
    return added(*(share_of(review, at_us, half_life_us) for review in reviews))


def mean(reviews, at_us, half_life_us, prior=PRIOR):
    """The score by its definition."""
    a, b = [], []
    for review in reviews:
        age = (at_us - review.at_us) / half_life_us if half_life_us else 0.0
        b.append(review.weight * math.exp(-math.log(2) * age))
        a.append(review.rating * b[-1])
    return (prior.weight * prior.value + math.fsum(a)) / (prior.weight + math.fsum(b))


def parts_of(change):
    return [change.ageing, *change.effects.values()]


# Histories: reviews that were known, and what became known of them and of others.

FIRST = 20_000 * DAY_US
rated = st.builds(
    Rated,
    rating=st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]) | st.floats(1, 5),
    at_us=st.integers(FIRST - 40 * HOUR_US, FIRST),
    weight=st.sampled_from([1.0, 0.3, 2.0]),
)
weighed_at_limits = st.builds(
    Rated, rating=st.sampled_from([1.0, 5.0]), at_us=st.just(FIRST), weight=st.sampled_from([1e-9, 1.0, 1e9])
)
CAUSES = ["new", "back-filled", "restored", "moved in"], ["removed", "erased", "moved out"], ["edited"]


@st.composite
def histories(draw, rated=rated):
    """What was known, and events `(cause, review before, review after)`; each known review changes once at most."""
    known = draw(st.lists(rated, max_size=8))
    arriving, leaving, changing = CAUSES
    events = [(draw(st.sampled_from(arriving)), None, after) for after in draw(st.lists(rated, max_size=5))]
    for review in known:
        match draw(st.sampled_from(["stays", "leaves", "changes"])):
            case "leaves":
                events.append((draw(st.sampled_from(leaving)), review, None))
            case "changes":
                events.append((draw(st.sampled_from(changing)), review, draw(rated)))
            case _:
                pass
    return known, draw(st.permutations(events))


def groups_of(events, at_us, half_life_us):
    """The groups by what happened and the star."""
    shares = {}
    for cause, before, after in events:
        gone = share_of(before, at_us, half_life_us, -1) if before else NOTHING
        come = share_of(after, at_us, half_life_us) if after else NOTHING
        star = int((after or before).rating + 0.5)
        shares.setdefault((cause, star), []).append(added(gone, come))
    return {key: added(*each) for key, each in shares.items()}


def standing_after(known, events):
    standing = list(known)
    for _, before, after in events:
        if before:
            standing.remove(before)
        if after:
            standing.append(after)
    return standing


@given(histories(), half_lives_us, priors, st.integers(0, 400 * HOUR_US))
def test_the_parts_of_any_history_add_up_to_what_the_score_was_and_is(history, half_life_us, prior, wait_us):
    known, events = history
    second = FIRST + wait_us
    begun = start(sums_of(known, FIRST, half_life_us), FIRST, FIRST, second, half_life_us, prior)

    change = explain(begun, groups_of(events, second, half_life_us), prior)

    before = mean(known, FIRST, half_life_us, prior)
    after = mean(standing_after(known, events), second, half_life_us, prior)
    assert (change.before, change.after) == pytest.approx((before, after), abs=1e-9)
    assert math.fsum(parts_of(change)) == pytest.approx(after - before, abs=1e-9)
    assert change.ageing == pytest.approx(mean(known, second, half_life_us, prior) - before, abs=1e-9)


def exactly(begun, groups, prior):
    """The identity in fractions: the parts, and the change that they must add up to."""
    n, v = Fraction(prior.weight), Fraction(prior.value)
    a0, b0 = map(Fraction, begun.share)
    a1 = a0 + sum(Fraction(group.a) for group in groups.values())
    b1 = b0 + sum(Fraction(group.b) for group in groups.values())
    aged, after = (n * v + a0) / (n + b0), (n * v + a1) / (n + b1)
    middle, weight = (aged + after) / 2, n + (b0 + b1) / 2
    effects = {key: (Fraction(each.a) - middle * Fraction(each.b)) / weight for key, each in groups.items()}
    ageing = aged - Fraction(begun.score)
    return ageing, effects, after - Fraction(begun.score)


@given(sums_and_groups(), priors)
@example((Start(1.0, NOTHING), {0: Share(-1e7, -1e7), 1: Share(12108874.993414797, 1e7)}), Prior(weight=0.5, value=1.0))
@example((Start(1.0, NOTHING), {0: Share(-1e7, -1e7), 1: Share(2e7, 1e7)}), Prior(weight=7.0, value=1.0))
def test_the_identity_is_exact_in_fractions_and_rounding_leaves_next_to_nothing(known, prior):
    begun, groups = known
    ageing, effects, whole = exactly(begun, groups, prior)
    assert ageing + sum(effects.values()) == whole

    change = explain(begun, groups, prior)

    scale = rounding_scale(begun, groups, change)
    remainder = math.fsum([change.after, -change.before, *(-part for part in parts_of(change))])
    assert abs(remainder) <= 1e-12 * scale
    for key, effect in effects.items():
        assert change.effects[key] == pytest.approx(float(effect), abs=1e-12 * scale)


tiny_priors = st.builds(
    Prior, weight=st.sampled_from([MIN_PRIOR_WEIGHT, 0.01, 7.0]), value=st.sampled_from([1.0, 3.5, 5.0])
)


def change_of(history, prior, half_life_us=None):
    """Its change, and that of the same told backwards."""
    known, events = history
    standing = standing_after(known, events)
    begun, ended = (
        start(sums_of(each, FIRST, half_life_us), FIRST, FIRST, FIRST, half_life_us, prior)
        for each in (known, standing)
    )
    groups = groups_of(events, FIRST, half_life_us)
    undone = {key: Share(-share.a, -share.b) for key, share in groups.items()}
    return (
        explain(begun, groups, prior, are_all_gone=not standing),
        explain(ended, undone, prior, are_all_gone=not known),
    )


OUTWEIGHING = Rated(5, FIRST, weight=1e9)
ONE_OUTWEIGHS_ALL = [Rated(1, FIRST, 1e-9), Rated(5, FIRST, 1e-9), OUTWEIGHING], [("removed", OUTWEIGHING, None)]


@given(histories() | histories(weighed_at_limits), priors | tiny_priors, half_lives_us)
@example(([Rated(1, FIRST)] * 500 + [Rated(5, FIRST)] * 500, []), PRIOR, None)
@example(ONE_OUTWEIGHS_ALL, Prior(weight=0.5, value=1), HOUR_US)
def test_no_part_is_more_than_a_score_can_move_where_nothing_came_and_went_again(history, prior, half_life_us):
    known, events = history
    if not events:
        history = known, [("removed", each, None) for each in known]

    change, _ = change_of(history, prior, half_life_us)

    # Where a heavy review is taken away, what is left of the sums is as exact as the sums with it were.
    reviews = [*known, *(after for _, _, after in history[1] if after)]
    heaviest = math.fsum(5 * review.weight for review in reviews)
    tolerance = 1e-9 + heaviest / prior.weight * 2**-51
    assert all(abs(effect) <= WIDTH + tolerance for effect in change.effects.values())
    assert math.fsum(parts_of(change)) == pytest.approx(change.after - change.before, abs=tolerance)


@given(histories(), priors, half_lives_us)
def test_told_backwards_each_part_has_the_other_sign(history, prior, half_life_us):
    forwards, backwards = change_of(history, prior, half_life_us)

    tolerance = 1e-9
    assert backwards.after == pytest.approx(forwards.aged, abs=tolerance)
    for key, effect in forwards.effects.items():
        assert backwards.effects[key] == pytest.approx(-effect, abs=tolerance)


def test_what_is_left_of_sums_by_rounding_is_nothing_when_no_review_is_left():
    begun = Start(4.0, Share(0.1 + 0.2, 0.1))
    change = explain(begun, {"removed": Share(-0.3, -0.1)}, Prior(weight=1e-17, value=3.5), are_all_gone=True)

    assert change.after == 3.5
    assert begun.share.a - 0.3 != 0


@given(sums_and_groups(), priors, st.randoms(use_true_random=False))
def test_the_order_of_groups_makes_no_difference_in_any_bit(known, prior, random):
    begun, groups = known
    shuffled = [*groups.items()]
    random.shuffle(shuffled)

    assert explain(begun, dict(shuffled), prior) == explain(begun, groups, prior)


def in_millionths(share):
    """The share with sums of few binary digits, so that parts of it add up to it exactly."""
    return Share(*(math.ldexp(round(math.ldexp(sum_, 20)), -20) for sum_ in share))


@given(sums_and_groups(further=1), st.floats(-2, 2), priors)
def test_a_group_split_in_two_has_parts_that_add_up_to_its_effect(known, part, prior):
    begun, others, group = known
    group = in_millionths(group)
    first = in_millionths(Share(group.a * part, group.b * part))
    second = Share(group.a - first.a, group.b - first.b)
    whole, split = others | {"whole": group}, others | {"first": first, "second": second}

    at_once, in_two = explain(begun, whole, prior), explain(begun, split, prior)

    tolerance = 1e-14 * rounding_scale(begun, split, in_two)
    assert in_two.effects["first"] + in_two.effects["second"] == pytest.approx(at_once.effects["whole"], abs=tolerance)
    assert (in_two.after, in_two.ageing) == (at_once.after, at_once.ageing)


# Single cases.


@given(st.lists(rated, min_size=1, max_size=20), half_lives_us)
def test_when_all_reviews_are_removed_the_score_is_the_prior(known, half_life_us):
    begun = start(sums_of(known, FIRST, half_life_us), FIRST, FIRST, FIRST, half_life_us, PRIOR)
    groups = {number: share_of(each, FIRST, half_life_us, -1) for number, each in enumerate(known)}

    change = explain(begun, groups, PRIOR)

    assert change.after == pytest.approx(3.5, abs=1e-12)
    assert math.fsum(parts_of(change)) == pytest.approx(3.5 - change.before, abs=1e-12)


def test_a_first_review_raises_the_score_from_the_prior():
    change = explain(Start(3.5, NOTHING), {"new": Share(5.0, 1.0)}, PRIOR)

    assert (change.before, change.after, change.ageing) == (3.5, 3.6875, 0.0)
    assert change.effects == {"new": 0.1875}


def test_nothing_happened_and_nothing_changed():
    change = explain(Start(3.5, NOTHING), {}, PRIOR)

    assert (change.before, change.after, change.ageing, dict(change.effects)) == (3.5, 3.5, 0.0, {})


def test_tp_9_the_score_falls_on_a_five_star_review_because_the_old_ones_aged():
    begun = start(Share(250.0, 50.0), 0, H180, 2 * H180, H180, PRIOR)

    change = explain(begun, {"new": Share(5.0, 1.0)}, PRIOR)

    assert (change.before, change.after) == pytest.approx((4.671875, 4.487805), abs=5.1e-7)
    assert change.ageing == pytest.approx(4.461538 - 4.671875, abs=1e-6)
    assert change.effects["new"] == pytest.approx(4.487805 - 4.461538, abs=1e-6)


E_REVIEWS = [Rated(5, 0), Rated(1, 90 * DAY_US), Rated(4, 180 * DAY_US), Rated(5, 270 * DAY_US)]
E_CHANGES = {
    "E-4": (Rated(4, 90 * DAY_US), 3.711384485472),
    "E-5": (Rated(4, 300 * DAY_US), 3.725116615839),
    "E-6": (None, 3.699318775959),
}


@pytest.mark.parametrize(("after", "expected"), E_CHANGES.values(), ids=E_CHANGES)
def test_e_an_edit_or_a_removal_is_the_whole_change_at_one_instant(after, expected):
    day_360 = 360 * DAY_US
    begun = start(sums_of(E_REVIEWS, day_360, H180), day_360, day_360, day_360, H180, PRIOR)

    change = explain(begun, groups_of([("changed", E_REVIEWS[1], after)], day_360, H180), PRIOR)

    assert (change.before, change.after) == pytest.approx((3.591000751324, expected), abs=1e-12)
    assert change.ageing == 0
    assert sum(change.effects.values()) == pytest.approx(expected - 3.591000751324, abs=2e-12)


@given(st.lists(rated, max_size=8), st.integers(-20, 20), st.integers(0, 400 * HOUR_US))
def test_the_landmark_that_sums_are_held_against_makes_no_difference(known, landmark, wait_us):
    second = FIRST + wait_us
    held_us = FIRST + landmark * H180
    direct = start(sums_of(known, FIRST, H180), FIRST, FIRST, second, H180, PRIOR)

    by_landmark = start(sums_of(known, held_us, H180), held_us, FIRST, second, H180, PRIOR)

    assert by_landmark.score == pytest.approx(direct.score, abs=1e-12)
    assert by_landmark.share == pytest.approx(direct.share, rel=1e-12)


@given(st.lists(rated, max_size=8), st.integers(0, 4000 * DAY_US))
def test_where_nothing_fades_nothing_ages(known, wait_us):
    begun = start(sums_of(known, FIRST, None), FIRST, FIRST, FIRST + wait_us, None, PRIOR)

    assert explain(begun, {"new": Share(3.0, 1.0)}, PRIOR).ageing == 0


def test_a_frozen_score_does_not_age_while_nothing_comes():
    newest = E_REVIEWS[-1].at_us
    begun = start(sums_of(E_REVIEWS, 0, H180), 0, newest, newest, H180, PRIOR)

    change = explain(begun, {}, PRIOR)

    assert change.before == change.after == pytest.approx(3.618598868291, abs=1e-12)
    assert change.ageing == 0


def test_a_frozen_score_ages_up_to_the_newest_review():
    *older, new = E_REVIEWS
    first, second = older[-1].at_us, new.at_us
    begun = start(sums_of(older, first, H180), first, first, second, H180, PRIOR)

    change = explain(begun, {"new": share_of(new, second, H180)}, PRIOR)

    assert change.after == pytest.approx(3.618598868291, abs=1e-12)
    assert change.ageing == pytest.approx(mean(older, second, H180) - mean(older, first, H180), abs=1e-12)


def test_a_frozen_score_is_read_earlier_when_its_newest_review_is_removed():
    *older, newest = E_REVIEWS
    first, second = newest.at_us, older[-1].at_us
    begun = start(sums_of(E_REVIEWS, first, H180), first, first, second, H180, PRIOR)

    change = explain(begun, {"removed": share_of(newest, second, H180, -1)}, PRIOR)

    assert change.after == pytest.approx(mean(older, second, H180), abs=1e-12)
    assert math.fsum(parts_of(change)) == pytest.approx(change.after - change.before, abs=1e-12)


@given(st.integers(-2000, 2000), st.integers(0, H180 - 1))
def test_a_share_that_faded_and_is_read_where_it_was_held_is_the_same(half_lives, rest_us):
    assume(abs(half_lives) < 900)
    read_us = half_lives * H180 + rest_us

    there = decayed(Share(5.0, 1.0), 0, read_us, H180)

    assert there.b == pytest.approx(2.0 ** (-half_lives - rest_us / H180), rel=1e-12)
    assert decayed(there, read_us, 0, H180) == pytest.approx(Share(5.0, 1.0), rel=1e-12)


def test_groups_that_take_more_than_there_was_are_refused():
    with pytest.raises(ValueError, match="pass all groups of the time"):
        explain(Start(3.5, NOTHING), {"removed": Share(-40.0, -8.0)}, PRIOR)


@pytest.mark.parametrize(("figures", "message"), [((0, 3.5), "above 0"), ((math.nan, 3), "above 0"), ((7, 6), "stars")])
def test_a_prior_out_of_range_is_refused(figures, message):
    with pytest.raises(ValueError, match=message):
        Prior(weight=figures[0], value=figures[1])


@given(sums_and_groups(st.text("ab", max_size=3)))
def test_the_effects_of_all_reviews_add_up_to_those_of_their_groups(known):
    begun, reviews = known
    change = explain(begun, {"all": added(*reviews.values())}, PRIOR)

    effects = [change.effect_of(share) for share in reviews.values()]

    tolerance = 1e-12 * rounding_scale(begun, reviews, change)
    assert math.fsum(effects) == pytest.approx(change.effects["all"], abs=tolerance)
