import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, OrderKey, Tx
from plaudit.common.db.errors import is_transient
from plaudit.common.kafka import clients
from plaudit.common.kafka.topics import make_topics
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.settings import Settings
from plaudit_local.servers.kafka import Kafka
from plaudit_testing.databases import TESTING, settings_for
from plaudit_testing.runtime import (
    counting_topic,
    outbox_of,
    read_log,
    running,
    short_and_long,
    until,
    worker,
    write_revisions,
)
from plaudit_testing.runtime_fixtures import PARTITIONS, MakeTopic
from plaudit_testing.runtime_process import runtime_process
from plaudit_testing.servers import pause, restart, resume, wipe
from plaudit_testing.tcp_proxy import proxy_for, through

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


async def count_published(database: Database) -> int:
    async with database.transaction() as tx:
        total = await tx.raw.fetchval(
            "SELECT coalesce((SELECT sum(n::bigint) FROM relay_cursor, jsonb_each_text(numbers) AS of (place, n)), 0)"
        )
    return int(total)


async def count_written(database: Database) -> int:
    async with database.transaction() as tx:
        return int(await tx.raw.fetchval("SELECT count(*) FROM outbox"))


async def all_published(database: Database) -> bool:
    return await count_published(database) >= await count_written(database)


async def free_the_lease(database: Database) -> None:
    """What the lease's end does, without the wait for it."""
    async with database.transaction() as tx:
        await tx.raw.execute("UPDATE relay_lease SET until = '-infinity'")


async def write(database: Database, settings: Settings, topic: Topic, *keys: str) -> None:
    async with database.transaction() as tx:
        await write_revisions(tx, outbox_of(settings), topic, keys)


async def write_for_a_while(
    database: Database,
    settings: Settings,
    topic: Topic,
    *,
    seed: int,
    transactions: int,
    enough: asyncio.Event | None = None,
) -> None:
    """One writer of several: mostly short transactions, now and then one that stays open with its rows written.

    Ends after so many transactions, or, where it is given, at the first one after the event. On a loaded machine one
    may wait too long for its locks; then it has written nothing and is tried again.
    """
    chance = random.Random(seed)
    while transactions > 0 if enough is None else not enough.is_set():
        keys = [f"key-{number}" for number in chance.sample(range(12), chance.randint(1, 4))]
        try:
            async with database.transaction() as tx:
                await write_revisions(tx, outbox_of(settings), topic, keys)
                if chance.random() < 0.1:
                    await asyncio.sleep(chance.uniform(0.01, 0.1))
        except Exception as error:
            if not is_transient(error):
                raise
            continue
        transactions -= 1
        if enough is not None:
            await asyncio.sleep(0.03)


def ascending(revisions: Sequence[int]) -> bool:
    return list(revisions) == list(range(1, len(revisions) + 1))


@pytest.mark.parametrize("transactions", short_and_long(15, 3_000))
async def test_with_many_writers_revisions_of_a_key_ascend_and_numbers_have_no_gap(
    settings: Settings, database: Database, make_topic: MakeTopic, transactions: int
) -> None:
    topic = await make_topic()
    writers = worker(settings, pool_size=12)
    async with running(RelayLoop(TESTING, database, settings)):
        await asyncio.gather(
            *(write_for_a_while(writers, settings, topic, seed=seed, transactions=transactions) for seed in range(12))
        )
        await until(lambda: all_published(database), "everything is published")
    await writers.close()
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert log.records == await count_written(database)
    assert all(ascending(found) for found in log.revisions().values())


async def no_lock(_tx: Tx, _keys: Sequence[OrderKey]) -> None:
    """The order lock, taken out."""


