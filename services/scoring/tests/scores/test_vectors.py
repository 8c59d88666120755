"""The published and derived test vectors of the score, by name. Days are counted from a base that is moved about."""

import json
from dataclasses import replace
from itertools import permutations

import pytest

from plaudit.scoring.profiles.domain import DAY_US, LIFETIME, TRUST, Profile
from plaudit.scoring.scores.domain import half_stars, read
from plaudit.scoring.sums.domain.decay import NO_SUMS, MergedSums, landmark_us, merge
from plaudit_testing.scored import folded, kept, kept_parts, merged, read_for, row_of, scored
from plaudit_testing.shared import shared


def seven_of(half_life_days):
    return Profile(name="p", half_life_days=half_life_days, prior_weight=7, prior_value=3.5, kinds=frozenset({"stars"}))


H180 = seven_of(180)
BLOCK_DAYS = 64 * 180

# Where day 0 lies, and how many landmark rows the reviews of E-1 then fall into: a landmark comes to lie before them,
# between any two of them, or exactly on one.
BASES = {
    "epoch": (0, 1),
    "today": (20_000, 1),
    "long before 1970": (-30_000, 1),
    "landmark between the first and second": (BLOCK_DAYS - 45, 2),
    "landmark between the second and third": (BLOCK_DAYS - 135, 2),
    "landmark between the third and fourth": (BLOCK_DAYS - 225, 2),
    "landmark after the last": (BLOCK_DAYS - 300, 1),
    "landmark on the third": (BLOCK_DAYS - 180, 2),
    "epoch between the second and third": (-135, 2),
    "negative landmark between the first and second": (-BLOCK_DAYS - 45, 2),
}
bases = pytest.mark.parametrize(("base", "rows"), BASES.values(), ids=BASES)


def given(rating, day):
    return scored(rating, day * DAY_US, subject="acme")


def created(*day_and_rating, base=0):
    return [(None, given(rating, base + day)) for day, rating in day_and_rating]


def sums_after(changes, profile):
    return merged(folded(*changes, profile=profile))


def held_against(landmark, sums):
    """The same sums, held against this landmark where it is later than theirs."""
    return merge([sums, (landmark, NO_SUMS)])


def read_day(changes, day, profile, base=0):
    return read(sums_after(changes, profile), (base + day) * DAY_US, profile)


def decayed(value, sums, day, profile):
    """What is left on a day of one of the merged sums."""
    return value * 0.5 ** ((day * DAY_US - landmark_us(sums.landmark, profile.half_life_us)) / profile.half_life_us)


# TP: the trust score


def test_tp_1_no_reviews_is_the_prior_inside_and_nothing_outside():
    score = read(merge([]), 20_000 * DAY_US, TRUST)

    assert score.value == score.prior == 3.5
    assert (score.score, score.stars, score.count, score.effective_reviews) == (None, None, 0, 0)
    assert score.distribution == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0}


FRESH = [
    ("TP-2", {5: 1}, 3.6875, 3.5),
    ("TP-3", {1: 1}, 3.1875, 3.0),
    ("TP-4/2", {5: 2}, 3.833333, 4.0),
    ("TP-4/3", {5: 3}, 3.95, 4.0),
    ("TP-4/10", {5: 10}, 4.382353, 4.5),
    ("TP-4/21", {5: 21}, 4.625, 4.5),
    ("TP-4/100", {5: 100}, 4.901869, 5.0),
    ("TP-5", {1: 10}, 2.029412, 2.0),
    ("TP-6", {5: 1, 4: 1, 3: 1, 2: 1, 1: 1}, 3.291667, 3.5),
    ("TP-8", {5: 223, 4: 19, 3: 7, 2: 7, 1: 14}, 4.564982, 4.5),
]


@pytest.mark.parametrize(("counts", "expected", "stars"), [v[1:] for v in FRESH], ids=[v[0] for v in FRESH])
def test_fresh_reviews_are_shrunk_towards_seven_of_three_and_a_half(counts, expected, stars):
    reviews = [(20_000, rating) for rating, count in counts.items() for _ in range(count)]

    score = read_day(created(*reviews), 20_000, TRUST)

    assert score.score == score.value == pytest.approx(expected, abs=5.1e-7)
    assert score.stars == stars
    assert score.count == len(reviews)
    assert score.distribution == dict.fromkeys(range(1, 6), 0) | counts
    assert score.effective_reviews == pytest.approx(len(reviews))


@pytest.mark.parametrize(("target", "fewest"), [(4.0, 4), (4.25, 7), (4.5, 14), (4.75, 35)])
def test_tp_7_the_fewest_five_stars_that_reach_a_score(target, fewest):
    def reached(count):
        return read_day(created(*[(20_000, 5)] * count), 20_000, TRUST).value

    assert reached(fewest - 1) < target <= reached(fewest)


