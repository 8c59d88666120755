from dataclasses import replace

import pytest

from plaudit.scoring.profiles.domain import DAY_US, TRUST, Profile
from plaudit.scoring.scores.domain import read, stars_aloud, stars_in_words
from plaudit.scoring.sums.domain.decay import NO_SUMS, MergedSums, Sums, merge
from plaudit_testing.scored import row_of

NOW = 20_000 * DAY_US
H = TRUST.half_life_us


def reviewed(*ratings):
    return merge(row_of(rating, NOW) for rating in ratings)


def test_emptiness_is_the_merged_count_whatever_rounding_left_behind():
    _, sums = row_of(5, NOW)
    residue = Sums._make([value * 2**-50 for value in sums[:7]] + [0] * 5)

    score = read(MergedSums(0, residue), NOW, TRUST)

    assert (score.score, score.stars, score.count, score.value) == (None, None, 0, 3.5)


def test_parts_that_are_negative_cancel_when_merged():
    k, sums = row_of(5, NOW)
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
    k, sums = row_of(5, 0, profile=hourly)
    later_k = row_of(5, NOW, profile=hourly)[0]
    state = merge([(k, sums), (later_k, NO_SUMS)])

    for at_us in (0, NOW, -NOW):
        score = read(state, at_us, hourly)
        assert (score.value, score.count, score.effective_reviews) == (3.5, 1, 0)


def test_fading_reviews_weigh_less_in_the_effective_number():
    state = merge([row_of(5, NOW), row_of(5, NOW - H)])

    assert read(state, NOW, TRUST).effective_reviews == pytest.approx(1.5**2 / 1.25)
    assert read(state, NOW + 40 * H, TRUST).effective_reviews == pytest.approx(1.5**2 / 1.25)


@pytest.mark.parametrize("star", [1, 5])
def test_a_score_of_equal_stars_and_a_prior_of_the_same_is_on_the_scale_at_any_instant(star):
    profile, state = replace(TRUST, prior_value=float(star)), reviewed(star)

    values = [read(state, NOW + n * H // 97, profile).value for n in range(1_000)]

    assert all(1 <= value <= 5 for value in values)
    assert values == pytest.approx([star] * len(values), rel=1e-12)


@pytest.mark.parametrize(
    ("score", "shown", "aloud"),
    [(3.64, "3½ ★", "3½ stars"), (4.9, "5 ★", "5 stars"), (1.0, "1 ★", "1 star"), (1.3, "1½ ★", "1½ stars")],
)
def test_half_stars_have_words(score, shown, aloud):
    assert (stars_in_words(score), stars_aloud(score)) == (shown, aloud)
