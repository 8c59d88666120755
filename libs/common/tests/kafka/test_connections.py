"""No connection and no task stays of a client, wherever its start or stop is cut short."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from aiokafka.errors import NodeNotReadyError

from plaudit.common.jobs import end_task
from plaudit.common.kafka import clients
from plaudit.common.kafka.connections import Client, end_consumer, end_producer
from plaudit.common.kafka.end_offsets import EndOffsets
from plaudit.common.kafka.topic_ids import TopicIds
from plaudit.common.kafka.topics import make_topics
from plaudit.common.outbox.publisher import Publisher
from plaudit.common.settings import Settings
from plaudit_local.servers.kafka import Kafka
from plaudit_testing.databases import settings_for
from plaudit_testing.runtime import counting_topic, until
from plaudit_testing.runtime_fixtures import MakeTopic
from plaudit_testing.servers import pause, resume

pytestmark = pytest.mark.kafka

MANY = 1_000
MORE_THAN_SOCKETS_HOLD = 64 * 1024 * 1024


class Opened:
    """Every transport that this test's event loop has connected, and the tasks that there were before."""

    def __init__(self) -> None:
        self.transports: list[asyncio.Transport] = []
        self.tasks = asyncio.all_tasks()

    async def left(self) -> list[object]:
        """What of it is open or runs."""
        await asyncio.sleep(0.01)
        ours = {*self.tasks, asyncio.current_task()}
        tasks = [task.get_coro() for task in asyncio.all_tasks() - ours]
        return [*(each for each in self.transports if not each.is_closing()), *tasks]


@pytest_asyncio.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Opened]:
    loop, found = asyncio.get_running_loop(), Opened()
    connect = loop.create_connection

    async def recording(*args: Any, **options: Any) -> Any:
        transport, protocol = await connect(*args, **options)
        found.transports.append(transport)
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", recording)
    yield found


class _CancelledAtAwait:
    """Awaits a coroutine in a task of its own, and cancels that where it waits for the n-th time."""

    def __init__(self, work: Coroutine[Any, Any, object], nth: int) -> None:
        self._work, self._nth = work, nth
        self.done = False

    def __await__(self) -> Generator[Any, Any, None]:
        steps, waits, result = self._work.__await__(), 0, None
        step: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                waiting = step()
            except StopIteration:
                return
            if waits == self._nth:
                current = asyncio.current_task()
                assert current is not None
                current.cancel()
                self.done = True
            waits += 1
            try:
                result = yield waiting
            except BaseException as error:  # noqa: BLE001 - a cancellation too
                step = partial(steps.throw, error)
            else:
                step = partial(steps.send, result)


async def cancelled_at(work: Coroutine[Any, Any, object], nth: int) -> bool:
    """Run something and cancel it where it waits for the n-th time; return whether it waited so often.

    It may end as if it had not been cancelled: the library swallows that while it waits for a task that it ends.
    """
    cancelling = _CancelledAtAwait(work, nth)

    async def run() -> None:
        await cancelling

    task = asyncio.create_task(run())
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
    return cancelling.done


async def cancelled_at_each_await(trial: Callable[[int], Awaitable[bool]]) -> int:
    """Repeat a trial that is cancelled ever later, until it ends by itself; return how often it was cancelled."""
    for nth in range(MANY):
        if not await trial(nth):
            return nth
    raise AssertionError(f"it waits more than {MANY} times")


def group_consumer(settings: Settings) -> Any:
    return clients.group_consumer(settings, "test-connections", "test")


def lone_consumer(settings: Settings) -> Any:
    return clients.lone_consumer(settings, "test")


def publisher(settings: Settings) -> Publisher:
    return Publisher(settings, {}, lambda: None)


Make = Callable[[Settings], Any]
CONSUMERS = [group_consumer, lone_consumer]


@pytest.mark.parametrize("make", CONSUMERS)
async def test_a_consumer_whose_start_is_cancelled_anywhere_leaves_nothing(
    settings: Settings, opened: Opened, make: Make
) -> None:
    async def trial(nth: int) -> bool:
        consumer = make(settings)
        cancelled = await cancelled_at(consumer.start(), nth)
        await clients.close(consumer)
        assert not await opened.left(), f"cancelled at await {nth}"
        return cancelled

    assert await cancelled_at_each_await(trial) >= 3


@pytest.mark.parametrize("make", CONSUMERS)
async def test_a_consumer_whose_close_is_cancelled_anywhere_leaves_nothing(
    settings: Settings, make_topic: MakeTopic, opened: Opened, make: Make
) -> None:
    topic = await make_topic()

    async def trial(nth: int) -> bool:
        consumer = make(settings)
        await consumer.start()
        if make is group_consumer:
            consumer.subscribe([topic.name])
            await until(lambda: bool(consumer.assignment()), "the group has given it partitions")
        cancelled = await cancelled_at(clients.close(consumer), nth)
        assert not await opened.left(), f"cancelled at await {nth}"
        return cancelled

    assert await cancelled_at_each_await(trial) >= 3


