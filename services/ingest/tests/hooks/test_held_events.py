"""Events that come before their review: answered 2xx, kept, applied in their place, or quarantined after 30 days."""

import asyncio
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest

from plaudit.common.db import Role
from plaudit.ingest.deliveries.jobs import HeldExpiryJob
from plaudit.ingest.metrics import HELD_EVENTS_EXPIRED
from plaudit.ingest.reviews.domain.held import MAX_HELD_EVENTS
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest

pytestmark = pytest.mark.postgres

AT_ONCE = 50
ANSWER = {"text": "Thanks", "published_at": "2026-02-16T10:00:00Z"}
AGED = "UPDATE ingest.held_events SET received_at = received_at - interval '30 days 1 second' WHERE external_id = $1"


def event(what: str, external_id: str = "r-1", **data: Any) -> dict[str, Any]:
    return {"type": f"review.{what}", "data": {"id": external_id, **data}}


ANSWERED = event("answered", answer=ANSWER)


async def test_an_answer_before_its_review_is_held_listed_and_applied_when_the_review_comes(
    ingest: Ingest, source: Source
) -> None:
    answer = await ingest.post(source, ANSWERED, "msg_1")
    assert answer.status_code == 202
    told = answer.json()
    assert (told["accepted"], told["held"]) == (0, [{"index": 0, "reason": "review 'r-1' is not known yet"}])
    assert (await ingest.post(source, ANSWERED, "msg_1")).json() == {**told, "duplicate": True}
    [waiting] = await ingest.items("/v1/held-events", source_id=source.id)
    assert (waiting["external_id"], waiting["type"], waiting["index"]) == ("r-1", "answer", 0)
    assert waiting["delivery_id"] == told["delivery_id"]
    assert await ingest.items("/v1/held-events", tenant="another") == []
    assert await ingest.items("/v1/reviews") == []

    assert (await ingest.post(source, created("r-1"), "msg_2")).json()["accepted"] == 1
    [review] = await ingest.items("/v1/reviews")
    assert (review["answer"]["text"], review["revision"]) == ("Thanks", 2)
    history = (await ingest.get(f"/v1/reviews/{review['id']}")).json()["revisions"]
    assert [(each["type"], each["delivery_id"] == told["delivery_id"]) for each in history] == [
        ("review.created", False),
        ("review.answered", True),
    ]
    assert await ingest.items("/v1/held-events") == []
    [kept] = await ingest.items("/v1/deliveries", sent_id="msg_1")
    assert (kept["status"], kept["held"], kept["quarantined"]) == (202, told["held"], [])


@pytest.mark.parametrize("version", [False, True])
async def test_one_array_in_the_wrong_order_ends_as_in_the_right_one(
    ingest: Ingest, source: Source, version: bool
) -> None:
    order = [
        event("restored", version=5),
        event("removed", version=4),
        ANSWERED | {"data": ANSWERED["data"] | {"version": 3}},
        event("edited", title="Hm", version=2),
        created("r-1", 2, version=1),
    ]
    if not version:
        for each in order:
            del each["data"]["version"]
    told = (await ingest.post(source, order)).json()
    assert (told["accepted"], "held" in told, told["quarantined"]) == (5, False, [])
    [review] = await ingest.items("/v1/reviews", removed=not version)
    assert (review["title"], review["answer"]["text"], review["removed"]) == ("Hm", "Thanks", not version)
    assert await ingest.items("/v1/held-events") == []
    assert (await ingest.counts())["reviews"] == 1


async def test_held_and_new_in_one_group_and_one_delivery_disturb_each_other_in_nothing(
    ingest: Ingest, source: Source
) -> None:
    told = (await ingest.post(source, [created("r-1"), event("removed", "r-2"), created("r-3")])).json()
    assert (told["accepted"], [each["index"] for each in told["held"]]) == (2, [1])
    await asyncio.gather(*(ingest.post(source, created(f"r-{number}")) for number in range(2, 12)))
    assert [each["external_id"] for each in await ingest.items("/v1/reviews", removed=True)] == ["r-2"]
    visible = {each["external_id"] for each in await ingest.items("/v1/reviews")}
    assert visible == {"r-1", *(f"r-{number}" for number in range(3, 12))}


async def test_a_removal_that_is_taken_back_without_a_word_counts_again(ingest: Ingest) -> None:
    source = await ingest.source(platform="trustpilot")

    async def told(name: str, **data: Any) -> list[bool]:
        body = {"events": [{"eventName": f"service-review-{name}", "eventData": {"id": "t1", **data}}]}
        assert (await ingest.post(source, body)).status_code == 202
        return [
            each["removed"] for removed in (False, True) for each in await ingest.items("/v1/reviews", removed=removed)
        ]

    first = {"stars": 1, "createdAt": "2026-02-14T10:15:30Z"}
    assert await told("created", **first) == [False]
    assert await told("deleted") == [True]
    assert await told("created", **first) == [False]
    assert await told("deleted") == [True]
    assert await told("updated", **first, updatedAt="2026-02-20T10:15:30Z") == [False]


async def test_without_a_version_each_change_of_mind_is_a_revision(ingest: Ingest, source: Source) -> None:
    for rating in (5, 1, 5):
        assert (await ingest.post(source, created("r-1", rating))).json()["unchanged"] == 0
    [review] = await ingest.items("/v1/reviews")
    assert (review["rating"], review["revision"]) == (5, 3)


