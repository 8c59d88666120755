import pytest

from plaudit.scoring.domain.decay import NO_SUMS, State, Sums, contribution, merge
from plaudit.scoring.domain.profile import DAY_US, TRUST, Profile
from plaudit.scoring.domain.score import crossing, one_decimal, read

NOW = 20_000 * DAY_US
H = TRUST.half_life_us
FROZEN = Profile(
    name="frozen",
    half_life_days=180,
    prior_weight=7,
    prior_value=3.5,
    kinds=frozenset({"stars"}),
    ages_between_events=False,
)


def reviewed(*ratings, profile=TRUST):
    return merge(contribution(rating, NOW, 1.0, profile) for rating in ratings)


def test_emptiness_is_the_merged_count_whatever_rounding_left_behind():
    _, sums = contribution(5, NOW, 1.0, TRUST)
    residue = Sums._make([value * 2**-50 for value in sums[:7]] + [0] * 5)

    score = read(State(0, residue), NOW, TRUST)

    assert (score.score, score.stars, score.count, score.value) == (None, None, 0, 3.5)


def test_parts_that_are_negative_cancel_when_merged():
    k, sums = contribution(5, NOW, 1.0, TRUST)
    removed_elsewhere = Sums._make(-value for value in sums)

    assert read(merge([(k, sums), (k, removed_elsewhere)]), NOW, TRUST).score is None
    assert merge([(k, sums), (k, removed_elsewhere)]).sums == NO_SUMS


@pytest.mark.parametrize("half_lives", [1_100, 10**6, 10**30])
def test_the_far_future_is_the_prior(half_lives):
    score = read(reviewed(5, 5, 5), NOW + half_lives * H, TRUST)

    assert (score.value, score.score, score.count) == (3.5, 3.5, 3)


@pytest.mark.parametrize("half_lives", [1_100, 10**6, 10**30])
def test_the_far_past_before_the_landmark_does_not_overflow(half_lives):
    score = read(reviewed(5, 4), NOW - half_lives * H, TRUST)

    assert score.value == pytest.approx(4.5)


def test_reviews_that_have_underflowed_leave_the_prior():
    hourly = Profile(name="hourly", half_life_days=1 / 24, prior_weight=7, prior_value=3.5, kinds=frozenset({"stars"}))
    k, sums = contribution(5, 0, 1.0, hourly)
    later_k = contribution(5, NOW, 1.0, hourly)[0]
    state = merge([(k, sums), (later_k, NO_SUMS)])

    for at_us in (0, NOW, -NOW):
        score = read(state, at_us, hourly)
        assert (score.value, score.count, score.n_eff) == (3.5, 1, 0)
    assert crossing(state, NOW, 4.0, hourly) is None


def test_fading_reviews_weigh_less_in_the_effective_number():
    state = merge([contribution(5, NOW, 1.0, TRUST), contribution(5, NOW - H, 1.0, TRUST)])

    assert read(state, NOW, TRUST).n_eff == pytest.approx(1.5**2 / 1.25)
    assert read(state, NOW + 40 * H, TRUST).n_eff == pytest.approx(1.5**2 / 1.25)


@pytest.mark.parametrize(
    ("ratings", "threshold"),
    [
        ((5,) * 10, 4.5),  # above the score, which falls
        ((5,) * 10, 3.4),  # beyond the prior
        ((5,) * 10, 3.5),  # the prior itself, which it only nears
        ((1,) * 10, 1.5),  # below the score, which rises
        ((1,) * 10, 3.6),
        ((1,) * 10, 3.5),
        ((3.5,) * 4, 3.5),
        ((3.5,) * 4, 3.6),
        ((3.5,) * 4, 3.4),
        ((), 4.0),
        ((), 3.0),
    ],
)
def test_there_is_no_crossing_of_what_the_idle_score_never_reaches(ratings, threshold):
    assert crossing(reviewed(*ratings), NOW, threshold, TRUST) is None


def test_a_crossing_that_has_been_is_not_announced_again():
    state = reviewed(*[5] * 100)
    at_us = crossing(state, NOW, 4.5, TRUST)

    assert crossing(state, at_us - 1, 4.5, TRUST) == at_us
    assert crossing(state, at_us, 4.5, TRUST) is None
    assert crossing(state, at_us + DAY_US, 4.5, TRUST) is None


def test_a_rising_score_crosses_too():
    at_us = crossing(reviewed(*[1] * 100), NOW, 2.5, TRUST)

    assert read(reviewed(*[1] * 100), at_us, TRUST).value == pytest.approx(2.5, abs=1e-12)


def test_a_score_that_does_not_age_by_itself_never_crosses_by_itself():
    assert crossing(reviewed(*[5] * 100, profile=FROZEN), NOW, 4.5, FROZEN) is None


@pytest.mark.parametrize(
    ("score", "shown"), [(4.25, 4.3), (4.24, 4.2), (4.35, 4.4), (3.95, 4.0), (1.0, 1.0), (5.0, 5.0)]
)
def test_figures_round_ties_up(score, shown):
    assert one_decimal(score) == shown
