"""The transaction of a group: locks first, then what is known, then decisions, one review at a time."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from plaudit.common.db import Tx
from plaudit.common.db.one_trip import OneTrip
from plaudit.common.db.order_locks import lock_numbers
from plaudit.common.ids import uuid7
from plaudit.common.outbox import UnitOfWork
from plaudit.ingest.hooks import commands, store
from plaudit.ingest.hooks.api import writer
from plaudit.ingest.hooks.domain import Delivery, Group, Receipt
from plaudit.ingest.reviews.domain.instructions import RestoreReview
from plaudit.ingest.sources import domain as sources
from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.runtime import until

pytestmark = pytest.mark.postgres

XID = "SELECT pg_current_xact_id_if_assigned()"
LOCKED = """
SELECT (classid::bigint << 32) | objid::bigint AS number FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write every group in steps: nothing is tried in one trip."""
    monkeypatch.setattr(OneTrip, "now", lambda _one_trip: None)


@pytest.mark.usefixtures("in_steps")
async def test_nothing_assigns_a_transaction_its_number_before_all_order_keys_are_locked(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    locked: list[list[int]] = []
    original = commands.take

    async def take(work: UnitOfWork, deliveries: Sequence[Delivery], *more: Any, **named: Any) -> list[Receipt]:
        assert await work.tx.raw.fetchval(XID) is None
        locked.append(sorted(row["number"] for row in await work.tx.raw.fetch(LOCKED)))
        assert await work.tx.raw.fetchval(XID) is None
        return await original(work, deliveries, *more, **named)

    monkeypatch.setattr(commands, "take", take)
    for events in ([created("r-1"), created("r-2")], [created("r-2", 1), "no event"]):
        assert (await ingest.post(source, events, f"msg_{len(locked)}")).status_code == 202
    review = f"review:default:{source.id}:"
    assert locked == [
        lock_numbers([f"{review}r-1", f"{review}r-2", f"delivery:{source.id}:msg_0"]),
        lock_numbers([f"{review}r-2", f"delivery:{source.id}:msg_1"]),
    ]


@pytest.mark.usefixtures("in_steps")
@pytest.mark.parametrize(
    ("first", "second", "at_once"),
    [
        ((created("r-1"), "msg_1"), (created("r-1", 1), "msg_2"), 1),
        ((created("r-1"), "msg_1"), (created("r-2"), "msg_1"), 1),
        ((created("r-1"), "msg_1"), (created("r-2"), "msg_2"), 2),
    ],
    ids=["the same review", "the same delivery id", "nothing in common"],
)
async def test_groups_that_speak_of_the_same_are_decided_one_after_the_other(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch, first, second, at_once: int
):
    await ingest.post(source, created("warms the cache"))
    deciding = most = decided = 0
    known = store.known

    async def met_others(tx: Tx, *keys):
        nonlocal deciding, most
        deciding += 1
        most = max(most, deciding)

        async def met() -> bool:
            return most == 2 or (await ingest.rows(WAITING))[0][0] > 0

        if decided == 0:
            await until(met, "another group has come, or waits for its locks")
        return await known(tx, *keys)

    def failpoint(name: str) -> None:
        nonlocal deciding, decided
        if name == "after_flush_before_commit":
            deciding -= 1
            decided += 1

    monkeypatch.setattr(store, "known", met_others)
    monkeypatch.setattr(writer, "failpoint", failpoint)
    posted = asyncio.create_task(ingest.post(source, *first))
    await until(lambda: deciding == 1, "the first group decides")
    answers = [await ingest.post(source, *second), await posted]
    assert {answer.status_code for answer in answers} == {202}
    assert most == at_once


async def test_a_lost_reply_after_the_commit_leaves_what_was_committed(
    ingest: Ingest, source: Source, monkeypatch: pytest.MonkeyPatch
):
    def lose(name: str) -> None:
        if name == "after_commit_before_answer":
            raise ConnectionResetError

    monkeypatch.setattr(writer, "failpoint", lose)
    assert (await ingest.post(source, created("r-1"), "msg_1")).status_code == 503
    monkeypatch.undo()
    again = await ingest.post(source, created("r-1"), "msg_1")
    assert (again.status_code, again.json()["duplicate"], again.json()["accepted"]) == (202, True, 1)
    assert await ingest.counts() == {"deliveries": 1, "reviews": 1, "revisions": 1, "outbox": 1}


def test_what_was_not_looked_up_is_never_taken_for_unknown():
    at = datetime(2026, 3, 1, tzinfo=UTC)
    account = sources.Source(
        tenant_id="default", id="s-1", name="a", platform="native", subject="acme", secret="", created_at=at
    )
    restored = Delivery("d-1", account, "msg_1", "{}", b"{}", [RestoreReview(external_id="r-1")])
    with pytest.raises(KeyError):
        Group(at, uuid7, {("s-1", "msg_1"): None}, {}).take(restored)
    with pytest.raises(KeyError):
        Group(at, uuid7, {}, {("s-1", "r-1"): None}).take(restored)


async def test_a_group_keeps_the_last_of_several_revisions_and_an_event_of_each_in_their_order(
    ingest: Ingest, source: Source
):
    await ingest.post(source, created("r-2"))
    told = [
        created("r-1", version=1),
        {"type": "review.removed", "data": {"id": "r-3", "version": 2}},
        {"type": "review.edited", "data": {"id": "r-1", "title": "later", "version": 2}},
        {"type": "review.removed", "data": {"id": "r-2", "version": 3}},
        {"type": "review.restored", "data": {"id": "r-2", "version": 4}},
        {"type": "review.removed", "data": {"id": "r-3", "version": 5}},
    ]
    answer = (await ingest.post(source, told)).json()
    assert (answer["accepted"], answer["unchanged"], answer["quarantined"]) == (4, 0, [])
    assert [event["index"] for event in answer["held"]] == [1, 5]
    stored = await ingest.rows("SELECT external_id, revision, version, removed, subject FROM ingest.reviews ORDER BY 1")
    assert [tuple(row) for row in stored] == [
        ("r-1", 2, 2, False, "acme"), ("r-2", 3, 4, False, "acme"), ("r-3", 0, None, False, None),
    ]  # fmt: skip
    published = await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY xid, id")
    events = [json.loads(row["envelope"]) for row in published[1:]]
    assert [(event["type"], event["data"]["revision"]) for event in events] == [
        ("review.created", 1), ("review.edited", 2), ("review.removed", 2), ("review.restored", 3),
    ]  # fmt: skip
