"""Deliveries that come again: the stored answer, and no second effect."""

import asyncio
import json
import time
from itertools import pairwise

import pytest

from plaudit_testing.running_ingest import Ingest, Source, created
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

ONE_OF_EACH = {"deliveries": 1, "reviews": 1, "revisions": 1, "outbox": 1}
AT_ONCE = 20


async def test_a_repeated_delivery_gets_the_same_answer_and_writes_nothing(ingest: Ingest, source: Source):
    events = [created("r-1"), created("r-2", 9)]
    first = (await ingest.post(source, events, "msg_1")).json()
    after = await ingest.counts()
    for _ in range(3):
        again = await ingest.post(source, events, "msg_1")
        assert again.status_code == 202
        assert again.json() == {**first, "duplicate": True}
    assert "duplicate" not in first
    assert await ingest.counts() == after == ONE_OF_EACH


async def test_a_repetition_is_signed_anew_and_is_one_all_the_same(ingest: Ingest, source: Source):
    body = json.dumps(created("r-1")).encode()
    now = int(time.time())
    first = await ingest.send(source.hook, body, headers(source.secret, body, "msg_1", now - 60))
    again = await ingest.send(source.hook, body, headers(source.secret, body, "msg_1", now))
    assert again.json() == {**first.json(), "duplicate": True}


async def test_of_copies_that_arrive_at_once_one_is_taken(ingest: Ingest, source: Source):
    answers = await asyncio.gather(*(ingest.post(source, created("r-1"), "msg_1") for _ in range(AT_ONCE)))
    told = [answer.json() for answer in answers]
    assert {answer.status_code for answer in answers} == {202}
    assert len({each["delivery_id"] for each in told}) == 1
    assert sum("duplicate" not in each for each in told) == 1
    assert await ingest.counts() == ONE_OF_EACH


async def test_a_refusal_is_repeated_too(ingest: Ingest, source: Source):
    refused = [(b"{", 400), (b"5", 422), (b'{"type": 5}', 422)]
    for number, (body, status) in enumerate(refused):
        first, again = [await ingest.post(source, body, f"msg_{number}") for _ in range(2)]
        assert (first.status_code, again.status_code) == (status, status)
        assert {**again.json(), "instance": ""} == {**first.json(), "instance": ""}
    assert (await ingest.counts())["deliveries"] == len(refused)


async def test_a_repetition_is_told_again_which_of_its_events_were_not_applied(ingest: Ingest, source: Source):
    events = [created("r-1"), "no event", created("r-2", 99)]
    first = (await ingest.post(source, events, "msg_1")).json()
    assert [item["index"] for item in first["quarantined"]] == [1, 2]
    again = await ingest.post(source, events, "msg_1")
    assert (again.status_code, again.json()) == (202, {**first, "duplicate": True})


async def test_an_id_with_another_body_is_answered_2xx_kept_and_changes_nothing(ingest: Ingest, source: Source):
    first = (await ingest.post(source, created("r-1", 4), "msg_1")).json()
    reused = await ingest.post(source, created("r-1", 1), "msg_1")
    assert reused.status_code == 202
    told = reused.json()
    assert told["delivery_id"] != first["delivery_id"]
    assert (told["accepted"], told["quarantine_reason"], "duplicate" in told) == (0, "id_reused", False)
    kept = (await ingest.get(f"/v1/deliveries/{told['delivery_id']}")).json()
    assert (kept["quarantine_reason"], kept["sent_id"], kept["status"]) == ("id_reused", "msg_1", 202)
    assert kept["body"] == json.dumps(created("r-1", 1))
    assert [review["rating"] for review in await ingest.items("/v1/reviews")] == [4]
    assert (await ingest.post(source, created("r-1", 4), "msg_1")).json() == {**first, "duplicate": True}
    assert await ingest.counts() == {**ONE_OF_EACH, "deliveries": 2}


async def test_of_two_bodies_under_one_id_at_once_one_is_taken_and_one_is_kept_apart(ingest: Ingest, source: Source):
    bodies = [created(f"r-{n}") for n in range(AT_ONCE)]
    answers = [answer.json() for answer in await asyncio.gather(*(ingest.post(source, one, "msg_1") for one in bodies))]
    assert sorted(answer["accepted"] for answer in answers) == [0] * (AT_ONCE - 1) + [1]
    assert await ingest.counts() == {**ONE_OF_EACH, "deliveries": AT_ONCE}


async def test_two_sources_may_use_the_same_id(ingest: Ingest, source: Source):
    other = await ingest.source(subject="globex")
    answers = [(await ingest.post(each, created("r-1"), "msg_1")).json() for each in (source, other)]
    assert [(answer["accepted"], "duplicate" in answer) for answer in answers] == [(1, False)] * 2
    assert (await ingest.counts())["reviews"] == 2


async def test_the_same_event_under_another_id_is_accepted_and_changes_nothing(ingest: Ingest, source: Source):
    event = created("r-1", version=3)
    await ingest.post(source, event, "msg_1")
    for older_or_same in (event, created("r-1", 1, version=2)):
        told = (await ingest.post(source, older_or_same)).json()
        assert (told["accepted"], told["unchanged"], told["quarantined"]) == (1, 1, [])
    assert await ingest.counts() == {**ONE_OF_EACH, "deliveries": 3}


async def test_changes_of_one_review_at_once_get_revisions_without_gaps_in_the_order_of_their_rows(
    ingest: Ingest, source: Source
):
    await ingest.post(source, created("r-1", 3))
    edits = [{"type": "review.edited", "data": {"id": "r-1", "title": f"title {n}"}} for n in range(AT_ONCE)]
    await asyncio.gather(*(ingest.post(source, edit) for edit in edits))
    published = [
        json.loads(row["envelope"])["data"]
        for row in await ingest.rows("SELECT envelope FROM ingest.outbox ORDER BY xid, id")
    ]
    assert [change["revision"] for change in published] == list(range(1, AT_ONCE + 2))
    assert all(one["after"] == two["before"] for one, two in pairwise(published))