async def test_what_waits_too_long_is_quarantined_counted_and_no_longer_expected(
    ingest: Ingest, source: Source
) -> None:
    events = [event("removed", "r-old"), created("r-new"), event("removed", "r-young")]
    told = (await ingest.post(source, events, "msg_1")).json()
    await ingest.superuser.execute(AGED, "r-old")
    before = HELD_EVENTS_EXPIRED._value.get()
    job = HeldExpiryJob(ingest.resources.database(Role.WORKER))
    assert [await job.turn(), await job.turn()] == [1, 0]
    assert HELD_EVENTS_EXPIRED._value.get() == before + 1

    [kept] = await ingest.items("/v1/deliveries", quarantined=True)
    assert kept["id"] == told["delivery_id"]
    assert kept["quarantined"] == [{"index": 0, "reason": "its review did not come in 30 days"}]
    assert [each["index"] for each in kept["held"]] == [2]
    assert [each["external_id"] for each in await ingest.items("/v1/held-events")] == ["r-young"]
    assert {row[0] for row in await ingest.rows("SELECT external_id FROM ingest.reviews")} == {"r-new", "r-young"}
    assert (await ingest.post(source, created("r-old"))).json()["accepted"] == 1
    assert "r-old" in {each["external_id"] for each in await ingest.items("/v1/reviews")}


async def test_more_than_so_many_events_of_one_review_are_quarantined(ingest: Ingest, source: Source) -> None:
    told = (await ingest.post(source, [event("removed")] * (MAX_HELD_EVENTS + 1))).json()
    assert [each["index"] for each in told["quarantined"]] == [MAX_HELD_EVENTS]
    assert len(told["held"]) == MAX_HELD_EVENTS


async def test_an_early_event_and_its_review_at_once_over_two_processes_always_meet(
    ingest_url: str, ingest: Ingest, source: Source
) -> None:
    async with running_ingest(ingest_url) as other:
        for number in range(20):
            answered = event("answered", f"r-{number}", answer=ANSWER)
            await asyncio.gather(ingest.post(source, answered), other.post(source, created(f"r-{number}")))
    reviews = await ingest.items("/v1/reviews", limit=50)
    assert [each["answer"]["text"] for each in reviews] == ["Thanks"] * 20
    assert await ingest.items("/v1/held-events") == []


@pytest.mark.parametrize("sent", [created("r-1"), ANSWERED])
async def test_of_fifty_copies_at_once_over_two_processes_one_is_taken(
    ingest_url: str, ingest: Ingest, source: Source, sent: dict[str, Any]
) -> None:
    async with running_ingest(ingest_url) as other:
        turns = [ingest, other] * (AT_ONCE // 2)
        answers = await asyncio.gather(*(each.post(source, sent, "msg_1") for each in turns))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["delivery_id"] for answer in answers}) == 1
    assert sum("duplicate" not in answer.json() for answer in answers) == 1
    counts = await ingest.counts()
    assert (counts["deliveries"], counts["reviews"]) == (1, 1)
    assert counts["outbox"] == counts["revisions"] == (1 if sent is not ANSWERED else 0)
    assert len(await ingest.items("/v1/held-events")) == (0 if sent is not ANSWERED else 1)


async def test_each_row_of_an_unknown_review_stays_out_of_sight(ingest: Ingest, source: Source) -> None:
    await ingest.post(source, event("removed"))
    [[review_id]] = await ingest.rows("SELECT id FROM ingest.reviews")
    assert isinstance(review_id, UUID)
    assert (await ingest.get(f"/v1/reviews/{review_id}")).status_code == 404
    for removed in (False, True):
        assert await ingest.items("/v1/reviews", removed=removed) == []
    await ingest.post(source, created("r-1"))
    [review] = await ingest.items("/v1/reviews", removed=True)
    assert review["id"] == str(review_id)
    assert datetime.fromisoformat(review["published_at"]) < datetime.now(UTC)


TOMBSTONE = """
WITH r AS (
    INSERT INTO ingest.reviews
        (tenant_id, source_id, external_id, id, revision, version, removed, partition_key, changed_at)
    VALUES ('default', $1, 'r-1', gen_random_uuid(), 1, 7, true, 'default/acme', now()) RETURNING *
)
INSERT INTO ingest.revisions
    (tenant_id, review_id, revision, delivery_id, type, version, known_at, state_format, removed)
SELECT 'default', id, 1, gen_random_uuid(), 'review.removed', 7, now(), 2, true FROM r
"""


@pytest.mark.parametrize(("version", "removed"), [(6, True), (8, False), (None, True)])
async def test_a_tombstone_of_before_becomes_a_held_removal(
    ingest: Ingest, source: Source, version: int | None, removed: bool
) -> None:
    await ingest.superuser.execute(TOMBSTONE, UUID(source.id))
    migration = import_module("plaudit.ingest.migrations.versions.0005_events_that_come_early")
    for statement in migration.TOMBSTONES:
        await ingest.superuser.execute(statement)
    [waiting] = await ingest.items("/v1/held-events")
    assert (waiting["type"], waiting["version"]) == ("remove", 7)
    await ingest.post(source, created("r-1", version=version))
    [review] = await ingest.items("/v1/reviews", removed=removed)
    assert review["external_id"] == "r-1"
