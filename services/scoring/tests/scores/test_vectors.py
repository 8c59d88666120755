"""The published and derived test vectors of the score, by name. Days are counted from a base that is moved about."""

from dataclasses import dataclass
from itertools import permutations

import pytest

from plaudit.scoring.domain.decay import NO_SUMS, Sums, add, contribution, landmark_us, merge, relandmark
from plaudit.scoring.domain.fold import fold
from plaudit.scoring.domain.profile import DAY_US, TRUST, Profile
from plaudit.scoring.domain.score import crossing, crossing_sums, one_decimal, read, read_sums, stars


@dataclass(frozen=True)
class Given:
    rating: float
    rated_at_us: int
    subject: str = "acme"
    kind: str = "stars"
    verified: bool = True
    origin: str = "organic"
    published: bool = True


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


def state_after(events, profile):
    deltas = {}
    for before, after in events:
        fold(deltas, "default", "source", before, after, profile)
    return merge((key[3], Sums._make(row)) for key, row in deltas.items() if key[1] == "acme")


def created(*day_and_rating, base=0):
    return [(None, Given(rating, (base + day) * DAY_US)) for day, rating in day_and_rating]


def read_day(events, day, profile, base=0):
    return read(state_after(events, profile), (base + day) * DAY_US, profile)


# TP: the trust score


def test_tp_1_no_reviews_is_the_prior_inside_and_nothing_outside():
    score = read(merge([]), 20_000 * DAY_US, TRUST)

    assert score.value == score.prior == 3.5
    assert (score.score, score.stars, score.count, score.n_eff) == (None, None, 0, 0)
    assert score.distribution == {1: 0, 2: 0, 3: 0, 4: 0, 5: 0}


FRESH = [
    ("TP-2", {5: 1}, 3.6875, 3.7, 3.5),
    ("TP-3", {1: 1}, 3.1875, 3.2, 3.0),
    ("TP-4/2", {5: 2}, 3.833333, 3.8, 4.0),
    ("TP-4/3", {5: 3}, 3.95, 4.0, 4.0),
    ("TP-4/10", {5: 10}, 4.382353, 4.4, 4.5),
    ("TP-4/21", {5: 21}, 4.625, 4.6, 4.5),
    ("TP-4/100", {5: 100}, 4.901869, 4.9, 5.0),
    ("TP-5", {1: 10}, 2.029412, 2.0, 2.0),
    ("TP-6", {5: 1, 4: 1, 3: 1, 2: 1, 1: 1}, 3.291667, 3.3, 3.5),
    ("TP-8", {5: 223, 4: 19, 3: 7, 2: 7, 1: 14}, 4.564982, 4.6, 4.5),
]


@pytest.mark.parametrize(
    ("counts", "expected", "figure", "half_stars"), [v[1:] for v in FRESH], ids=[v[0] for v in FRESH]
)
def test_fresh_reviews_are_shrunk_towards_seven_of_three_and_a_half(counts, expected, figure, half_stars):
    reviews = [(20_000, rating) for rating, count in counts.items() for _ in range(count)]

    score = read_day(created(*reviews), 20_000, TRUST)

    assert score.score == score.value == pytest.approx(expected, abs=5.1e-7)
    assert (one_decimal(score.value), score.stars) == (figure, half_stars)
    assert score.count == len(reviews)
    assert score.distribution == dict.fromkeys(range(1, 6), 0) | counts
    assert score.n_eff == pytest.approx(len(reviews))


@pytest.mark.parametrize(("target", "fewest"), [(4.0, 4), (4.25, 7), (4.5, 14), (4.75, 35)])
def test_tp_7_the_fewest_five_stars_that_reach_a_score(target, fewest):
    def reached(count):
        return read_day(created(*[(20_000, 5)] * count), 20_000, TRUST).value

    assert reached(fewest - 1) < target <= reached(fewest)


def test_tp_8_the_plain_mean_is_the_quotient_of_the_sums():
    reviews = [(0, 5)] * 223 + [(0, 4)] * 19 + [(0, 3)] * 7 + [(0, 2)] * 7 + [(0, 1)] * 14
    sums = state_after(created(*reviews), TRUST).sums

    assert sums.a / sums.b == pytest.approx(4.592593, abs=5.1e-7)


