import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, Role, Tx
from plaudit.common.kafka import clients, positions
from plaudit.common.kafka.failures import HANDLER_TRIES
from plaudit.common.kafka.positions import Move
from plaudit.common.kafka.topics import make_topics
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings
from plaudit_local.servers.kafka import Kafka
from plaudit_local.servers.postgres import Postgres
from plaudit_testing.counting import GROUP, consumer, feed_randomly, fenced, seen, sums
from plaudit_testing.databases import TESTING, migrated, settings_for
from plaudit_testing.draining import drain
from plaudit_testing.feed import feeding
from plaudit_testing.runtime import counting_topic, running, short_and_long, until, worker
from plaudit_testing.runtime_fixtures import PARTITIONS, MakeTopic
from plaudit_testing.runtime_process import runtime_process
from plaudit_testing.servers import restart, wipe
from plaudit_testing.tcp_proxy import proxy_for, through

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

MOST_ROUNDS = 50
"""Of records for two consumers, until one has been fenced by the other."""


@pytest.fixture
def each_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each consumer is a Kafka group of its own and gets every partition: only the database keeps them apart."""
    member = clients.group_consumer
    monkeypatch.setattr(
        clients,
        "group_consumer",
        lambda settings, group, client_id: member(settings, f"{group}-{uuid.uuid4()}", client_id),
    )


async def count_with_two(
    settings: Settings, database: Database, topic: Topic, met: Callable[[Counter[str]], Awaitable[bool]]
) -> Counter[str]:
    """Two consumers of the same group on the same partitions, at the same time, until they have met.

    Return what was fed.
    """
    first, second = (consumer(settings, database, topic, max_batch=20) for _ in range(2))
    expected: Counter[str] = Counter()
    async with feeding(settings, topic) as feed, running(first, second):
        for seed in range(MOST_ROUNDS):
            expected += await feed_randomly(feed, 400, seed)
            await drain(first)
            if await met(expected):
                break
            await until(lambda: second.assignment.complete, "the second one reads too")
    return expected


@pytest.mark.usefixtures("each_a_group_of_its_own")
async def test_two_consumers_that_both_believe_to_own_the_partitions_count_once(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()

    async def one_was_refused(_fed: Counter[str]) -> bool:
        return fenced(topic) >= 1

    expected = await count_with_two(settings, database, topic, one_was_refused)
    assert await sums(database) == expected
    assert fenced(topic) >= 1
    assert all(found == sorted(set(found)) for found in (await seen(database)).values())


@pytest.mark.usefixtures("each_a_group_of_its_own")
async def test_of_the_test_without_the_compare_and_set_two_consumers_count_twice(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def set_without_comparing(tx: Tx, group: str, topic: str, moves: Sequence[Move]) -> Mapping[int, int]:
        for move in moves:
            await tx.raw.execute(
                "UPDATE positions SET next_offset = $4, epoch = $5, sequence = $6 "
                "WHERE consumer_group = $1 AND topic = $2 AND partition = $3",
                *(group, topic, move.partition, move.after.next_offset, move.after.epoch, move.after.sequence),
            )
        return {move.partition: 0 for move in moves}

    monkeypatch.setattr(positions, "advance", set_without_comparing)

    async def counted_twice(fed: Counter[str]) -> bool:
        return await sums(database) != fed

    expected = await count_with_two(settings, database, await make_topic(), counted_twice)
    assert await sums(database) != expected


async def test_a_consumer_stopped_after_its_fetch_past_the_session_timeout_is_refused(
    settings: Settings, database: Database, make_topic: MakeTopic, tmp_path: Path
) -> None:
    topic, trace = await make_topic(), tmp_path / "trace"
    async with feeding(settings, topic) as feed:
        expected = await feed_randomly(feed, 100)
        window = "after_fetch_before_statement=stop@1"
        with runtime_process(settings, "consume", topic.name, GROUP, failpoints=window, trace=trace) as zombie:
            await until(lambda: zombie.stopped, "the consumer stands behind its fetch")
            successor = consumer(settings, database, topic)
            async with running(successor):
                await drain(successor)  # waits for the session timeout
                zombie.resume()
                await until(lambda: zombie.fenced >= 1, "the zombie was refused")
                expected += await feed_randomly(feed, 100, seed=2)
                await drain(successor)
            assert zombie.stop() == 0
    assert await sums(database) == expected
    assert trace.read_text().count("after_fetch_before_statement stop") == 1


@pytest.mark.parametrize("kills", short_and_long(3, 150))
async def test_a_consumer_killed_again_and_again_counts_once(
    settings: Settings, database: Database, make_topic: MakeTopic, tmp_path: Path, kills: int
) -> None:
    topic, trace, chance = await make_topic(), tmp_path / "trace", random.Random(11)
    windows = ["after_cas_before_commit", "after_fetch_before_statement", ""]
    expected: Counter[str] = Counter()
    async with feeding(settings, topic) as feed:
        for kill in range(kills):
            window = windows[kill % 3] and f"{windows[kill % 3]}=kill@{chance.randint(1, 6)}"
            with runtime_process(settings, "consume", topic.name, GROUP, failpoints=window, trace=trace) as process:
                while process.exit_code is None:
                    expected += await feed_randomly(feed, 30, seed=chance.randrange(1000))
                    await asyncio.sleep(0.02)
                    if process.ready and not window:
                        process.kill()
        last = consumer(settings, database, topic, workers=2)
        async with running(last):
            await drain(last)
    assert await sums(database) == expected
    assert all(found == sorted(set(found)) for found in (await seen(database)).values())
    assert {line.split()[0] for line in trace.read_text().splitlines()} == set(filter(None, windows))


async def test_a_lost_reply_to_a_commit_has_no_double_effect(
    testing_url: str, settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with proxy_for(testing_url) as proxy, feeding(settings, topic) as feed:
        behind = settings_for(
            through(proxy, testing_url), settings.kafka_bootstrap_servers, partitions=settings.partitions
        )
        losing = worker(behind)
        loop = consumer(behind, losing, topic, max_batch=10)
        async with running(loop):
            expected = await feed_randomly(feed, 50)
            await drain(consumer(settings, database, topic))
            proxy.swallow_reply(b"COMMIT", times=2)
            expected += await feed_randomly(feed, 100, seed=2)
            await drain(consumer(settings, database, topic))
        await losing.close()
    assert proxy.swallowed == 2
    assert await sums(database) == expected


async def test_a_database_that_goes_silent_is_retried_in_place(
    testing_url: str, settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with proxy_for(testing_url) as proxy, feeding(settings, topic) as feed:
        behind = settings_for(
            through(proxy, testing_url),
            settings.kafka_bootstrap_servers,
            partitions=settings.partitions,
            database_command_timeout_seconds=2.0,
        )
        far = worker(behind)
        loop = consumer(behind, far, topic)
        async with running(loop):
            expected = await feed_randomly(feed, 20)
            await drain(consumer(settings, database, topic))
            proxy.black_hole()
            expected += await feed_randomly(feed, 20, seed=2)
            await until(lambda: not loop.ready()[0].ok, "the silence is said")
            proxy.cut()
            proxy.pass_through()
            await drain(consumer(settings, database, topic))
            await until(lambda: loop.ready()[0].ok, "it is well again")
        await far.close()
    assert await sums(database) == expected


async def test_postgresql_stopped_and_started_needs_no_restart_of_the_consumer(
    fresh_postgres: Postgres, settings: Settings, make_topic: MakeTopic
) -> None:
    migrated(fresh_postgres.dsn, TESTING)
    settings = settings_for(fresh_postgres.dsn, settings.kafka_bootstrap_servers, partitions=PARTITIONS)
    topic, database = await make_topic(), worker(settings)
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        expected = await feed_randomly(feed, 50)
        await drain(loop)
        fresh_postgres.stop()
        expected += await feed_randomly(feed, 50, seed=2)
        await until(lambda: not loop.ready()[0].ok, "the missing database is said")
        restart(fresh_postgres)
        await drain(loop)
        assert loop.live().ok
    assert await sums(database) == expected
    await database.close()


@pytest.mark.parametrize(
    ("take", "give_back"),
    [
        ("ALTER TABLE sums RENAME TO sums_elsewhere", "ALTER TABLE sums_elsewhere RENAME TO sums"),
        ("ALTER TABLE sums RENAME COLUMN total TO renamed", "ALTER TABLE sums RENAME COLUMN renamed TO total"),
        (
            "REVOKE INSERT, UPDATE ON sums FROM plaudit_testing_worker",
            "GRANT INSERT, UPDATE ON sums TO plaudit_testing_worker",
        ),
    ],
    ids=["table", "column", "privilege"],
)
async def test_what_a_handler_misses_in_the_database_is_waited_for_and_no_record_is_set_aside(
    testing_url: str, settings: Settings, database: Database, make_topic: MakeTopic, take: str, give_back: str
) -> None:
    topic = await make_topic()
    owner = Database(settings_for(testing_url), TESTING, Role.OWNER, pool_size=1)
    tries = metrics.CONSUMER_RETRIES.labels(GROUP, topic.name)._value
    set_aside = metrics.DEAD_LETTERS.labels(GROUP, topic.name, "failed")._value
    loop = consumer(settings, database, topic)
    async with feeding(settings, topic) as feed, running(loop):
        expected = await feed_randomly(feed, 20)
        await drain(loop)
        async with owner.transaction() as tx:
            await tx.raw.execute(take)
        expected += await feed_randomly(feed, 1, seed=2)
        await until(lambda: tries.get() > HANDLER_TRIES or set_aside.get() > 0, "it is tried or set aside")
        assert set_aside.get() == 0
        assert not loop.ready()[0].ok
        async with owner.transaction() as tx:
            await tx.raw.execute(give_back)
        await drain(loop)
    assert await sums(database) == expected
    assert set_aside.get() == 0
    await owner.close()


async def test_a_wiped_kafka_under_a_kept_database_stops_the_partitions_and_is_said(
    testing_url: str, fresh_kafka: Kafka
) -> None:
    settings = settings_for(testing_url, fresh_kafka.address, partitions=PARTITIONS, kafka_session_timeout_ms=2_000)
    topic, database = counting_topic("test.wiped.v1"), worker(settings)
    await make_topics(settings, [topic])
    async with feeding(settings, topic) as feed:
        expected = await feed_randomly(feed, 40)
        async with running(loop := consumer(settings, database, topic)):
            await drain(loop)
    fresh_kafka.stop()
    wipe(fresh_kafka)
    restart(fresh_kafka)
    loop = consumer(settings, database, topic)
    async with running(loop):
        await until(lambda: "does not exist" in loop.ready()[0].detail, "the missing topic is said")
        await make_topics(settings, [topic])
        async with feeding(settings, topic) as feed:
            await feed_randomly(feed, 80, seed=2)
        await until(lambda: "was made anew" in loop.ready()[0].detail, "the other topic is said")
        assert not loop.ready()[0].ok
    assert await sums(database) == expected
    await database.close()


async def test_kafka_killed_and_started_needs_no_restart_of_the_consumer(testing_url: str, fresh_kafka: Kafka) -> None:
    settings = settings_for(testing_url, fresh_kafka.address, partitions=PARTITIONS, kafka_session_timeout_ms=2_000)
    topic, database = counting_topic("test.killed.v1"), worker(settings)
    await make_topics(settings, [topic])
    loop = consumer(settings, database, topic)
    async with running(loop):
        async with feeding(settings, topic) as feed:
            expected = await feed_randomly(feed, 40)
            numbers = feed.numbers
        await drain(loop)
        fresh_kafka.process.kill()
        await asyncio.sleep(0.5)
        restart(fresh_kafka)
        async with feeding(settings, topic) as feed:
            feed.numbers = numbers
            expected += await feed_randomly(feed, 40, seed=2)
        await drain(loop)
    assert await sums(database) == expected
    await database.close()