async def test_a_producer_whose_start_or_stop_is_cancelled_anywhere_leaves_nothing(
    settings: Settings, opened: Opened
) -> None:
    async def start(nth: int) -> bool:
        made = publisher(settings)
        cancelled = await cancelled_at(made.start(), nth)
        await made.stop()
        assert not await opened.left(), f"its start, cancelled at await {nth}"
        return cancelled

    async def stop(nth: int) -> bool:
        made = publisher(settings)
        await made.start()
        cancelled = await cancelled_at(made.stop(), nth)
        assert not await opened.left(), f"its stop, cancelled at await {nth}"
        return cancelled

    assert await cancelled_at_each_await(start) >= 3
    assert await cancelled_at_each_await(stop) >= 2


async def test_a_question_that_is_cancelled_anywhere_leaves_nothing(
    settings: Settings, make_topic: MakeTopic, opened: Opened
) -> None:
    topic = await make_topic()

    async def ids(nth: int) -> bool:
        asking = TopicIds(settings)
        cancelled = await cancelled_at(asking.find([topic.name]), nth)
        if not cancelled:
            await asking.aclose()
        assert not await opened.left(), f"the id, cancelled at await {nth}"
        return cancelled

    async def ends(nth: int) -> bool:
        asking = EndOffsets(settings)
        cancelled = await cancelled_at(asking.end_offset(topic.name, 0), nth)
        await asking.aclose()
        assert not await opened.left(), f"the end, cancelled at await {nth}"
        return cancelled

    assert await cancelled_at_each_await(ids) >= 3
    assert await cancelled_at_each_await(ends) >= 3


async def test_a_question_for_the_end_that_is_under_way_when_it_is_closed_leaves_nothing(
    settings: Settings, make_topic: MakeTopic, opened: Opened
) -> None:
    topic = await make_topic()
    asking = EndOffsets(settings)
    question = asyncio.create_task(asking.end_offset(topic.name, 0))
    await asyncio.sleep(0)
    await asking.aclose()
    await end_task(question)
    assert not await opened.left()


async def test_a_member_of_a_hung_broker_is_gone_after_its_close(
    fresh_kafka: Kafka, testing_url: str, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    monkeypatch.setattr(clients, "CLOSE_TIMEOUT_SECONDS", 0.2)
    settings = settings_for(testing_url, fresh_kafka.address)
    await make_topics(settings, [topic := counting_topic("test.hung.v1")])
    consumer = group_consumer(settings)
    await consumer.start()
    consumer.subscribe([topic.name])
    await until(lambda: bool(consumer.assignment()), "the group has given it partitions")
    pause(fresh_kafka)
    try:
        await clients.close(consumer)
        assert not await opened.left()
    finally:
        resume(fresh_kafka)


async def test_a_connection_whose_broker_end_is_closed_is_closed_before_a_new_one_is_made(
    settings: Settings, opened: Opened
) -> None:
    client = clients.bare(settings, "test")
    await client.bootstrap()
    node = client.get_random_node()
    assert await client.ready(node)
    next(iter(client._conns.values()))._reader.feed_eof()
    assert await client.ready(node)
    assert [each.is_closing() for each in opened.transports] == [True, True, False], "bootstrap, first, second"
    await client.close()
    assert not await opened.left()


async def test_a_closed_client_is_never_connected_again(settings: Settings, opened: Opened) -> None:
    client = clients.bare(settings, "test")
    await client.bootstrap()
    node = client.get_random_node()
    late = asyncio.create_task(client.ready(node))
    await asyncio.sleep(0)
    await client.close()
    assert not await late
    made = len(opened.transports)
    assert not await client.ready(node)
    with pytest.raises(NodeNotReadyError):
        await client.send(node, object())
    assert len(opened.transports) == made
    assert not await opened.left()


async def test_a_client_is_closed_though_a_hung_broker_does_not_take_what_it_has_sent(
    fresh_kafka: Kafka, testing_url: str, opened: Opened
) -> None:
    client = clients.bare(settings_for(testing_url, fresh_kafka.address), "test")
    await client.bootstrap()
    assert await client.ready(client.get_random_node())
    pause(fresh_kafka)
    try:
        next(iter(client._conns.values()))._writer.write(bytes(MORE_THAN_SOCKETS_HOLD))
        await client.close()
        assert not await opened.left()
    finally:
        resume(fresh_kafka)


async def test_what_has_stopped_is_ended_again_without_harm(settings: Settings, opened: Opened) -> None:
    consumer, producer = lone_consumer(settings), clients.producer(settings, "test")
    await consumer.start()
    await producer.start()
    assert isinstance(consumer._client, Client)
    for _ in range(2):
        await consumer.stop()
        await producer.stop()
        await end_consumer(consumer)
        await end_producer(producer)
    assert not await opened.left()
