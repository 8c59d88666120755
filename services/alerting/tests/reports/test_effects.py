"""What became of ratings, by how soon reviews were answered."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plaudit.alerting.reports.domain.asked import Asked, Dimension, Window
from plaudit.alerting.reports.domain.effects import HOUR_US, Bucket, Effect, added, bucket_of, effects_of, together
from plaudit.alerting.reports.domain.words import stars_between
from plaudit.alerting.reports.store.effects import effects_of_answers
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Answers
from plaudit_testing.clocks import TENANT, answered, at, rated, review

WINDOW = Window(at(-1), at(1000))


@pytest.mark.parametrize(
    ("hours", "bucket"),
    [
        (0, Bucket.HOUR),
        (1, Bucket.HOUR),
        (4, Bucket.FOUR_HOURS),
        (24, Bucket.DAY),
        (72, Bucket.THREE_DAYS),
        (168, Bucket.WEEK),
    ],
)
def test_the_longest_time_of_a_bucket_is_in_it(hours, bucket):
    assert bucket_of(hours * HOUR_US) is bucket
    if hours:
        assert bucket_of(hours * HOUR_US + 1) is not bucket


def test_what_is_later_than_all_and_what_never_comes_have_buckets():
    assert (bucket_of(169 * HOUR_US), bucket_of(None)) == (Bucket.LATER, Bucket.NEVER)


def test_recovery_is_told_with_n_and_the_interval_of_wilson():
    found = Effect(reviews=10, raised=2, lowered=1, sum=3, squares=9)
    assert (found.recovery, found.mean_change) == (0.2, 0.3)
    assert found.interval == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert found.mean_interval == pytest.approx((-0.2880, 0.8880), abs=1e-4)


def test_of_no_review_nothing_is_said_and_of_one_no_interval_of_the_mean():
    assert (Effect().recovery, Effect().interval, Effect().mean_change) == (None, None, None)
    assert Effect(reviews=1, sum=4, squares=16).mean_interval is None


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect(), "–"),
        (Effect(reviews=2, sum=0, squares=0), "too few"),
        (Effect(reviews=4, sum=3, squares=9), "too few"),
        (Effect(reviews=9, sum=9, squares=9), "all alike"),
        (Effect(reviews=10, sum=3, squares=9), "\N{MINUS SIGN}0.29 to +0.89"),
    ],
)
def test_few_changes_or_equal_ones_have_no_interval_that_would_look_sure(effect, said):
    assert stars_between(effect) == said


EFFECTS = st.builds(
    Effect, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(-9, 9), st.integers(0, 99)
)


@given(st.lists(st.dictionaries(st.sampled_from(list(Bucket)), EFFECTS), max_size=4))
def test_groups_together_are_all_reviews(groups):
    found = together(effects_of(each, 1, 2) for each in groups)
    for bucket in Bucket:
        assert found.buckets[bucket] == added(each.get(bucket, Effect()) for each in groups)
    assert (found.unknown, found.rating_unknown) == (len(groups), 2 * len(groups))


async def told(stage, *by, **more):
    async with stage.worker.transaction() as tx:
        return await effects_of_answers(tx, TENANT, Asked(window=WINDOW, by=by, **more))


async def lives(stage, review_id, *states, answers=Answers.TOLD):
    """A review that was so at first, and then so, an hour or more apart; each is read by itself."""
    before = None
    for number, state in enumerate(states):
        record = stage.record(before, state, at(number), review_id, answers=answers)
        async with stage.worker.transaction() as tx:
            await keep_reviews(tx, [record])
        before = state


@pytest.mark.postgres
async def test_a_rating_that_is_raised_after_the_answer_is_a_recovery_and_one_before_is_none(stage):
    bad = review()
    after_one = answered(bad, at(0.5))
    await lives(stage, "raised", bad, after_one, rated(after_one, 3.0, at(5)))
    await lives(stage, "stays", bad, answered(bad, at(1)))
    better = rated(bad, 2.0, at(1))
    await lives(stage, "raised-before", bad, better, answered(better, at(3)))
    good = rated(bad, 4.0, at(1))
    await lives(stage, "good-when-answered", bad, good, answered(good, at(3)))
    await lives(stage, "never", bad)
    await lives(stage, "never-but-raised", bad, rated(bad, 5.0, at(9)))
    buckets = (await told(stage)).all.buckets
    assert buckets[Bucket.HOUR] == Effect(2, 1, 0, 2.0, 4.0)
    assert buckets[Bucket.FOUR_HOURS] == Effect(1)
    assert buckets[Bucket.NEVER] == Effect(2, 1, 0, 4.0, 16.0)
    assert sum(each.reviews for each in buckets.values()) == 5


@pytest.mark.postgres
async def test_a_lowered_rating_counts_its_wait_from_when_it_was_given(stage):
    liked = review(5.0)
    lowered = rated(liked, 1.0, at(100))
    await lives(stage, "lowered", liked, lowered, answered(lowered, at(101)))
    await lives(stage, "lowered-and-left", liked, rated(liked, 2.0, at(5)))
    buckets = (await told(stage)).all.buckets
    assert (buckets[Bucket.HOUR].reviews, buckets[Bucket.NEVER].reviews) == (1, 1)


@pytest.mark.postgres
async def test_an_answer_that_is_told_after_the_edit_that_followed_it_is_seen_as_it_was(stage):
    """The platform is asked later: the rating is raised at 6, and the answer of 5 is told after that."""
    bad = review()
    raised = rated(bad, 4.0, at(6))
    await lives(stage, "r", bad, raised, answered(raised, at(5)))
    assert (await told(stage)).all.buckets[Bucket.DAY] == Effect(1, 1, 0, 3.0, 9.0)


@pytest.mark.postgres
async def test_a_changed_answer_keeps_the_time_of_the_first(stage):
    bad = review()
    first = answered(bad, at(1))
    await lives(stage, "r", bad, first, answered(bad, at(50)))
    assert (await told(stage)).all.buckets[Bucket.HOUR].reviews == 1


@pytest.mark.postgres
async def test_an_answer_that_is_older_than_every_rating_we_know_counts_as_no_quick_one(stage):
    late = replace(review(), published_at=at(5), rated_at=at(5), received_at=at(5))
    await lives(stage, "r", answered(late, at(1)))
    found = (await told(stage)).all
    assert (found.rating_unknown, found.answered) == (1, Effect())


@pytest.mark.postgres
async def test_removed_reviews_surveys_and_sources_that_do_not_tell_are_in_no_bucket(stage):
    bad = review()
    await lives(stage, "removed", answered(bad, at(1)), None)
    await lives(stage, "survey", review(kind="nps"))
    await lives(stage, "untold", bad, answers=Answers.UNTOLD)
    found = (await told(stage)).all
    assert (found.unknown, found.all) == (1, 1)


@pytest.mark.postgres
async def test_groups_add_up_to_all(stage):
    bad = review()
    await lives(stage, "one", bad, answered(bad, at(1)))
    await lives(stage, "two", replace(bad, subject="globex"))
    for by in (Dimension.SOURCE, Dimension.SEVERITY, Dimension.SUBJECT, Dimension.WEEK, Dimension.MONTH):
        report = await told(stage, by)
        assert together(group.figures for group in report.groups) == report.all, by
    names = {group.key.values: group.figures.all for group in (await told(stage, Dimension.SUBJECT)).groups}
    assert names == {("acme",): 1, ("globex",): 1}
    assert (await told(stage, subject="globex")).all.all == 1


@pytest.mark.postgres
async def test_the_database_sorts_waits_into_the_same_buckets(stage):
    bad = review()
    waits = [*(hours * HOUR_US + more for hours in (1, 4, 24, 72, 168) for more in (0, 1)), 0, 300 * HOUR_US]
    for number, wait in enumerate(waits):
        await lives(stage, f"r-{number}", bad, answered(bad, at(0) + timedelta(microseconds=wait)))
    buckets = (await told(stage)).all.buckets
    for bucket in Bucket:
        expected = sum(bucket_of(wait) is bucket for wait in waits)
        assert buckets[bucket].reviews == expected, bucket
