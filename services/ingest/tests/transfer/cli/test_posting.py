"""Rows are posted in their order, those of one review in turn; what is not taken is told by its line."""

import asyncio
import json

import httpx
import pytest

from plaudit.ingest.transfer.cli import posting
from plaudit.ingest.transfer.cli.posting import Outcome, Pace, Poster
from plaudit.ingest.transfer.domain.rows import Ready, Reject


def rows(count: int, ids: int | None = None, size: int = 0) -> list[Ready]:
    """Rows, the n-th of which says so."""
    made = []
    for n in range(count):
        external_id = f"r-{n % (ids or count)}"
        event = json.dumps({"type": "review.created", "data": {"id": external_id, "n": n, "x": "x" * size}}).encode()
        made.append(Ready(n, external_id, n + 2, [event], [external_id]))
    return made


async def post(receiver, ready: list[Ready], **pace) -> tuple[Outcome, list[Reject]]:
    rejected: list[Reject] = []
    poster = Poster(receiver.url, receiver.secret, Pace(**pace), rejected.append)
    return await poster.post(ready), rejected


async def test_rows_are_posted_in_their_order_and_in_deliveries_of_the_batch(receiver):
    outcome, _ = await post(receiver, rows(7), batch=3)
    assert [len(json.loads(request.content)) for request in receiver.requests] == [3, 3, 1]
    assert [event["data"]["n"] for event in receiver.events] == list(range(7))
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 3
    assert outcome == Outcome(accepted=7)


@pytest.mark.parametrize("batch", [1, 7])
async def test_rows_of_one_review_are_posted_one_after_the_other_over_many_connections(receiver, batch: int):
    outcome, _ = await post(receiver, rows(300, ids=40), batch=batch, connections=16)
    assert outcome == Outcome(accepted=300)
    assert receiver.overlapped == set()
    assert receiver.most_under_way > 1
    for number in range(40):
        seen = [event["data"]["n"] for event in receiver.events if event["data"]["id"] == f"r-{number}"]
        assert seen == sorted(seen)


async def test_what_cannot_be_taken_now_is_sent_again_under_the_same_id(receiver):
    receiver.answers = [
        httpx.Response(503, headers={"retry-after": "0"}),
        httpx.Response(503, headers={"retry-after": "Fri, 01 May 2020 10:00:02 GMT"}),
        httpx.Response(503, headers={"retry-after": ""}),
        httpx.Response(429, headers={"retry-after": "soon"}),
        httpx.ConnectError("refused"),
        httpx.Response(502),
    ]
    outcome, _ = await post(receiver, rows(1))
    assert outcome == Outcome(accepted=1)
    assert len(receiver.requests) == 7
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    assert len({request.content for request in receiver.requests}) == 1


@pytest.mark.parametrize("written", ["0", "0.001", "Fri, 01 May 2020 10:00:02 GMT", "soon", ""])
async def test_no_receiver_makes_the_tries_follow_at_once(receiver, monkeypatch, written: str):
    waits: list[float] = []
    sleep = asyncio.sleep

    async def wait(seconds: float) -> None:
        waits.extend([seconds] if seconds else [])
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    monkeypatch.setattr(posting, "RETRY_DELAY_SECONDS", 1.0)
    receiver.answers = [httpx.Response(503, headers={"retry-after": written}) for _ in range(5)]
    outcome, _ = await post(receiver, rows(1))
    assert (outcome, waits) == (Outcome(accepted=1), [1.0] * 5)


async def test_the_same_rows_have_the_same_delivery_id_unless_they_are_to_be_decided_anew(receiver):
    for pace in ({}, {}, {"again": True}):
        await post(receiver, rows(1), **pace)
    one, other, anew = (request.headers["webhook-id"] for request in receiver.requests)
    assert one == other != anew


async def test_a_row_that_is_not_taken_is_told_by_its_line_and_reason_and_costs_no_other(receiver):
    errors = [{"in": "body", "pointer": f"/{n}", "code": "quarantined", "detail": f"bad {n}"} for n in (0, 1)]
    receiver.answers = [
        httpx.Response(202, json={"accepted": 1, "quarantined": [{"index": 1, "reason": "off its scale"}]}),
        httpx.Response(422, json={"type": "/problems#nothing-taken", "detail": "none", "errors": errors}),
    ]
    outcome, rejected = await post(receiver, rows(4), batch=2)
    assert outcome == Outcome(accepted=1, rejected=3)
    assert rejected == [
        Reject(3, "r-1", "off its scale", ["r-1"]),
        Reject(4, "r-2", "bad 0", ["r-2"]),
        Reject(5, "r-3", "bad 1", ["r-3"]),
    ]


