"""What arrives about reviews, and what it does to reach."""

import asyncio
from uuid import UUID

import httpx
import msgspec
import pytest

from plaudit.common.contracts import ReviewChange
from plaudit.common.db import lock
from plaudit.common.ids import uuid7
from plaudit.common.kafka.subscription import InvalidRecordError
from plaudit.feedback_board.links import consumer
from plaudit.feedback_board.links.commands import review_key
from plaudit.feedback_board.links.domain import LinkableChange
from plaudit_testing.review_events import RESOLUTION
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres


async def _held(worker, review: UUID) -> dict[str, object]:
    async with worker.transaction() as tx:
        row = await tx.raw.fetchrow("SELECT * FROM reviews WHERE id = $1", review)
    return dict(row)


async def test_the_board_keeps_what_it_needs_of_a_review(reviews, worker) -> None:
    review = await reviews.published(title="  Nobody \n called ", text="word " * 300)
    held = await _held(worker, review)
    assert (held["revision"], held["present"], held["person_key"], held["rating"]) == (1, True, "native:anna", 2.0)
    assert held["title"] == "Nobody called"
    assert str(held["excerpt"]).endswith("word …")


async def test_a_lower_or_equal_revision_changes_nothing(reviews, worker) -> None:
    review = await reviews.published(3, text="The newest.")
    for stale in (1, 2, 3):
        await reviews.published(stale, review_id=review, text="Old.")
    await reviews.removed(review, revision=2)
    held = await _held(worker, review)
    assert (held["revision"], held["present"], held["excerpt"]) == (3, True, "The newest.")


async def test_of_a_batch_the_newest_revision_stays(reviews, worker) -> None:
    review = uuid7()
    changes = [
        ReviewChange(review_id=str(review), revision=2, before=None, after=reviews.state(text="Second.")),
        ReviewChange(review_id=str(review), revision=3, before=reviews.state(), after=None),
        ReviewChange(review_id=str(review), revision=1, before=None, after=reviews.state(text="First.")),
    ]
    await reviews.apply(*(reviews.record(change) for change in changes))
    held = await _held(worker, review)
    assert (held["revision"], held["present"]) == (3, False)


async def test_a_review_that_is_settled_is_kept_as_it_was(reviews, worker) -> None:
    review = await reviews.published(text="The text.")
    before = await _held(worker, review)
    state = reviews.state(text="The text.")
    settled = msgspec.structs.replace(state, resolution=RESOLUTION)
    await reviews.apply(reviews.record(ReviewChange(review_id=str(review), revision=2, before=state, after=settled)))
    assert await _held(worker, review) == {**before, "revision": 2, "published_at": state.published_at}


async def test_of_a_removed_review_nothing_is_kept_that_it_said(reviews, worker) -> None:
    review = await reviews.published()
    await reviews.removed(review)
    held = await _held(worker, review)
    assert held["present"] is False
    assert [held[name] for name in ("person_key", "rating", "title", "excerpt")] == [None] * 4
    assert held["subject"] == "northwind/lisbon"


async def test_two_tenants_with_the_same_review_id_keep_two_reviews(reviews, worker) -> None:
    review = await reviews.published()
    await reviews.published(2, review_id=review, tenant="other", text="Theirs.")
    async with worker.transaction() as tx:
        rows = await tx.raw.fetch("SELECT tenant_id, revision FROM reviews ORDER BY tenant_id")
    assert [tuple(row) for row in rows] == [("default", 1), ("other", 2)]


async def test_of_a_review_that_was_erased_unseen_there_is_nothing_to_delete(reviews, worker) -> None:
    review = await reviews.published()
    await reviews.removed(review)
    before = await _held(worker, review)
    record = reviews.record(ReviewChange(review_id=str(review), revision=3, before=None, after=None))
    await reviews.apply(
        msgspec.structs.replace(record, event=msgspec.structs.replace(record.event, type="review.erased"))
    )
    assert await _held(worker, review) == before


