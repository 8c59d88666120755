"""Rows of reviews follow what is told of them, and hold none of their words."""

import msgspec
import pytest

from plaudit.alerting.erasure.commands import scrubbing
from plaudit.alerting.main import followers
from plaudit.alerting.reviews.consumer import keep_reviews
from plaudit.common.contracts import Resolution
from plaudit.common.erasure import scrub_values
from plaudit_testing.clocks import answered, at, rated, review
from plaudit_testing.erasing import scrub_all

pytestmark = pytest.mark.postgres


async def told(stage, *records):
    async with stage.worker.transaction() as tx:
        await keep_reviews(tx, records)


async def rows(stage):
    return await stage.rows("SELECT * FROM reviews ORDER BY tenant_id, id")


async def test_a_row_says_what_a_review_is_and_not_what_it_says(stage):
    state = review(topics=("delivery",), personas=("long_time",), language="de", person="native:quibble")
    await told(stage, stage.record(None, state, at(0)))
    [row] = await rows(stage)
    assert (row["subject"], row["platform"], row["kind"], row["rating"], row["severity"]) == (
        *("acme/berlin", "native", "stars", 1.0, "negative"),
    )
    assert (row["topics"], row["personas"], row["language"], row["answers"]) == (
        ["delivery"],
        ["long_time"],
        "de",
        "told",
    )
    assert not {"quibble", state.title, state.text, state.url} & {str(value) for value in row.values()}


async def test_it_follows_edits_answers_settlements_removals_and_returns(stage):
    first = review()
    better = answered(rated(first, 4.0, at(2)), at(3))
    settled = msgspec.structs.replace(
        better, resolution=Resolution(disposition="justified", outcome="refunded", resolved_at=at(4))
    )
    await told(stage, stage.record(None, first, at(0)), stage.record(first, better, at(3)))
    await told(stage, stage.record(better, settled, at(4)), stage.record(settled, None, at(5)))
    [row] = await rows(stage)
    assert (row["rating"], row["severity"], row["answered_at"], row["resolved_at"], row["removed_at"]) == (
        *(4.0, "normal", at(3), at(4), at(5)),
    )
    await told(stage, stage.record(None, first, at(6), kind="review.restored"))
    [row] = await rows(stage)
    assert (row["rating"], row["answered_at"], row["removed_at"]) == (1.0, None, None)


async def test_what_is_told_again_or_late_changes_nothing(stage):
    first, second = stage.record(None, review(), at(0)), stage.record(review(), rated(review(), 3.0, at(1)), at(1))
    await told(stage, first, second)
    before = await rows(stage)
    await told(stage, first)
    await told(stage, second, first)
    assert await rows(stage) == before


async def test_a_back_fill_stays_one_whatever_comes_later(stage):
    created = stage.record(None, review(), at(0))
    old = msgspec.structs.replace(
        created,
        event=msgspec.structs.replace(created.event, data=msgspec.structs.replace(created.event.data, backfill=True)),
    )
    await told(stage, old, stage.record(review(), rated(review(), 2.0, at(1)), at(1)))
    await told(stage, stage.record(review(), answered(review(), at(2)), at(2)))
    assert [row["is_backfill"] for row in await rows(stage)] == [True]


async def test_an_erased_review_is_forgotten_and_does_not_come_back(stage):
    created = stage.record(None, review(), at(0))
    erased = stage.record(review(), None, at(1), kind="review.erased")
    await told(stage, created, stage.record(None, review(), at(0), "another"))
    await told(stage, erased)
    await told(stage, created)
    await told(stage, created, erased)
    assert [row["id"] for row in await rows(stage)] == ["another"]


async def test_an_erasure_that_is_set_aside_is_carried_out_by_the_job(stage):
    await told(stage, stage.record(None, review(), at(0)))
    erased = stage.record(review(), None, at(1), kind="review.erased")
    async with stage.worker.transaction() as tx:
        await scrub_values(tx, [msgspec.json.encode(erased.event)])
    await stage.move_to(at(1.1))
    await scrub_all(stage.worker, scrubbing(followers(stage.settings), stage.resources.outbox))
    assert await rows(stage) == []