@bases
def test_tp_9_the_score_falls_on_a_new_five_star_review(base, rows):
    events = created(*[(0, 5)] * 50, base=base)
    assert read_day(events, 180, H180, base).value == pytest.approx(4.671875, abs=1e-12)

    events += created((360, 5), base=base)
    assert read_day(events, 360, H180, base).value == pytest.approx(4.487805, abs=5.1e-7)


@pytest.mark.parametrize(
    ("half_life_days", "expected"),
    [(180, 4.246269), (360, 4.424243), (1e12, 4.568376)],
    ids=["H=6 months", "H=12 months", "no decay"],
)
def test_tp_10_the_half_life_decides_how_fast_a_good_past_fades(half_life_days, expected):
    events = created(*[(0, 5)] * 100, *[(180, 1)] * 10)

    assert read_day(events, 180, seven_of(half_life_days)).value == pytest.approx(expected, abs=5.1e-7)


# D: the decay


@pytest.mark.parametrize(
    ("months", "expected"),
    [(0, 1), (1, 0.890899), (3, 0.707107), (6, 0.5), (12, 0.25), (24, 0.0625), (36, 0.015625)],
)
@pytest.mark.parametrize("base", [0, 20_000, -30_000])
def test_d_1_a_review_weighs_half_as_much_every_half_life(months, expected, base):
    k, sums = contribution(5, base * DAY_US, 1.0, H180)

    aged = relandmark(sums, landmark_us(k, H180), (base + 30 * months) * DAY_US, H180)

    assert aged.b == pytest.approx(expected, abs=5.1e-7)


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
    events = created(*E_REVIEWS, base=base)
    deltas = {}
    for before, after in events:
        fold(deltas, "default", "source", before, after, H180)

    assert len(deltas) == rows
    assert read_day(events, day, H180, base).value == pytest.approx(expected, abs=1e-12)


@bases
def test_e_2_the_sums_behind_it(base, rows):
    state = state_after(created(*E_REVIEWS, base=base), H180)
    at_360 = relandmark(state.sums, landmark_us(state.k, H180), (base + 360) * DAY_US, H180)

    assert at_360.a == pytest.approx(7.139087296526, abs=1e-12)
    assert at_360.b == pytest.approx(1.810660171780, abs=1e-12)
    assert at_360.b2 == pytest.approx(0.9375, abs=1e-12)
    assert read_day(created(*E_REVIEWS, base=base), 360, H180, base).n_eff == pytest.approx(3.497056, abs=5.1e-7)


@pytest.mark.parametrize("landmark_day", [0, 180, 10_000, -10_000, 37])
def test_e_3_the_landmark_makes_no_difference(landmark_day):
    held_against_us = landmark_day * DAY_US
    sums = add(against(held_against_us, *review) for review in E_REVIEWS)

    assert read_sums(sums, held_against_us, 360 * DAY_US, H180).value == pytest.approx(3.59100075132448, abs=1e-13)


def against(held_against_us, day, rating):
    k, sums = contribution(rating, day * DAY_US, 1.0, H180)
    return relandmark(sums, landmark_us(k, H180), held_against_us, H180)


def negative(sums):
    return Sums._make(-value for value in sums)


# Each as (what happens in order: sign, day, rating) and what stands at day 360.
E_HISTORIES = {
    "E-1": ([], 3.591000751324),
    "E-4": ([(-1, 90, 1), (1, 90, 4)], 3.711384485472),
    "E-5": ([(-1, 90, 1), (1, 300, 4)], 3.725116615839),
    "E-6": ([(-1, 90, 1)], 3.699318775959),
}


@pytest.mark.parametrize(("changes", "expected"), E_HISTORIES.values(), ids=E_HISTORIES)
@pytest.mark.parametrize("moved_after", range(7))
@pytest.mark.parametrize("from_day", [0, 180, -4_000])
@pytest.mark.parametrize("to_day", [90, 200, 10_000])
def test_e_the_landmark_may_move_between_any_two_events(changes, expected, moved_after, from_day, to_day):
    held_day, sums = from_day, NO_SUMS
    steps = [(1, *review) for review in E_REVIEWS] + changes
    for number, (sign, day, rating) in enumerate(steps):
        if number == moved_after:
            sums = relandmark(sums, held_day * DAY_US, to_day * DAY_US, H180)
            held_day = to_day
        share = against(held_day * DAY_US, day, rating)
        sums = add([sums, share if sign > 0 else negative(share)])

    score = read_sums(sums, held_day * DAY_US, 360 * DAY_US, H180)

    assert score.value == pytest.approx(expected, abs=1e-12)
    assert score.count == 4 + sum(sign for sign, _, _ in changes)


