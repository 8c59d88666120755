import asyncio
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from plaudit.common.db import Database, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka import fetch_wait, worker
from plaudit.common.kafka.subscription import Record
from plaudit.common.observability import tracing
from plaudit.common.settings import Settings
from plaudit_testing.counting import consumer, feed_randomly, position_of, seen, sums, sums_are
from plaudit_testing.draining import HaltedError, drain
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import DEADLINE_SECONDS, Count, add_to_sums, count_event, running, until
from plaudit_testing.runtime_fixtures import MakeTopic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


async def test_each_record_has_exactly_one_effect_in_the_order_of_its_partition(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic, workers=2)
    async with feeding(settings, topic) as feed:
        expected = await feed_randomly(feed, 300)
        async with running(loop):
            await drain(loop)
            expected += await feed_randomly(feed, 300, seed=2)
            await drain(loop)
            assert all(check.ok for check in loop.ready())
        expected += await feed_randomly(feed, 100, seed=3)
        again = consumer(settings, database, topic)
        async with running(again):
            await drain(again)
    assert await sums(database) == expected
    assert all(found == sorted(set(found)) for found in (await seen(database)).values())


async def test_batches_are_larger_while_the_broker_has_more_than_one_of_them(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, sizes = await make_topic(), list[int]()

    async def note(tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        sizes.append(len(records))
        return await add_to_sums(tx, records)

    loop = consumer(settings, database, topic, note, max_batch=10, backlog_batch=100)
    async with feeding(settings, topic) as feed:
        await feed.count(*["a"] * 300)
        async with running(loop):
            await drain(loop)
            assert 10 < max(sizes) <= 100
            sizes.clear()
            await feed.count(*["a"] * 9)
            await drain(loop)
    assert await sums(database) == {"a": 309}
    assert max(sizes) < 10


async def test_a_stop_does_not_wait_for_a_quiet_poll(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await make_topic()
    monkeypatch.setattr(fetch_wait, "QUIET_POLL_MS", 60_000)
    monkeypatch.setattr(worker, "POLL_DEADLINE_SECONDS", 60.0)
    loop = consumer(settings, database, topic, workers=2)
    async with feeding(settings, topic) as feed:
        async with running(loop):
            await feed.count("a")
            await drain(loop)
            member = loop._member
            assert member is not None
            quiet = member._workers[0]._fetch_wait
            await until(lambda: quiet.poll_ms == 60_000, "all is quiet")
            await asyncio.sleep(2 * fetch_wait.POLL_MS / 1_000)  # until the last short poll has ended
            began_at = time.monotonic()
        assert time.monotonic() - began_at < 30
    assert await sums(database) == {"a": 1}


async def test_what_a_relay_repeats_is_skipped(settings: Settings, database: Database, make_topic: MakeTopic) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a", "a", "a")
        feed.numbers[feed.partition("a")] = 1  # a relay that starts over behind the first one
        await feed.count("a", "a", "a")
        await drain(loop)
        position = await position_of(database, topic, feed.partition("a"))
    assert await sums(database) == {"a": 4}
    assert (position.place.next_offset, position.place.sequence) == (6, 4)


async def test_a_gap_stops_its_partition_and_is_said_and_the_others_go_on(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        (broken,), (sound,) = feed.keys_of(0, 1), feed.keys_of(1, 1)
        await feed.count(broken, sound)
        await drain(loop)
        feed.numbers[0] += 1
        await feed.count(broken, sound, sound)
        with pytest.raises(HaltedError, match="a gap in the sequence: offset 1 has number 3 of epoch 1, after 1"):
            await drain(loop)
        await until(lambda: sums_are(database, {broken: 1, sound: 3}), "the other partition goes on")
        (check,) = loop.ready()
    assert not check.ok
    assert "a gap in the sequence" in check.detail


async def test_a_group_without_a_row_begins_at_the_start_of_the_log_and_takes_its_first_number(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed:
        feed.numbers[feed.partition("a")] = 5_000
        await feed.count("a", "a")
        async with running(loop):
            await drain(loop)
    assert await sums(database) == {"a": 2}


async def test_the_position_is_the_databases_whatever_kafka_remembers(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with feeding(settings, topic) as feed:
        await feed.count("a", "a", "a")
        async with running(loop := consumer(settings, database, topic)):
            await drain(loop)
        async with database.transaction() as tx:  # as after a restore: Kafka's own offset stays where it was
            await tx.raw.execute("UPDATE positions SET next_offset = 1, sequence = 1 WHERE sequence = 3")
            await tx.raw.execute("UPDATE sums SET total = 1")
        async with running(loop := consumer(settings, database, topic)):
            await drain(loop)
    assert await sums(database) == {"a": 3}


async def test_what_a_handler_returns_is_in_the_outbox_if_and_only_if_its_effect_is_there(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, tries = await make_topic(), Counter[int]()

    async def answers(tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        await add_to_sums(tx, records)
        tries[len(tries)] += 1
        if len(tries) == 1:
            raise ValueError("once")
        return [count_event(topic, f"answer to {record.event.data.key}", 1) for record in records]

    loop = consumer(settings, database, topic, answers)
    async with feeding(settings, topic) as feed:
        await feed.count("a", "b")
        async with running(loop):
            await drain(loop)
    async with database.transaction() as tx:
        keys = await tx.raw.fetch("SELECT convert_from(key, 'UTF8') AS key FROM outbox")
    assert sorted(row["key"] for row in keys) == ["answer to a", "answer to b"]
    assert await sums(database) == {"a": 1, "b": 1}
    assert len(tries) > 1


async def test_partitions_go_to_a_second_member_and_come_back_without_loss_or_repeat(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    first, second = (consumer(settings, database, topic, max_batch=7) for _ in range(2))
    expected: Counter[str] = Counter()
    async with feeding(settings, topic) as feed, running(first):
        expected += await feed_randomly(feed, 200, seed=1)
        async with running(second):
            expected += await feed_randomly(feed, 200, seed=2)
            await until(lambda: all(len(each.assignment.positions) == 2 for each in (first, second)), "both read")
            expected += await feed_randomly(feed, 200, seed=3)
            await drain(first)
        expected += await feed_randomly(feed, 50, seed=4)
        await drain(first)
    assert await sums(database) == expected
    assert all(found == sorted(set(found)) for found in (await seen(database)).values())


async def test_a_consumer_waits_for_its_group_before_it_calls_itself_ready(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    loop = consumer(settings, database, await make_topic())
    states = [loop.ready()[0].ok]
    async with running(loop):
        await until(lambda: loop.ready()[0].ok, "it is ready")
        states.append(loop.ready()[0].ok)
        assert loop.ready()[0].detail == "4 partitions"
    assert states == [False, True]


async def test_a_stop_finishes_the_batch_in_flight_and_takes_no_other(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, entered, leave = await make_topic(), asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        entered.set()
        await leave.wait()
        return await add_to_sums(tx, records)

    loop, stop = consumer(settings, database, topic, slow, max_batch=1), asyncio.Event()
    async with feeding(settings, topic) as feed:
        await feed.count("a", "a", "a")
        task = asyncio.create_task(loop.run(stop))
        await asyncio.wait_for(entered.wait(), DEADLINE_SECONDS)
        stop.set()
        await asyncio.sleep(0.1)
        leave.set()
        await asyncio.wait_for(task, DEADLINE_SECONDS)
    assert await sums(database) == {"a": 1}


async def test_a_record_is_handled_within_the_trace_of_its_event(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, traces = await make_topic(), list[tuple[str | None, str | None]]()
    traceparent = tracing.new_traceparent()

    async def notes(_tx: Tx, _records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        traces.append((tracing.current_trace_id(), tracing.current_tracestate()))
        return ()

    loop = consumer(settings, database, topic, notes)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a", traceparent=traceparent, tracestate="foo=1")
        await drain(loop)
    assert set(traces) == {(traceparent[3:35], "foo=1")}