async def test_a_change_without_any_state_is_invalid(reviews) -> None:
    record = reviews.record(ReviewChange(review_id=str(uuid7()), revision=1, before=None, after=None))
    with pytest.raises(InvalidRecordError):
        await reviews.apply(record)


def test_a_review_id_that_is_none_cannot_be_decoded() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"review_id":"r1","revision":1,"before":null,"after":null}', type=LinkableChange)


def test_the_order_key_is_the_reviews_own(reviews) -> None:
    review = uuid7()
    record = reviews.record(ReviewChange(review_id=str(review), revision=1, before=None, after=reviews.state()))
    assert list(consumer.order_keys(record)) == [review_key("default", review)]


async def test_a_removed_review_counts_no_more_and_a_restored_one_again(
    api: httpx.AsyncClient, request_path: str, reviews, recount, outbox
) -> None:
    review = await reviews.published(person="native:ben")
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    await api.put(f"{request_path}/sizing", json={"impact": 3, "effort_weeks": 1})

    await reviews.removed(review, revision=2)
    assert await recount() == 1
    gone = (await api.get(request_path)).json()
    assert (gone["reach"], gone["linked_reviews"], gone["priority"]) == (0, 0, "0")

    await reviews.published(3, review_id=review, person="native:ben")
    assert await recount() == 1
    back = (await api.get(request_path)).json()
    assert (back["reach"], back["linked_reviews"], back["priority"]) == (1, 1, "3")

    scored = [event["data"]["request"] for event in await outbox.events() if event["type"] == "request.scored"]
    assert [(state["reach"], state["priority"]) for state in scored] == [(1, "3"), (0, "0"), (1, "3")]
    log = (await api.get(f"{request_path}/activity")).json()["items"]
    assert [(entry["type"], entry["actor"]) for entry in log[:2]] == [("recounted", "board")] * 2


async def test_an_edit_that_moves_no_figure_is_not_told(
    api: httpx.AsyncClient, request_path: str, reviews, recount, outbox
) -> None:
    review = await reviews.published(text="First.")
    await api.post(f"{request_path}/links", json={"review_id": str(review)})
    before = (await api.get(request_path)).json()
    await reviews.published(2, review_id=review, text="Second.")
    assert await recount() == 1
    assert await recount() == 0
    assert "request.scored" not in await outbox.types()
    assert (await api.get(request_path)).json() | {"last_mention_at": None} == before | {"last_mention_at": None}


async def test_a_review_nobody_linked_asks_for_no_recount(reviews, request_path: str, recount) -> None:
    review = await reviews.published()
    await reviews.removed(review)
    assert await recount() == 0


async def test_one_review_of_several_requests_is_recounted_for_each(api: httpx.AsyncClient, reviews, recount) -> None:
    review = await reviews.published()
    for title in ("Dark mode", "Light mode"):
        made = await api.post("/v1/requests", json={"title": title})
        await api.post(f"/v1/requests/{made.json()['id']}/links", json={"review_id": str(review)})
    await reviews.removed(review)
    assert await recount() == 2
    assert [item["reach"] for item in (await api.get("/v1/requests")).json()["items"]] == [0, 0]


async def test_a_link_made_while_a_removal_arrives_is_counted_right(
    api: httpx.AsyncClient, request_path: str, reviews, worker, recount
) -> None:
    """The link waits for the review's order key: it sees the removal, or the removal sees it."""
    review = await reviews.published(person="native:ben")
    removal = reviews.record(ReviewChange(review_id=str(review), revision=2, before=reviews.state(), after=None))
    async with worker.transaction() as tx:
        await lock(tx, consumer.order_keys(removal))
        linking = asyncio.create_task(api.post(f"{request_path}/links", json={"review_id": str(review)}))
        async with worker.transaction() as watching:
            waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"

            async def waits() -> bool:
                return await watching.raw.fetchval(waiting) > 0

            await until(waits, "the link waits for the review's order key")
        await consumer.keep(tx, [removal])
    linked = (await linking).json()["request"]
    assert (linked["reach"], linked["linked_reviews"]) == (0, 0)
    await recount()
    assert (await api.get(request_path)).json()["reach"] == 0