def test_tp_8_the_plain_mean_is_the_quotient_of_the_sums():
    reviews = [(0, 5)] * 223 + [(0, 4)] * 19 + [(0, 3)] * 7 + [(0, 2)] * 7 + [(0, 1)] * 14
    sums = sums_after(created(*reviews), TRUST).sums

    assert sums.a / sums.b == pytest.approx(4.592593, abs=5.1e-7)


@bases
def test_tp_9_the_score_falls_on_a_new_five_star_review(base, rows):
    changes = created(*[(0, 5)] * 50, base=base)
    assert read_day(changes, 180, H180, base).value == pytest.approx(4.671875, abs=1e-12)

    changes += created((360, 5), base=base)
    assert read_day(changes, 360, H180, base).value == pytest.approx(4.487805, abs=5.1e-7)


@pytest.mark.parametrize(
    ("half_life_days", "expected"),
    [(180, 4.246269), (360, 4.424243)],
    ids=["H=6 months", "H=12 months"],
)
def test_tp_10_the_half_life_decides_how_fast_a_good_past_fades(half_life_days, expected):
    changes = created(*[(0, 5)] * 100, *[(180, 1)] * 10)

    assert read_day(changes, 180, seven_of(half_life_days)).value == pytest.approx(expected, abs=5.1e-7)


def test_tp_10_without_decay_the_past_weighs_as_much_as_the_present():
    changes = created(*[(0, 5)] * 100, *[(180, 1)] * 10)

    assert read_for(LIFETIME, kept_parts(kept(*changes)), 180 * DAY_US).value == pytest.approx(4.568376, abs=5.1e-7)


def test_a_frozen_score_is_the_published_example_of_trustratings():
    # "Twenty 5-star reviews two years ago give 4.5 stars; one 1-star review today brings it to 3.4."
    rules = json.loads(shared("vectors", "score_statistics.json").read_text(encoding="utf-8"))
    expected = rules["trust_score_public_rules"]["trustratings"]["computed"]
    frozen = replace(TRUST, is_frozen=True)
    old, today_us = created(*[(0, 5)] * 20), 730 * DAY_US

    before = read_for(frozen, kept_parts(kept(*old)), today_us)
    after = read_for(frozen, kept_parts(kept(*old, *created((730, 1)))), today_us)

    assert (round(before.value, 4), before.stars) == (expected["before"], expected["before_as_half_stars"])
    assert round(after.value, 4) == expected["after"]


@pytest.mark.parametrize(("reviews", "shown"), [(2, 7.667), (3, 7.9), (4, 8.091)])
def test_tp_o_a_score_from_0_to_10_is_the_one_that_was_seen(reviews, shown):
    # The scale of 2013 had 0 for one star and 10 for five, and a prior of seven times 7.0, which is 3.8 stars.
    of_2013 = Profile(
        name="p", half_life_days=None, prior_weight=7, prior_value=1 + 7.0 * 4 / 10, kinds=frozenset({"stars"})
    )

    score = read_for(of_2013, kept_parts(kept(*created(*[(20_000, 5)] * reviews))), 20_000 * DAY_US)

    assert (score.value - 1) * 10 / 4 == pytest.approx(shown, abs=5e-4)


def test_half_stars_are_those_of_the_published_rule():
    rounded = json.loads(shared("vectors", "score_statistics.json").read_text(encoding="utf-8"))

    for case in rounded["half_star_rounding_computed"]:
        assert half_stars(case["score"]) == case["stars"]


# D: the decay


@pytest.mark.parametrize(
    ("months", "expected"),
    [(0, 1), (1, 0.890899), (3, 0.707107), (6, 0.5), (12, 0.25), (24, 0.0625), (36, 0.015625)],
)
@pytest.mark.parametrize("base", [0, 20_000, -30_000])
def test_d_1_a_review_weighs_half_as_much_every_half_life(months, expected, base):
    sums = sums_after(created((base, 5)), H180)

    assert decayed(sums.sums.b, sums, base + 30 * months, H180) == pytest.approx(expected, abs=5.1e-7)


# E: events

E_REVIEWS = [(0, 5), (90, 1), (180, 4), (270, 5)]
E_1 = [
    (270, 3.618598868291),
    (360, 3.591000751324),
    (540, 3.550711145935),
    (720, 3.526895637020),
    (1080, 3.507044829492),
]


@bases
@pytest.mark.parametrize(("day", "expected"), E_1)
def test_e_1_a_score_read_at_any_time_without_writing(base, rows, day, expected):
    changes = created(*E_REVIEWS, base=base)

    assert len(folded(*changes, profile=H180)) == rows
    assert read_day(changes, day, H180, base).value == pytest.approx(expected, abs=1e-12)