@bases
def test_e_4_an_edit_that_keeps_its_time(base, rows):
    at_90 = (base + 90) * DAY_US
    events = [*created(*E_REVIEWS, base=base), (Given(1, at_90), Given(4, at_90))]

    score = read_day(events, 360, H180, base)

    assert score.value == pytest.approx(3.711384485472, abs=1e-12)
    assert score.distribution == {1: 0, 2: 0, 3: 0, 4: 2, 5: 2}


@bases
def test_e_5_an_edit_that_resets_its_time(base, rows):
    edit = (Given(1, (base + 90) * DAY_US), Given(4, (base + 300) * DAY_US))
    events = [*created(*E_REVIEWS, base=base), edit]

    assert read_day(events, 360, H180, base).value == pytest.approx(3.725116615839, abs=1e-12)


@bases
@pytest.mark.parametrize("removed", [None, "unpublished"])
def test_e_6_a_removal(base, rows, removed):
    at_90 = (base + 90) * DAY_US
    after = None if removed is None else Given(1, at_90, published=False)
    events = [*created(*E_REVIEWS, base=base), (Given(1, at_90), after)]

    score = read_day(events, 360, H180, base)

    assert score.value == pytest.approx(3.699318775959, abs=1e-12)
    assert score.count == 3


@bases
def test_e_7_any_order_and_any_repetition_of_what_is_already_so(base, rows):
    events = created(*E_REVIEWS, base=base)
    for arrival in permutations(events):
        repeated = [
            event for created_event in arrival for event in (created_event, (created_event[1], created_event[1]))
        ]

        score = read_day(repeated, 360, H180, base)

        assert score.value == pytest.approx(3.591000751324, abs=1e-12)
        assert score.count == 4


@pytest.mark.parametrize("onto_day", [0, 200, 5_000])
def test_e_8_parts_with_different_landmarks_merge(onto_day):
    first = add([against(0, 0, 5), against(0, 180, 4)])
    second = add([against(200 * DAY_US, 90, 1), against(200 * DAY_US, 270, 5)])

    onto_us = onto_day * DAY_US
    merged = add([relandmark(first, 0, onto_us, H180), relandmark(second, 200 * DAY_US, onto_us, H180)])

    assert read_sums(merged, onto_us, 360 * DAY_US, H180).value == pytest.approx(3.591000751324, abs=1e-12)


@bases
def test_e_8_parts_kept_by_different_sources_merge(base, rows):
    parts = [created((0, 5), (180, 4), base=base), created((90, 1), (270, 5), base=base)]

    merged = merge(state_after(part, H180) for part in parts)

    assert read(merged, (base + 360) * DAY_US, H180).value == pytest.approx(3.591000751324, abs=1e-12)


# X: crossings


@bases
@pytest.mark.parametrize(("threshold", "day"), [(4.75, 272.6232), (4.25, 690.5702), (3.75, 1108.5173)])
@pytest.mark.parametrize("asked_on_day", [0, 100, 272.5])
def test_x_1_the_day_an_idle_score_falls_below(base, rows, threshold, day, asked_on_day):
    state = state_after(created(*[(0, 5)] * 100, base=base), H180)
    asked_at_us = round((base + asked_on_day) * DAY_US)

    at_us = crossing(state, asked_at_us, threshold, H180)

    assert at_us / DAY_US - base == pytest.approx(day, abs=6e-5)
    assert crossing_sums(state.sums, landmark_us(state.k, H180), asked_at_us, threshold, H180) == at_us


# R: half-stars


@pytest.mark.parametrize(
    ("score", "shown"),
    [(1.24, 1), (1.25, 1.5), (1.75, 2), (2.25, 2.5), (4.24, 4), (4.25, 4.5), (4.74, 4.5), (4.75, 5)],
)
def test_r_1_half_stars_round_ties_up(score, shown):
    assert stars(score) == shown