async def test_the_second_event_of_a_row_is_told_by_its_row(receiver):
    receiver.answers = [httpx.Response(202, json={"quarantined": [{"index": 2, "reason": "bad"}]})]
    one, two = rows(2)
    outcome, rejected = await post(receiver, [one._replace(events=one.events * 2), two], batch=3)
    assert (outcome, [each.line for each in rejected]) == (Outcome(accepted=1, rejected=1), [3])


async def test_a_delivery_that_is_too_large_is_halved_until_it_is_taken(receiver):
    receiver.max_body_bytes = 5_000
    outcome, rejected = await post(receiver, [*rows(10, size=1_000), *rows(1, size=6_000)], batch=100)
    assert outcome == Outcome(accepted=10, rejected=1)
    assert [(each.line, each.reason) for each in rejected] == [(2, "HTTP 413: too large")]
    taken = [json.loads(each.content) for each in receiver.requests if len(each.content) <= 5_000]
    assert [event["data"]["n"] for events in taken for event in events] == list(range(10))


async def test_a_delivery_that_one_row_makes_unreadable_is_halved_until_that_row_is_alone(receiver, monkeypatch):
    taken = receiver.__class__.__call__

    async def strict(self, request):
        answer = await taken(self, request)
        unreadable = b'"n": 5,' in request.content
        return httpx.Response(400, json={"detail": "invalid JSON"}) if unreadable else answer

    monkeypatch.setattr(receiver.__class__, "__call__", strict)
    outcome, rejected = await post(receiver, rows(9), batch=9)
    assert outcome == Outcome(accepted=8, rejected=1)
    assert rejected == [Reject(7, "r-5", "HTTP 400: invalid JSON", ["r-5"])]


async def test_no_delivery_is_larger_than_a_hook_takes(receiver):
    outcome, _ = await post(receiver, rows(1_000, size=5_000), batch=1_000)
    assert outcome == Outcome(accepted=1_000)
    assert [len(each.content) <= 4 * 1024 * 1024 for each in receiver.requests] == [True, True]


async def test_a_delivery_that_is_refused_as_a_whole_is_counted_and_not_sent_again(receiver):
    receiver.answers = [httpx.Response(500, json={"detail": "broken"}), httpx.Response(422, text="nothing taken")]
    outcome, rejected = await post(receiver, rows(6), batch=2)
    assert outcome == Outcome(accepted=2, refused=4, refusal="HTTP 500: broken")
    assert (rejected, len(receiver.requests)) == ([], 3)


async def test_nothing_more_is_sent_where_the_secret_is_wrong(receiver):
    receiver.answers = [httpx.Response(401, text="not proven")]
    outcome, _ = await post(receiver, rows(100))
    assert outcome == Outcome(refused=1, unsent=99, refusal="HTTP 401: not proven")
    assert len(receiver.requests) == 1


async def test_a_receiver_that_stays_out_of_reach_is_an_error_after_so_many_tries(receiver, monkeypatch):
    monkeypatch.setattr(posting, "MAX_TRIES", 3)
    receiver.answers = [httpx.ConnectError("refused")] * 3
    with pytest.raises(ExceptionGroup) as raised:
        await post(receiver, rows(1))
    assert raised.group_contains(httpx.ConnectError)
    assert len(receiver.requests) == 3


async def test_no_more_deliveries_are_under_way_than_connections(receiver):
    await post(receiver, rows(20), connections=3)
    assert receiver.most_under_way == 3


async def test_a_rate_is_kept(receiver, monkeypatch):
    waited: list[float] = []
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        waited.append(seconds)
        now += seconds
        await _sleep(0)

    _sleep = asyncio.sleep
    monkeypatch.setattr(posting, "asyncio", type("A", (), {**vars(asyncio), "sleep": staticmethod(sleep)}))
    monkeypatch.setattr(posting, "time", type("T", (), {"monotonic": lambda: now, "time": posting.time.time}))
    await post(receiver, rows(6), batch=2, rate=4.0)
    assert waited == [0.0, 0.5, 0.5]