async def test_of_the_test_without_the_order_lock_revisions_do_not_ascend(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, outbox = await make_topic(), outbox_of(settings)
    async with database.transaction() as slow:
        await slow.raw.execute("SET LOCAL lock_timeout = '20s'")
        async with database.transaction() as fast:
            await write_revisions(fast, outbox, topic, ["key"], locking=no_lock)
            blocked = asyncio.create_task(write_revisions(slow, outbox, topic, ["key"], locking=no_lock))
            await until(lambda: waits_for_a_lock(database), "the slow writer has read and waits to write")
        await blocked
    async with running(RelayLoop(TESTING, database, settings)):
        await until(lambda: all_published(database), "everything is published")
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert not ascending(log.revisions()["key"])


async def waits_for_a_lock(database: Database) -> bool:
    async with database.transaction() as tx:
        return bool(await tx.raw.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"))


HARMLESS = {
    "a plain read": "SELECT count(*) FROM heads",
    "a savepoint": "SAVEPOINT here",
    "a local setting": "SELECT set_config('plaudit.tenants', '', true)",
}
TAKES_AN_XID = {
    "a write": "INSERT INTO sums VALUES ('other', 0, 0)",
    "a row lock": "SELECT FROM things FOR UPDATE",
    "a shared row lock": "SELECT FROM things FOR SHARE",
    "a sequence": "SELECT nextval('seen_id_seq')",
    "asking for the xid": "SELECT pg_current_xact_id()",
    "a temporary table": "CREATE TEMPORARY TABLE mine (id int) ON COMMIT DROP",
    "an exclusive table lock": "LOCK TABLE things IN ACCESS EXCLUSIVE MODE",
}


async def test_what_takes_an_xid_before_the_lock_inverts_revisions_and_nothing_else_does(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic, outbox = await make_topic(), outbox_of(settings)
    async with database.transaction() as tx:
        await tx.raw.execute("INSERT INTO things VALUES ('default', 1)")
    for what, statement in (HARMLESS | TAKES_AN_XID).items():
        async with database.transaction() as late:
            await late.raw.execute(statement)
            await write(database, settings, topic, what)
            await write_revisions(late, outbox, topic, [what])
    async with database.transaction() as late:
        await write_revisions(late, outbox, topic, ["first key"])
        await write(database, settings, topic, "second key")
        await write_revisions(late, outbox, topic, ["second key"])
    async with running(RelayLoop(TESTING, database, settings)):
        await until(lambda: all_published(database), "everything is published")
    revisions = (await read_log(settings.kafka_bootstrap_servers, topic.name)).revisions()
    assert {what for what in revisions if revisions[what] == [2, 1]} == {*TAKES_AN_XID, "second key"}
    assert {what for what in revisions if revisions[what] == [1, 2]} == set(HARMLESS)


async def test_rows_of_an_open_writer_and_those_after_it_wait_for_its_end(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with running(RelayLoop(TESTING, database, settings)):
        await write(database, settings, topic, "before")
        await until(lambda: all_published(database), "what was committed before is published")
        async with database.transaction() as tx:
            await write_revisions(tx, outbox_of(settings), topic, ["open"])
            await write(database, settings, topic, "after")
            await asyncio.sleep(0.2)
            while_open = await count_published(database)
        await until(lambda: all_published(database), "everything is published")
    assert while_open == 1
    assert await count_published(database) == 3


@pytest.mark.parametrize("kills", short_and_long(4, 200))
async def test_a_relay_killed_again_and_again_loses_nothing_and_makes_no_gap(
    settings: Settings, database: Database, make_topic: MakeTopic, tmp_path: Path, kills: int
) -> None:
    topic, chance, trace, enough = await make_topic(), random.Random(7), tmp_path / "trace", asyncio.Event()
    writers = asyncio.gather(
        *(write_for_a_while(database, settings, topic, seed=seed, transactions=0, enough=enough) for seed in range(4))
    )
    for kill in range(kills):
        await free_the_lease(database)
        window = f"after_ack_before_cursor=kill@{chance.randint(1, 5)}" if kill % 2 else ""
        with runtime_process(settings, "relay", failpoints=window, trace=trace) as relay:
            await until(lambda relay=relay: relay.ready or relay.exit_code is not None, "the relay is up")
            if window:
                await until(lambda relay=relay: relay.exit_code is not None, "the window is hit")
            else:
                await asyncio.sleep(chance.uniform(0.0, 0.3))
    enough.set()
    await writers
    await free_the_lease(database)
    async with running(RelayLoop(TESTING, database, settings)):
        await until(lambda: all_published(database), "everything is published")
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert trace.read_text().count("after_ack_before_cursor kill") == kills // 2
    assert log.records > await count_written(database), "a relay killed before its cursor moved repeats"
    assert sum(map(len, log.applied().values())) == await count_written(database)
    assert all(ascending(found) for found in log.revisions().values())


async def test_a_relay_stopped_between_two_sends_repeats_the_same_records_behind_its_successor(
    settings: Settings, database: Database, make_topic: MakeTopic, tmp_path: Path
) -> None:
    topic, trace = await make_topic(), tmp_path / "trace"
    with runtime_process(settings, "relay", failpoints="between_sends=stop@1", trace=trace) as zombie:
        await until(lambda: zombie.ready, "the relay is up")
        await write(database, settings, topic, "first")
        await until(lambda: all_published(database), "the first send is acknowledged")
        await write(database, settings, topic, "second")
        await until(lambda: zombie.stopped, "the relay stands between two sends")
        await free_the_lease(database)
        async with running(RelayLoop(TESTING, database, settings)):
            await write(database, settings, topic, "first", "second", "third")
            await until(lambda: all_published(database), "the successor has published everything")
        before = await read_log(settings.kafka_bootstrap_servers, topic.name)
        zombie.resume()
        await until(lambda: has_more(settings, topic, before.records), "the zombie has sent what it had in hand")
        assert zombie.stop() == 0
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert trace.read_text().count("between_sends stop") == 1
    assert log.revisions() == before.revisions()
    assert all(ascending(found) for found in log.revisions().values())


async def has_more(settings: Settings, topic: Topic, records: int) -> bool:
    return (await read_log(settings.kafka_bootstrap_servers, topic.name)).records > records


async def test_a_second_relay_stands_by_and_takes_over_when_the_first_one_ends(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    first, second = (RelayLoop(TESTING, database, settings) for _ in range(2))
    async with running(first):
        await until(lambda: first.ready()[0].ok, "the first one publishes")
        async with running(second):
            await until(lambda: "stands by" in second.ready()[0].detail, "the second one stands by")
            assert second.ready()[0].ok
    async with running(second):
        await write(database, settings, topic, "key")
        await until(lambda: all_published(database), "the second one publishes")


async def test_a_produce_timeout_makes_neither_gap_nor_loss(
    testing_url: str, fresh_kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "REQUEST_TIMEOUT_MS", 1_000)
    settings = settings_for(testing_url, fresh_kafka.address, partitions=PARTITIONS)
    topic, database = counting_topic("test.timeout.v1"), worker(settings)
    await make_topics(settings, [topic])
    relay = RelayLoop(TESTING, database, settings)
    async with running(relay):
        await write(database, settings, topic, "key")
        await until(lambda: all_published(database), "the first row is published")
        pause(fresh_kafka)
        for _ in range(20):
            await write(database, settings, topic, "key", "other")
        await asyncio.sleep(2.5)
        resume(fresh_kafka)
        await until(lambda: all_published(database), "everything is published")
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    await database.close()
    assert log.revisions() == {"key": list(range(1, 22)), "other": list(range(1, 21))}


async def test_a_producer_whose_numbers_leave_31_bits_is_replaced_with_neither_gap_nor_loss(
    settings: Settings, database: Database, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic, made, make = await make_topic(), [], clients.producer

    def near_its_end(settings: Settings, client_id: str) -> AIOKafkaProducer:
        producer = make(settings, client_id)
        if not made:
            # After the highest number the client goes on with negative ones, which Kafka refuses; it expects 0.
            producer._txn_manager._sequence_numbers = defaultdict(lambda: 2**31 - 5)
        made.append(producer)
        return producer

    monkeypatch.setattr(clients, "producer", near_its_end)
    async with running(RelayLoop(TESTING, database, settings)):
        for _ in range(20):
            await write(database, settings, topic, "key")
            await until(lambda: all_published(database), "it is published")
    assert len(made) == 2
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert log.revisions() == {"key": list(range(1, 21))}


async def test_a_wiped_kafka_under_a_kept_database_is_said_and_nothing_is_published(
    testing_url: str, fresh_kafka: Kafka
) -> None:
    settings = settings_for(testing_url, fresh_kafka.address, partitions=PARTITIONS)
    topic, database = counting_topic("test.wiped.v1"), worker(settings)
    await make_topics(settings, [topic])
    async with running(RelayLoop(TESTING, database, settings)):
        await write(database, settings, topic, "key")
        await until(lambda: all_published(database), "the first row is published")
    fresh_kafka.stop()
    wipe(fresh_kafka)
    restart(fresh_kafka)
    relay = RelayLoop(TESTING, database, settings)
    async with running(relay):
        await until(lambda: "do not exist" in relay.ready()[0].detail, "the missing topic is said")
    await make_topics(settings, [topic])
    relay = RelayLoop(TESTING, database, settings)
    async with running(relay):
        await write(database, settings, topic, "key")
        await until(lambda: "was made anew" in relay.ready()[0].detail, "the other topic is said")
        assert not relay.ready()[0].ok
    assert (await read_log(settings.kafka_bootstrap_servers, topic.name)).records == 0
    await database.close()


async def test_a_restored_database_is_said_and_nothing_is_published(
    settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with running(RelayLoop(TESTING, database, settings)):
        await write(database, settings, topic, "key", "other", "third")
        await until(lambda: all_published(database), "everything is published")
    async with database.transaction() as tx:  # as a backup from before the first row would leave it
        await tx.raw.execute("UPDATE relay_cursor SET numbers = '{}', xid = '0', id = 0")
    async with database.transaction() as tx:
        await tx.raw.execute("SET LOCAL role plaudit_testing_owner")
        await tx.raw.execute("DELETE FROM outbox")
    relay = RelayLoop(TESTING, database, settings)
    async with running(relay):
        await write(database, settings, topic, "key")
        await until(lambda: "the outbox no longer has" in relay.ready()[0].detail, "the missing row is said")
    assert (await read_log(settings.kafka_bootstrap_servers, topic.name)).records == 3


async def test_a_database_that_loses_replies_and_connections_makes_neither_gap_nor_loss(
    testing_url: str, settings: Settings, database: Database, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with proxy_for(testing_url) as proxy:
        behind = settings_for(through(proxy, testing_url), settings.kafka_bootstrap_servers, partitions=PARTITIONS)
        losing = worker(behind)
        relay = RelayLoop(TESTING, losing, behind)
        async with running(relay):
            for swallowed in range(1, 4):
                proxy.swallow_reply(b"COMMIT")
                await write(database, settings, topic, "key", "other")
                await until(lambda swallowed=swallowed: proxy.swallowed == swallowed, "a reply is lost")
                await write(database, settings, topic, "key")
            proxy.cut(refuse=True)
            await write(database, settings, topic, "key")
            await until(lambda: not relay.ready()[0].ok, "the missing database is said")
            proxy.pass_through()
            await until(lambda: all_published(database), "everything is published")
        await losing.close()
    log = await read_log(settings.kafka_bootstrap_servers, topic.name)
    assert log.revisions() == {"key": list(range(1, 8)), "other": [1, 2, 3]}
