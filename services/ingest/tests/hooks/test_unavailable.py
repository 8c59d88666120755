"""When it cannot be written now: 503 with Retry-After, soon, and as if nothing had happened afterwards."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from plaudit.common.db.one_trip import OneTrip
from plaudit.common.group_commit import GroupCommit
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.runtime import until
from plaudit_testing.tcp_proxy import TcpProxy, proxy_for, through

pytestmark = pytest.mark.postgres

SHORT_SECONDS = 0.5
FOREVER_SECONDS = 3_600.0
"""What a driver would wait on its own; a test that waits with it fails by its own deadline."""
TEST_SECONDS = 60.0


@pytest.fixture
async def proxy(ingest_url: str) -> AsyncIterator[TcpProxy]:
    """Stands between ingest and its database."""
    async with proxy_for(ingest_url) as opened:
        yield opened


@pytest.fixture
async def far_door(ingest_url: str, proxy: TcpProxy) -> AsyncIterator[Ingest]:
    """Ingest behind that proxy; it looks up its sources each time, and hooks answer before its driver gives up."""
    settings = {
        "hook_answer_timeout_seconds": SHORT_SECONDS,
        "database_connect_timeout_seconds": FOREVER_SECONDS,
        "database_command_timeout_seconds": FOREVER_SECONDS,
        "source_cache_seconds": 0,
    }
    async with running_ingest(ingest_url, through=through(proxy, ingest_url), **settings) as opened:
        yield opened


def hurry(ingest: Ingest) -> None:
    """Let ingest wait for its database no longer than a moment, now that the test has made what it needs."""
    for each in ingest.resources._databases.values():
        each._open_timeout_seconds = SHORT_SECONDS


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["type"] == "/problems#unavailable"


async def until_taken(ingest: Ingest, source: Source, external_id: str) -> httpx.Response:
    """Send one delivery again and again, as platforms do, until it is not answered 503."""
    answers: list[httpx.Response] = []

    async def taken() -> bool:
        answers.append(await ingest.post(source, created(external_id), f"msg_{external_id}"))
        return answers[-1].status_code != 503

    await until(taken, "the delivery is taken")
    return answers[-1]


async def test_a_full_queue_is_a_503_and_stores_nothing(ingest_url: str):
    async with running_ingest(ingest_url) as ingest:
        source = await ingest.source()
        await ingest.post(source, created("warms the cache"))
        [flush] = [job for job in ingest.parts.jobs if isinstance(job, GroupCommit)]
        flush._max_waiting_items = 2
        async with ingest.superuser.transaction():
            await ingest.superuser.execute("LOCK TABLE ingest.deliveries IN ACCESS EXCLUSIVE MODE")
            tasks = []
            for number in range(flush._flushers):
                tasks.append(asyncio.create_task(ingest.post(source, created(f"written-{number}"))))
                await until(lambda: ingest.writing() == len(tasks), "a flusher waits for the table")
            tasks += [asyncio.create_task(ingest.post(source, created(f"waiting-{number}"))) for number in range(2)]
            await until(lambda: len(flush._waiting) == 2, "the queue is full")
            assert_unavailable(await ingest.post(source, created("too much")))
        assert {(await task).status_code for task in tasks} == {202}
        stored = {review["external_id"] for review in await ingest.items("/v1/reviews")}
        assert "too much" not in stored
        assert {"waiting-0", "waiting-1"} <= stored


async def test_a_process_that_stops_takes_nothing_more(ingest_url: str):
    async with running_ingest(ingest_url) as ingest:
        source = await ingest.source()
        [flush] = [job for job in ingest.parts.jobs if isinstance(job, GroupCommit)]
        flush._stopped = True
        assert_unavailable(await ingest.post(source, created("r-1")))
        assert (await ingest.counts())["deliveries"] == 0


async def test_a_database_that_refuses_connections_is_a_503_on_every_route(far_door: Ingest, proxy: TcpProxy):
    source = await far_door.source()
    await far_door.key()
    hurry(far_door)
    proxy.cut(refuse=True)
    assert_unavailable(await far_door.post(source, created("r-1"), "msg_r-1"))
    for path in ("/v1/sources", "/v1/reviews", "/v1/deliveries"):
        assert_unavailable(await far_door.get(path))
    proxy.pass_through()
    assert (await until_taken(far_door, source, "r-1")).status_code == 202
    assert await far_door.counts() == {"deliveries": 1, "reviews": 1, "revisions": 1, "outbox": 1}


async def test_a_database_that_says_nothing_is_a_503_before_its_driver_has_given_up(far_door: Ingest, proxy: TcpProxy):
    source = await far_door.source()
    assert (await until_taken(far_door, source, "r-0")).status_code == 202
    hurry(far_door)
    proxy.black_hole()
    for _ in range(2):
        async with asyncio.timeout(TEST_SECONDS):
            answers = await asyncio.gather(
                *(far_door.post(source, created("r-1"), "msg_r-1") for _ in range(5)),
                *(far_door.get(path) for path in ("/v1/reviews", "/v1/sources", "/v1/deliveries") * 3),
            )
        for answer in answers:
            assert_unavailable(answer)
    proxy.pass_through()
    assert (await until_taken(far_door, source, "r-1")).json()["accepted"] == 1
    assert await far_door.counts() == {"deliveries": 2, "reviews": 2, "revisions": 2, "outbox": 2}


async def test_a_commit_without_an_answer_is_a_503_while_the_driver_still_waits_for_it(
    ingest_url: str, proxy: TcpProxy
):
    async with running_ingest(
        ingest_url, through=through(proxy, ingest_url), hook_answer_timeout_seconds=SHORT_SECONDS
    ) as ingest:
        source = await ingest.source()
        assert (await until_taken(ingest, source, "r-0")).status_code == 202
        async with ingest.superuser.transaction():
            await ingest.superuser.execute("LOCK TABLE ingest.deliveries IN ACCESS EXCLUSIVE MODE")
            posted = asyncio.create_task(ingest.post(source, created("r-1"), "msg_r-1"))
            await until(lambda: ingest.writing() > 0, "the group has reached the database")
            proxy.black_hole()
            assert_unavailable(await posted)
            assert ingest.writing() > 0
        proxy.pass_through()
        assert (await until_taken(ingest, source, "r-1")).json()["accepted"] == 1
        assert await ingest.counts() == {"deliveries": 2, "reviews": 2, "revisions": 2, "outbox": 2}


@pytest.mark.parametrize("in_one_trip", [True, False], ids=["in one trip", "in steps"])
async def test_a_lost_reply_to_a_commit_is_a_503_and_the_repetition_finds_what_was_committed(
    ingest_url: str, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch, in_one_trip: bool
):
    if not in_one_trip:
        monkeypatch.setattr(OneTrip, "now", lambda _one_trip: None)
    async with running_ingest(ingest_url, through=through(proxy, ingest_url)) as ingest:
        for platform, duplicate in (("native", True), ("trustpilot", None)):
            source = await ingest.source(platform=platform)
            event = (
                created("r-1")
                if platform == "native"
                else {
                    "eventName": "service-review-created",
                    "eventData": {"id": "r-1", "stars": 4, "createdAt": "2026-02-14T10:15:30Z"},
                }
            )
            before = await ingest.counts()
            await ingest.post(source, b"{")  # the source is known from now on: the next commit is the delivery's
            proxy.swallow_reply(b'"r-1"' if in_one_trip else b"COMMIT")
            assert_unavailable(await ingest.post(source, event, "msg_1"))
            assert (await ingest.counts())["reviews"] == before["reviews"] + 1, "the server had committed"
            again = await ingest.post(source, event, "msg_1")
            assert (again.status_code, again.json()["accepted"]) == (202, 1)
            assert again.json().get("duplicate") == duplicate
            after = await ingest.counts()
            assert [after[table] - before[table] for table in ("reviews", "revisions", "outbox")] == [1, 1, 1]
        assert proxy.swallowed == 2
