"""Groups of nothing but new reviews are written in one statement, with the same result as in steps."""

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from plaudit.common.db import Role
from plaudit.common.db.one_trip import OneTrip
from plaudit.common.db.order_locks import lock_numbers
from plaudit.common.group_commit import GroupCommit
from plaudit.common.ids import uuid7
from plaudit.common.outbox import Outbox, UnitOfWork
from plaudit.ingest.hooks import commands, store
from plaudit.ingest.hooks.api.writer import delivery_writer
from plaudit.ingest.hooks.domain import Delivery, Receipt
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Instruction
from plaudit.ingest.sources import domain
from plaudit_testing.running_ingest import DEFAULT, Ingest, Source, created
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

Clock = Callable[[], float]
WRITTEN = """
SELECT d.status, d.accepted, d.unchanged, d.quarantined, d.quarantine_reason, d.dedup_id, d.sent_id, d.headers, d.body,
       r.external_id, r.revision, r.version, r.removed, r.partition_key, r.subject, r.kind, r.rating, r.severity,
       r.published_at, r.answered_at, v.type, length(v.state) AS state_bytes, v.state_format,
       r.changed_at = v.known_at AND v.known_at = d.received_at AS at_one_time
FROM ingest.deliveries d
LEFT JOIN ingest.revisions v ON v.delivery_id = d.id
LEFT JOIN ingest.reviews r ON r.id = v.review_id
ORDER BY d.sent_id, r.external_id
"""
NEXT_XID = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
STORED_BEHIND = """
INSERT INTO ingest.reviews (tenant_id, source_id, external_id, id, revision, removed, partition_key, changed_at)
VALUES ('default', $1, 'r-1', gen_random_uuid(), 7, false, 'default/acme', now())
"""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PUBLISHED = "SELECT topic, partition, key, envelope FROM ingest.outbox ORDER BY xid, id"


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each group was written, in the order of the groups: in one trip, after a miss, or in steps."""
    taken: list[str] = []
    take, take_new = commands.take, commands.take_new

    async def spied_take(work: UnitOfWork, deliveries: Sequence[Delivery], clock: Clock) -> list[Receipt]:
        taken.append("in steps")
        return await take(work, deliveries, clock)

    async def spied_take_new(
        trip: OneTrip, now: datetime, outbox: Outbox, ids: object, deliveries: Sequence[Delivery], clock: Clock
    ) -> list[Receipt] | None:
        receipts = await take_new(trip, now, outbox, ids, deliveries, clock)
        taken.append("missed" if receipts is None else "in one trip")
        return receipts

    monkeypatch.setattr(commands, "take", spied_take)
    monkeypatch.setattr(commands, "take_new", spied_take_new)
    return taken


async def test_a_new_review_is_written_in_one_trip_only_where_its_author_was_not_erased(
    ingest: Ingest, source: Source, trips: list[str]
):
    async def post(external_id: str, author: str) -> None:
        assert (await ingest.post(source, created(external_id, author={"id": author}))).status_code == 202

    await post("r-1", "ada")
    await ingest.superuser.execute(
        "INSERT INTO ingest.erased_people (tenant_id, person, erased_at) VALUES ('default', 'native:ada', now())"
    )
    await post("r-2", "ben")
    await post("r-3", "ada")
    assert trips == ["in steps", "in one trip", "missed", "in steps"]
    assert {item["external_id"] for item in await ingest.items("/v1/reviews")} == {"r-1", "r-2"}


async def test_what_is_new_takes_one_trip_and_what_is_known_the_usual_ones(
    ingest: Ingest, source: Source, trips: list[str]
):
    edited = {"type": "review.edited", "data": {"id": "r-2", "rating": 1}}
    for events, sent_id in (
        (created("r-1"), "msg_1"),  # nobody has told the time yet
        (created("r-2"), "msg_2"),
        ([created("r-3"), {"type": "nonsense"}], "msg_3"),
        (edited, "msg_4"),
        (created("r-2", 5), "msg_5"),
        (created("r-4"), "msg_6"),  # left out after the miss
        (created("r-4"), "msg_6"),
        (created("r-5"), "msg_5"),
    ):
        assert (await ingest.post(source, events, sent_id)).status_code == 202
    assert trips == [
        "in steps", "in one trip", "in one trip", "in steps", "missed", "in steps", "in steps", "missed", "in steps",
        "in steps",
    ]  # fmt: skip
    ratings = {item["external_id"]: item["rating"] for item in await ingest.items("/v1/reviews")}
    assert ratings == {"r-1": 4, "r-2": 5, "r-3": 4, "r-4": 4}
    [reused] = await ingest.items("/v1/deliveries", sent_id="msg_5", quarantined=True)
    assert reused["quarantine_reason"] == "id_reused"


@pytest.mark.parametrize(
    "events",
    [
        created("r-1", 2, title="Cold soup", text="☕", author={"id": "c-1", "email": "a@x.example"}, tags=["a", "b"]),
        [created("r-1", version=1), created("r-1", 5, version=2), created("r-2")],
        [created("r-1"), {"type": "nonsense"}, created("r-2", rating=99)],
        [],
        b"{",
    ],
    ids=["one review", "one review twice", "some of it in quarantine", "nothing", "no JSON"],
)
async def test_one_trip_writes_what_the_steps_write(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, trips: list[str], events: object
):
    tenants = ("steps", "trip")
    stored, published, answers = [], [], []
    for tenant in tenants:
        source = await ingest.source(tenant)
        await ingest.post(await ingest.source("elsewhere"), created("tells the time"), f"msg_0_{tenant}")
        for table in ("deliveries", "reviews", "revisions", "outbox"):
            await ingest.superuser.execute(f"DELETE FROM ingest.{table}")
        with monkeypatch.context() as patched:
            if tenant == "steps":
                patched.setattr(OneTrip, "now", lambda _trip: None)
            answer = await ingest.post(source, events, "msg_1")
        told = answer.json()
        answers.append([answer.status_code, *(told.get(name) for name in ("type", "accepted", "quarantined"))])
        rows = [dict(row) for row in await ingest.rows(WRITTEN)]
        for row in rows:
            del row["headers"]
            row["partition_key"] = row["partition_key"] and row["partition_key"].removeprefix(tenant)
        stored.append(rows)
        published.append([_without_its_source(json.loads(row["envelope"])) for row in await ingest.rows(PUBLISHED)])
    assert trips[1] == "in steps"
    assert trips[-1] == "in one trip"
    assert answers[0] == answers[1]
    assert stored[0] == stored[1]
    assert published[0] == published[1]


def _without_its_source(event: dict[str, Any]) -> tuple[object, ...]:
    after = event["data"]["after"]
    differs = ("source", "received_at", "rated_at", "person")
    return event["type"], event["data"]["revision"], {name: after[name] for name in after if name not in differs}


@pytest.mark.parametrize(
    ("content", "accepted", "unchanged"),
    [(Content(title="Cold soup"), 1, 0), (Content(rating=99), 1, 1)],
    ids=["without a rating it is an edit", "off its scale it is stale"],
)
async def test_what_would_be_refused_of_a_new_review_is_decided_over_the_known_one(
    ingest: Ingest, source: Source, trips: list[str], content: Content, accepted: int, unchanged: int
):
    """Nothing would be written of it, so the statement, which checks what it writes, would not find out."""
    await ingest.post(source, created("tells the time"), "msg_0")
    await ingest.post(source, created("r-1", version=1), "msg_1")
    version = 1 if unchanged else 2
    again = CreateReview(external_id="r-1", version=version, content=content)
    write = delivery_writer(ingest.resources.database(Role.HOOK), ingest.resources.outbox, ingest.resources.ids)._write
    for sent_id, event in (("msg_2", _new("r-2")), ("msg_3", again)):
        [receipt] = await write([_delivery(source, sent_id, event)])
    assert (receipt.outcome.status, receipt.outcome.accepted, receipt.outcome.unchanged) == (202, accepted, unchanged)
    assert trips[-3:] == ["in steps", "missed", "in steps"]


def _delivery(source: Source, sent_id: str, event: Instruction) -> Delivery:
    account = domain.Source(
        tenant_id=DEFAULT, id=source.id, name="", platform="native", subject="acme", secret="", created_at=LONG_AGO
    )
    return Delivery(str(uuid7()), account, sent_id, "{}", b"", [event])


def _new(external_id: str) -> CreateReview:
    return CreateReview(external_id=external_id, content=Content(rating=4))


async def _take_new(ingest: Ingest, delivery: Delivery, wrong_by: timedelta = timedelta()) -> list[Receipt] | None:
    trip = OneTrip(ingest.resources.database(Role.HOOK), is_new=store.IS_NEW, write=store.WRITE_NEW)
    now = datetime.now(UTC) + wrong_by
    return await commands.take_new(trip, now, ingest.resources.outbox, ingest.resources.ids, [delivery])


@pytest.mark.parametrize(
    ("sent_id", "external_id", "wrong_by"),
    [("msg_1", "r-9", timedelta()), ("msg_9", "r-1", timedelta()), ("msg_9", "r-9", timedelta(seconds=5))],
    ids=["the delivery is known", "the review is known", "the time is wrong"],
)
async def test_a_miss_writes_to_no_table_and_takes_no_transaction_id(
    ingest: Ingest, source: Source, sent_id: str, external_id: str, wrong_by: timedelta
):
    await ingest.post(source, created("r-1"), "msg_1")
    before = await ingest.rows(NEXT_XID)
    assert await _take_new(ingest, _delivery(source, sent_id, _new(external_id)), wrong_by) is None
    assert await ingest.rows(NEXT_XID) == before
    assert await ingest.counts() == dict.fromkeys(("deliveries", "reviews", "revisions", "outbox"), 1)


@pytest.mark.parametrize("which", [0, 1], ids=["of the review", "of the delivery"])
async def test_one_trip_waits_for_each_order_key(ingest: Ingest, source: Source, which: int):
    delivery = _delivery(source, "msg_1", _new("r-1"))
    [number] = lock_numbers([delivery.order_keys[which]])
    async with ingest.superuser.transaction():
        await ingest.superuser.execute("SELECT pg_advisory_xact_lock($1)", number)
        writing = asyncio.create_task(_take_new(ingest, delivery))
        await until(lambda: _waits(ingest), "it waits for its order key")
    assert await writing


async def test_a_review_that_was_committed_behind_the_lock_is_not_overwritten(ingest: Ingest, source: Source):
    """The check does not see it: the statement's snapshot is from before the wait."""
    delivery = _delivery(source, "msg_1", _new("r-1"))
    async with ingest.superuser.transaction():
        await ingest.superuser.execute("SELECT pg_advisory_xact_lock($1)", *lock_numbers(delivery.order_keys[:1]))
        writing = asyncio.create_task(_take_new(ingest, delivery))
        await until(lambda: _waits(ingest), "it waits for its order key")
        await ingest.superuser.execute(STORED_BEHIND, source.id)
    assert await writing is None
    assert await ingest.counts() == {"deliveries": 0, "reviews": 1, "revisions": 0, "outbox": 0}


async def _waits(ingest: Ingest) -> bool:
    return bool(await ingest.rows("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))


async def test_a_tenant_that_was_not_named_is_refused_in_one_trip_too(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    await ingest.post(source, created("tells the time"), "msg_0")
    monkeypatch.setattr(commands, "tenant_ids", lambda _deliveries: {"another"})
    database = ingest.resources.database(Role.HOOK)
    trip = OneTrip(database, is_new=store.IS_NEW, write=store.WRITE_NEW)
    async with database.driver_transaction() as tx:
        trip.learn(tx.now)
    [flush] = [job for job in ingest.parts.jobs if isinstance(job, GroupCommit)]
    caught: list[Delivery] = []
    monkeypatch.setattr(flush, "_write", lambda group: caught.extend(group) or _nothing(group))
    await ingest.post(source, created("r-1"), "msg_1")
    now = trip.now()
    assert now is not None
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await commands.take_new(trip, now, ingest.resources.outbox, ingest.resources.ids, caught)
    assert (await ingest.counts())["deliveries"] == 1


async def _nothing(group: Sequence[Delivery]) -> list[Receipt]:
    raise ConnectionResetError(f"{len(group)} deliveries are kept by the test")
