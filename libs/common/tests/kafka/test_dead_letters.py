from collections import Counter
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, Tx
from plaudit.common.events import Outgoing
from plaudit.common.kafka import dead_letters, worker
from plaudit.common.kafka.fuse import Fuse
from plaudit.common.kafka.subscription import InvalidRecordError, Record
from plaudit.common.outbox.publisher import HEADERS
from plaudit.common.settings import Settings
from plaudit_testing.counting import GROUP, by_key, consumer, position_of, sums
from plaudit_testing.draining import HaltedError, drain
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import Count, add_to_sums, count_event, running, until
from plaudit_testing.runtime_fixtures import MakeTopic

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@pytest.fixture(autouse=True)
def short_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "BACK_OFF_SECONDS", 0.001)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """No member is lost here, however slow the machine: each try counts."""
    return settings.model_copy(update={"kafka_session_timeout_ms": 60_000})


async def letters(database: Database) -> list[tuple[str, str | None, int | None]]:
    """Reason, key and tries of each letter, in the order of their records."""
    async with database.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT reason, convert_from(record_key, 'UTF8') AS key, tries FROM dead_letters "
            "WHERE consumer_group = $1 ORDER BY partition, record_offset",
            GROUP,
        )
    return [(row["reason"], row["key"], row["tries"]) for row in rows]


def shown(name: str, topic: Topic, **labels: str) -> float | None:
    """A figure of the group, as it is measured from outside."""
    return REGISTRY.get_sample_value(name, {"group": GROUP, "topic": topic.name, **labels})


async def parked(database: Database, topic: Topic, partition: int) -> int:
    return (await position_of(database, topic, partition)).parked