@bases
def test_e_2_the_sums_behind_it(base, rows):
    held = sums_after(created(*E_REVIEWS, base=base), H180)
    a, b = (decayed(value, held, base + 360, H180) for value in (held.sums.a, held.sums.b))
    b2 = decayed(decayed(held.sums.b2, held, base + 360, H180), held, base + 360, H180)

    assert a == pytest.approx(7.139087296526, abs=1e-12)
    assert b == pytest.approx(1.810660171780, abs=1e-12)
    assert b2 == pytest.approx(0.9375, abs=1e-12)
    score = read_day(created(*E_REVIEWS, base=base), 360, H180, base)
    assert score.effective_reviews == pytest.approx(3.497056, abs=5.1e-7)


@pytest.mark.parametrize("landmark", [0, 1, 2, 5])
def test_e_3_the_landmark_makes_no_difference(landmark):
    sums = held_against(landmark, sums_after(created(*E_REVIEWS), H180))

    assert sums.landmark == landmark
    assert read(sums, 360 * DAY_US, H180).value == pytest.approx(3.59100075132448, abs=1e-13)


# Each as (what happens in order: sign, day, rating) and what stands at day 360.
E_HISTORIES = {
    "E-1": ([], 3.591000751324),
    "E-4": ([(-1, 90, 1), (1, 90, 4)], 3.711384485472),
    "E-5": ([(-1, 90, 1), (1, 300, 4)], 3.725116615839),
    "E-6": ([(-1, 90, 1)], 3.699318775959),
}


@pytest.mark.parametrize(("changes", "expected"), E_HISTORIES.values(), ids=E_HISTORIES)
@pytest.mark.parametrize("moved_after", range(7))
@pytest.mark.parametrize("landmark", [0, 1, 4])
def test_e_the_landmark_may_move_between_any_two_events(changes, expected, moved_after, landmark):
    held = MergedSums(0, NO_SUMS)
    steps = [(1, *review) for review in E_REVIEWS] + changes
    for number, (sign, day, rating) in enumerate(steps):
        if number == moved_after:
            held = held_against(landmark, held)
        held = merge([held, row_of(rating, day * DAY_US, sign=sign, profile=H180)])

    score = read(held, 360 * DAY_US, H180)

    assert score.value == pytest.approx(expected, abs=1e-12)
    assert score.count == 4 + sum(sign for sign, _, _ in changes)


@bases
def test_e_4_an_edit_that_keeps_its_time(base, rows):
    changes = [*created(*E_REVIEWS, base=base), (given(1, base + 90), given(4, base + 90))]

    score = read_day(changes, 360, H180, base)

    assert score.value == pytest.approx(3.711384485472, abs=1e-12)
    assert score.distribution == {1: 0, 2: 0, 3: 0, 4: 2, 5: 2}


@bases
def test_e_5_an_edit_that_resets_its_time(base, rows):
    edit = (given(1, base + 90), given(4, base + 300))
    changes = [*created(*E_REVIEWS, base=base), edit]

    assert read_day(changes, 360, H180, base).value == pytest.approx(3.725116615839, abs=1e-12)


@bases
def test_e_6_a_removal(base, rows):
    changes = [*created(*E_REVIEWS, base=base), (given(1, base + 90), None)]

    score = read_day(changes, 360, H180, base)

    assert score.value == pytest.approx(3.699318775959, abs=1e-12)
    assert score.count == 3


@bases
def test_e_7_any_order_and_any_repetition_of_what_is_already_so(base, rows):
    changes = created(*E_REVIEWS, base=base)
    for arrival in permutations(changes):
        repeated = [change for before, after in arrival for change in ((before, after), (after, after))]

        score = read_day(repeated, 360, H180, base)

        assert score.value == pytest.approx(3.591000751324, abs=1e-12)
        assert score.count == 4


@pytest.mark.parametrize(("one", "other"), [(0, 0), (0, 2), (3, 1)])
def test_e_8_parts_with_different_landmarks_merge(one, other):
    first = held_against(one, sums_after(created((0, 5), (180, 4)), H180))
    second = held_against(other, sums_after(created((90, 1), (270, 5)), H180))

    both = merge([first, second])

    assert read(both, 360 * DAY_US, H180).value == pytest.approx(3.591000751324, abs=1e-12)


@bases
def test_e_8_parts_kept_by_different_sources_merge(base, rows):
    parts = [created((0, 5), (180, 4), base=base), created((90, 1), (270, 5), base=base)]

    both = merge(sums_after(part, H180) for part in parts)

    assert read(both, (base + 360) * DAY_US, H180).value == pytest.approx(3.591000751324, abs=1e-12)


# R: half-stars


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1.24, 1), (1.25, 1.5), (1.75, 2), (2.25, 2.5), (4.24, 4), (4.25, 4.5), (4.74, 4.5), (4.75, 5)],
)
def test_r_1_half_stars_round_ties_up(score, shown):
    assert half_stars(score) == shown
