"""What one review does to a score."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.explanation.domain.effect import CountedReview, effect
from plaudit.scoring.profiles.domain import DAY_US, MAX_RATING, MIN_PRIOR_WEIGHT, MIN_RATING, TRUST
from plaudit.scoring.scores.domain import read
from plaudit.scoring.sums.domain.decay import MergedSums, merge
from plaudit_testing.scored import row_of

NOW_US = 20_000 * DAY_US
reviews = st.builds(
    CountedReview,
    rating=st.sampled_from([1.0, 2.5, 3.0, 4.49, 5.0]),
    rated_at_us=st.integers(0, NOW_US),
)


def summed(counted: list[CountedReview]) -> MergedSums:
    return merge(row_of(each.rating, each.rated_at_us, each.weight) for each in counted)


@given(reviews, st.lists(reviews, max_size=8))
def test_the_score_without_a_review_is_the_score_of_all_others(review: CountedReview, others: list[CountedReview]):
    found = effect(summed([review, *others]), review, NOW_US, TRUST)
    assert found is not None

    alone = read(summed(others), NOW_US, TRUST)
    assert found.without.value == pytest.approx(alone.value, rel=1e-9)
    assert (found.without.count, found.without.distribution) == (alone.count, alone.distribution)
    assert found.points == pytest.approx(found.present.value - alone.value, abs=1e-9)


def test_a_fresh_five_star_review_alone_raises_the_score_from_the_prior():
    review = CountedReview(rating=5, rated_at_us=NOW_US)

    found = effect(summed([review]), review, NOW_US, TRUST)
    assert found is not None

    assert (found.present.value, found.without.value, found.without.score) == (3.6875, 3.5, None)
    assert found.points == 0.1875


def test_an_old_review_has_a_smaller_effect_than_a_fresh_one():
    fresh, old = (CountedReview(rating=1, rated_at_us=NOW_US - days * DAY_US) for days in (0, 365))

    of_fresh, of_old = (effect(summed([fresh, old]), each, NOW_US, TRUST) for each in (fresh, old))

    assert of_fresh is not None
    assert of_old is not None
    assert of_fresh.points < of_old.points < 0


def test_a_review_that_does_not_count_has_no_effect():
    five_stars = summed([CountedReview(rating=5, rated_at_us=NOW_US)])

    assert effect(five_stars, CountedReview(rating=1, rated_at_us=0), NOW_US, TRUST) is None


def test_a_rating_off_the_scale_is_refused():
    with pytest.raises(ValueError, match="off the scale"):
        effect(summed([]), CountedReview(rating=7, rated_at_us=0), NOW_US, TRUST)


@given(reviews, st.lists(reviews, min_size=1, max_size=8))
def test_a_review_that_is_not_among_them_has_no_effect_or_leaves_a_score_on_the_scale(
    review: CountedReview, others: list[CountedReview]
):
    found = effect(summed(others), review, NOW_US, TRUST)

    assert found is None or MIN_RATING - 1e-6 <= found.without.value <= MAX_RATING + 1e-6


def test_a_review_that_weighs_more_than_all_of_its_star_do_has_no_effect():
    old = CountedReview(rating=5, rated_at_us=NOW_US - 365 * DAY_US)

    assert effect(summed([old]), CountedReview(rating=5, rated_at_us=NOW_US), NOW_US, TRUST) is None


def test_a_review_that_would_leave_others_with_a_mean_off_the_scale_has_no_effect():
    counted = [CountedReview(rating=3.5, rated_at_us=NOW_US)] * 2
    weighing = replace(TRUST, prior_weight=MIN_PRIOR_WEIGHT)

    below_one = CountedReview(rating=4.4, rated_at_us=NOW_US + 182 * DAY_US)

    assert effect(summed(counted), below_one, NOW_US, weighing) is None
