"""Published answers are kept for comparison, and go with the review, with the answer, and with their age."""

from datetime import timedelta

import msgspec
import pytest

from plaudit.alerting.answers import commands, store
from plaudit.alerting.answers.domain.check import Draft, Kind, Review
from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.main import followers
from plaudit_testing.clocks import at, review
from plaudit_testing.drafts import BY_PEOPLE, TEMPLATE, TEMPLATE_OF_ANOTHER
from plaudit_testing.erasing import holders, scrub_all

pytestmark = pytest.mark.postgres


async def kept(stage, tenant="default"):
    async with stage.worker.transaction() as tx:
        return await store.last(tx, tenant)


async def test_a_published_answer_is_kept_with_how_like_an_earlier_one_it_is(stage, answers):
    await answers(TEMPLATE, 1, "first")
    await answers(BY_PEOPLE[0], 2, "second")
    await answers(TEMPLATE_OF_ANOTHER, 3, "third")
    third, second, first = await kept(stage)
    assert [each.review_id for each in (first, second, third)] == ["first", "second", "third"]
    assert (first.similarity, first.repeats) == (0, 0)
    assert second.similarity < 0.25
    assert third.similarity > 0.85  # no name is on the bus: those in the text are told by their capitals
    assert third.repeats == 1
    assert third.excerpt.startswith("Dear Mr. Miller, Thank you")
    assert len(third.excerpt) <= 240


async def test_a_review_of_any_rating_and_without_a_clock_counts(stage, answers):
    await answers(TEMPLATE, rating=5)
    assert len(await kept(stage)) == 1


async def test_an_answer_that_is_edited_takes_the_place_of_the_one_before(stage, answers, read_group):
    await answers(TEMPLATE, 1)
    before = read_group.with_answer(review(), TEMPLATE, at(1))
    after = read_group.with_answer(review(), BY_PEOPLE[0], at(2))
    await read_group.reads([stage.record(before, after, at(2), kind="review.answered")])
    [only] = await kept(stage)
    assert only.excerpt.startswith("Hi Tom")
    assert only.similarity == 0


@pytest.mark.parametrize("after", ["removed", "answer_removed", "rejected"])
async def test_an_answer_that_no_longer_stands_is_forgotten(stage, answers, read_group, after):
    await answers(TEMPLATE, 1)
    before = read_group.with_answer(review(), TEMPLATE, at(1))
    left = {
        "removed": None,
        "answer_removed": review(),
        "rejected": read_group.with_answer(review(), TEMPLATE, at(1), is_published=False),
    }[after]
    await read_group.reads([stage.record(before, left, at(2))])
    assert await kept(stage) == []


async def test_an_answer_that_waits_for_its_platform_is_not_kept(stage, read_group):
    pending = read_group.with_answer(review(), TEMPLATE, at(1), is_published=False)
    await read_group.reads([stage.record(review(), pending, at(1))])
    assert await kept(stage) == []


async def test_a_change_of_the_review_alone_leaves_its_answer(stage, answers, read_group):
    await answers(TEMPLATE, 1)
    before = read_group.with_answer(review(), TEMPLATE, at(1))
    await read_group.reads([stage.record(before, msgspec.structs.replace(before, text="Other words"), at(2))])
    assert len(await kept(stage)) == 1


async def test_only_the_last_answers_of_a_tenant_are_kept(stage, answers, monkeypatch):
    monkeypatch.setattr(store, "MOST_KEPT", 3)
    for number in (4, 2, 5, 1, 3):
        await answers(f"{BY_PEOPLE[0]} {number}", number, f"r{number}")
    await answers(TEMPLATE, 0, "of another tenant", tenant="other")
    assert [each.review_id for each in await kept(stage)] == ["r5", "r4", "r3"]
    assert len(await kept(stage, "other")) == 1
    assert len(await stage.rows("SELECT 1 FROM published_answers")) == 4


async def test_an_older_revision_does_not_replace_a_newer_one(stage, answers, read_group):
    old = stage.record(review(), read_group.with_answer(review(), BY_PEOPLE[0], at(1)), at(1), revision=2)
    await read_group.reads(
        [stage.record(review(), read_group.with_answer(review(), TEMPLATE, at(2)), at(2), revision=3)]
    )
    await read_group.reads([old])
    [only] = await kept(stage)
    assert (only.revision, only.published_at) == (3, at(2))


async def test_a_batch_is_compared_with_itself(stage, read_group):
    await read_group.reads(
        [
            stage.record(review(), read_group.with_answer(review(), TEMPLATE, at(number)), at(number), f"r{number}")
            for number in (2, 1)
        ]
    )
    later, earlier = await kept(stage)
    assert (later.similarity, earlier.similarity) == (1, 0)


async def test_nothing_is_left_of_an_erased_review_and_nothing_of_it_comes_back(stage, answers, read_group):
    await answers("Dear Quibblefrotz, we are sorry that the parcel went astray twice this week.", 1)
    told = stage.record(review(), None, at(2), kind="review.erased")
    await read_group.reads([told])
    async with stage.worker.transaction() as tx:
        assert await holders(tx.raw, "alerting", "Quibblefrotz") == []
    await answers("Dear Quibblefrotz, we are sorry that the parcel went astray twice this week.", 3)
    assert await kept(stage) == []


async def test_what_the_group_has_set_aside_is_scrubbed_by_the_job(stage, answers):
    await answers("Dear Quibblefrotz, we are sorry that the parcel went astray twice this week.", 1)
    await stage.happens(review(), None, at(2), kind="review.erased")
    await stage.move_to(at(2) + timedelta(minutes=1))
    await scrub_all(stage.worker, scrubbing(followers(stage.settings), stage.resources.outbox))
    assert await kept(stage) == []


async def test_a_draft_is_compared_with_the_tenants_own_answers_alone(stage, answers):
    await answers(TEMPLATE, 1, "ours")
    await answers(BY_PEOPLE[0], 1, "theirs", tenant="other")
    await stage.move_to(at(2))
    for tenant, expected in (("default", [Kind.SAME_TEXT]), ("other", [])):
        async with stage.worker.transaction() as tx:
            report = await commands.check_draft(
                tx, tenant, Draft(text=TEMPLATE, language="en", review=Review(text="", author="Sarah"))
            )
        assert [each.kind for each in report.findings] == expected
