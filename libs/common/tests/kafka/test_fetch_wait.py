"""How long a fetch waits, and that the client heeds it."""

import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient

from plaudit.common.db import Database, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka import clients
from plaudit.common.kafka.clients import FETCH_MAX_WAIT_MS
from plaudit.common.kafka.fetch_wait import (
    GATHER_BYTES,
    POLL_MS,
    QUIET_POLL_MS,
    QUIET_SECONDS,
    QUIET_WAIT_MS,
    FetchWait,
)
from plaudit.common.kafka.subscription import Record
from plaudit.common.settings import Settings
from plaudit_testing.counting import consumer as counting
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import Count, running, until
from plaudit_testing.runtime_fixtures import MakeTopic


def test_it_is_brief_while_records_come_and_longer_when_none_have_come_for_a_while() -> None:
    consumer: Any = SimpleNamespace(_fetcher=SimpleNamespace(_fetch_max_wait_ms=0))
    wait = FetchWait(consumer)
    waits, polls, loops = [], [], []
    for records, now_seconds in [(5, 100.0), (0, 100.5), (0, 101.0 + QUIET_SECONDS), (1, 103.0), (0, 103.1)]:
        wait.observe(records, now_seconds)
        waits.append(consumer._fetcher._fetch_max_wait_ms)
        polls.append(wait.poll_ms)
        loops.append(consumer._fetcher._fetcher_timeout)
    assert waits == [FETCH_MAX_WAIT_MS, FETCH_MAX_WAIT_MS, QUIET_WAIT_MS, FETCH_MAX_WAIT_MS, FETCH_MAX_WAIT_MS]
    assert polls == [POLL_MS, POLL_MS, QUIET_POLL_MS, POLL_MS, POLL_MS]
    assert loops == [poll / 1_000 for poll in polls]


def test_a_group_that_gathers_lets_the_broker_wait_for_many_records_only_while_some_come() -> None:
    consumer: Any = SimpleNamespace(_fetcher=SimpleNamespace())
    wait = FetchWait(consumer, gather_seconds=0.1)
    fetches = []
    for records, now_seconds in [(5, 100.0), (0, 101.0 + QUIET_SECONDS)]:
        wait.observe(records, now_seconds)
        fetches.append((consumer._fetcher._fetch_max_wait_ms, consumer._fetcher._fetch_min_bytes))
    assert fetches == [(100, GATHER_BYTES), (QUIET_WAIT_MS, 1)]


@pytest.mark.kafka
@pytest.mark.postgres
async def test_records_of_a_group_that_gathers_come_together_and_the_first_one_at_once(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, sizes = await make_topic(), list[int]()

    async def note(_tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        sizes.append(len(records))
        return ()

    loop = counting(settings, database, topic, note, gather_seconds=8.0)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a")
        await until(lambda: sizes == [1], "the first is applied")
        await feed.count("a")
        await feed.count("a", "a")
        await feed.count(*["a"] * (GATHER_BYTES // 100))
        await until(lambda: sum(sizes) == 4 + GATHER_BYTES // 100, "many end the wait")
    assert sizes[1] > 3


@pytest.mark.kafka
async def test_the_client_heeds_it_and_a_record_still_ends_the_fetch_at_once(
    settings: Settings, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await make_topic()
    place = TopicPartition(topic.name, 0)
    consumer = clients.lone_consumer(settings, "test")
    await consumer.start()
    asked: list[int] = []
    send = consumer._client.send

    async def noting(node: int, request: Any, **more: Any) -> Any:
        asked.extend([request._max_wait_ms] if hasattr(request, "_max_wait_ms") else [])
        return await send(node, request, **more)

    monkeypatch.setattr(consumer._client, "send", noting)
    try:
        wait = FetchWait(consumer)
        assert isinstance(consumer._fetcher._fetcher_timeout, float), "the client's own name for it"
        wait.observe(0, time.monotonic())
        consumer.assign([place])
        consumer.seek(place, 0)
        assert await consumer.getmany(timeout_ms=100) == {}
        async with feeding(settings, topic) as feed:
            await feed.raw(0, b"{}")
            await feed.flush()
        found = await consumer.getmany(timeout_ms=60_000)
        assert [record.value for record in found[place]] == [b"{}"]
        assert asked[0] == QUIET_WAIT_MS
        assert consumer._fetcher._fetch_max_wait_ms == QUIET_WAIT_MS
    finally:
        await clients.close(consumer)


@pytest.mark.kafka
@pytest.mark.postgres
async def test_the_fetches_of_a_consumer_group_wait_longer_when_nothing_comes_and_briefly_again_when_something_does(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await make_topic()
    asked: list[int] = []
    send = AIOKafkaClient.send

    async def noting(client: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        asked.extend([request._max_wait_ms] if hasattr(request, "_max_wait_ms") else [])
        return await send(client, node, request, **more)

    monkeypatch.setattr(AIOKafkaClient, "send", noting)
    async with feeding(settings, topic) as feed, running(counting(settings, database, topic)):
        await until(lambda: QUIET_WAIT_MS in asked, "it is quiet")
        await feed.count("a")
        asked.clear()
        await until(lambda: FETCH_MAX_WAIT_MS in asked, "it is under traffic")