class Raising:
    """A handler that raises on records of some keys, and counts how often it was called with them."""

    def __init__(self, error: type[Exception], *keys: str) -> None:
        self.error = error
        self.keys = set(keys)
        self.calls = Counter[int]()

    async def __call__(self, tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        await add_to_sums(tx, records)
        for record in records:
            if record.event.data.key in self.keys:
                self.calls[len(records)] += 1
                raise self.error(f"on {record.event.data.key}\x00")
        return ()


async def test_what_cannot_be_read_is_set_aside_with_its_bytes_and_the_rest_goes_on(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a")
        partition = feed.partition("a")
        await feed.raw(partition, b"\xff\x00{", headers=[*HEADERS, ("x", b"\x00")])
        await feed.raw(partition, None)
        await feed.numbered(partition, b'{"type":"count.added","data":{"key":7}}')
        await feed.count("a")
        await drain(loop)
        assert all(check.ok for check in loop.ready())
    async with database.transaction() as tx:
        rows = await tx.raw.fetch("SELECT value, headers, sequence, error FROM dead_letters ORDER BY record_offset")
    assert await sums(database) == {"a": 2}
    assert [row["value"] for row in rows][:2] == [b"\xff\x00{", None]
    assert [row["sequence"] for row in rows] == [None, None, 2]
    assert rows[0]["headers"][1] == ["x", "00"]
    assert "$.data.key" in rows[2]["error"]
    assert [reason for reason, _, _ in await letters(database)] == ["invalid"] * 3
    assert await parked(database, topic, partition) == 0


async def test_a_record_that_the_client_cannot_parse_is_set_aside_and_the_rest_goes_on(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed:
        keys = [key for number in range(settings.partitions) for key in feed.keys_of(number, 3)]
        await feed.count(*keys)
        for number in (0, 1):
            await feed.unparsable(number)
        await feed.count(*keys)
        await feed.unparsable(1)
        async with running(loop):
            await drain(loop)
            await feed.unparsable(0)
            await feed.count(*keys)
            await drain(loop)
            assert all(check.ok for check in loop.ready())
    async with database.transaction() as tx:
        rows = await tx.raw.fetch(
            "SELECT partition, record_offset, error FROM dead_letters ORDER BY partition, record_offset"
        )
    assert await sums(database) == dict.fromkeys(keys, 3)
    assert [(row["partition"], row["record_offset"]) for row in rows] == [(0, 3), (0, 7), (1, 3), (1, 7)]
    assert all("utf-8" in row["error"] for row in rows)


async def test_a_record_that_the_handler_calls_invalid_is_found_at_once_and_set_aside_alone(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, handler = await make_topic(), Raising(InvalidRecordError, "wrong")
    loop = consumer(settings, database, topic, handler, order_keys=by_key)
    async with feeding(settings, topic) as feed:
        await feed.count("a", "wrong", "b", "wrong", "a")
        async with running(loop):
            await drain(loop)
    assert await sums(database) == {"a": 2, "b": 1}
    assert await letters(database) == [("invalid", "wrong", 1)] * 2
    assert handler.calls[1] == 2
    assert await parked(database, topic, feed.partition("wrong")) == 0


async def test_a_record_that_the_handler_raises_on_is_parked_after_its_tries_and_later_ones_of_its_key_are_held(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, handler = await make_topic(), Raising(ZeroDivisionError, "bad")
    loop = consumer(settings, database, topic, handler, order_keys=by_key)
    async with feeding(settings, topic) as feed:
        partition = feed.partition("bad")
        neighbour = next(key for key in feed.keys_of(partition, 2) if key != "bad")
        await feed.count(neighbour, "bad", neighbour, "bad")
        async with running(loop):
            await drain(loop)
            handler.keys.clear()
            await feed.count("bad", neighbour)
            await drain(loop)
            assert all(check.ok for check in loop.ready())
    assert await sums(database) == {neighbour: 3}
    assert await letters(database) == [("failed", "bad", 5), ("held", "bad", 1), ("held", "bad", 1)]
    assert handler.calls[4] == 5
    assert await parked(database, topic, partition) == 3


async def test_without_order_keys_a_failed_record_holds_nobody_back(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, handler = await make_topic(), Raising(ZeroDivisionError, "bad")
    loop = consumer(settings, database, topic, handler)
    async with feeding(settings, topic) as feed:
        await feed.count("bad")
        async with running(loop):
            await drain(loop)
            handler.keys.clear()
            await feed.count("bad")
            await drain(loop)
    assert await sums(database) == {"bad": 1}
    assert await letters(database) == [("failed", "bad", 5)]
    assert await parked(database, topic, feed.partition("bad")) == 0


async def test_a_transient_error_sets_nothing_aside_however_often_it_comes(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_BACK_OFF_SECONDS", 0.001)
    topic, handler = await make_topic(), Raising(ConnectionRefusedError, "a")
    loop = consumer(settings, database, topic, handler)
    async with feeding(settings, topic) as feed:
        await feed.count("a", "a")
        async with running(loop):
            await until(lambda: handler.calls.total() > 20, "it was tried again and again")
            assert not loop.ready()[0].ok
            handler.keys.clear()
            await drain(loop)
            await until(lambda: loop.ready()[0].ok, "it is well again")
    assert await sums(database) == {"a": 2}
    assert await letters(database) == []


async def test_a_flood_of_dead_letters_blows_the_fuse_and_the_consumer_stops_without_a_loss(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, fuse = await make_topic(), Fuse(max_share=0.05, window_records=100)
    loop = consumer(settings, database, topic, fuse=fuse)
    assert shown("plaudit_consumer_stopped", topic) == 0
    before = shown("plaudit_dead_letters_total", topic, reason="invalid")
    assert before is not None, "an increase is seen from the first one on"
    async with feeding(settings, topic) as feed, running(loop):
        for _ in range(5):
            await feed.raw(0, b"junk")
        await feed.count("a")
        await drain(loop)
        await feed.raw(0, b"junk")
        await feed.flush()
        with pytest.raises(HaltedError, match="6 of the last 7 records would be set aside, at most 5 may"):
            await drain(loop)
        (check,) = loop.ready()
        assert loop.live().ok
        assert not check.ok
        assert "restart the consumer" in check.detail
        assert shown("plaudit_consumer_stopped", topic) == 1
        assert shown("plaudit_dead_letters_total", topic, reason="invalid") == before + 5
        assert len(await letters(database)) == 5
    async with running(again := consumer(settings, database, topic, fuse=fuse)):
        await drain(again)  # a restart re-arms the fuse
    assert len(await letters(database)) == 6
    assert await sums(database) == {"a": 1}


async def test_a_batch_with_more_bad_records_than_the_fuse_allows_is_passed_in_some_restarts(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, fuse = await make_topic(), Fuse(max_consecutive=3)
    async with feeding(settings, topic) as feed:
        for _ in range(8):
            await feed.raw(0, b"junk")
        await feed.flush()
    for set_aside in (3, 6):
        async with running(loop := consumer(settings, database, topic, fuse=fuse)):
            with pytest.raises(HaltedError, match="4 records in a row would be set aside, at most 3 may"):
                await drain(loop)
        assert len(await letters(database)) == set_aside
    async with running(loop := consumer(settings, database, topic, fuse=fuse)):
        await drain(loop)
    assert len(await letters(database)) == 8


async def test_a_held_key_stays_held_after_a_restart(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, handler = await make_topic(), Raising(ZeroDivisionError, "bad")
    async with feeding(settings, topic) as feed:
        await feed.count("bad")
        async with running(loop := consumer(settings, database, topic, handler, order_keys=by_key)):
            await drain(loop)
        await feed.count("bad", "good")
        async with running(loop := consumer(settings, database, topic, order_keys=by_key)):
            await drain(loop)
    assert await sums(database) == {"good": 1}
    assert sorted(await letters(database)) == [("failed", "bad", 5), ("held", "bad", 1)]


async def test_an_event_that_the_handler_answers_with_too_large_a_one_is_parked(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()

    async def shouts(_tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        return [count_event(topic, "x" * 1_000_000, 1) for record in records if record.event.data.key == "loud"]

    loop = consumer(settings, database, topic, shouts, order_keys=by_key)
    async with feeding(settings, topic) as feed:
        await feed.count("a", "loud", "b")
        async with running(loop):
            await drain(loop)
    assert await letters(database) == [("failed", "loud", 5)]


async def test_no_look_up_is_paid_while_nothing_is_parked(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = 0

    async def counted(*arguments: object) -> set[str]:
        nonlocal looked_up
        looked_up += 1
        return await look_up(*arguments)  # type: ignore[arg-type]

    look_up = dead_letters.blocked
    monkeypatch.setattr(dead_letters, "blocked", counted)
    topic, handler = await make_topic(), Raising(ZeroDivisionError)
    loop = consumer(settings, database, topic, handler, order_keys=by_key)
    async with feeding(settings, topic) as feed, running(loop):
        await feed.count("a", "b")
        await drain(loop)
        assert looked_up == 0
        handler.keys.add("a")
        await feed.count("a")
        await drain(loop)
        await feed.count("a")
        await drain(loop)
        assert looked_up == 1
