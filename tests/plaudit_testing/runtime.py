"""The runtime on the tests' own service: events that count, loops that run for a block, and logs read back."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, Role, Tx, lock
from plaudit.common.events import Outgoing
from plaudit.common.ids import uuid7
from plaudit.common.jobs import Loop
from plaudit.common.kafka.subscription import Record
from plaudit.common.outbox import Outbox
from plaudit.common.settings import Settings
from plaudit_testing.databases import TESTING
from plaudit_testing.deadlines import DEADLINE_SECONDS

POLL_SECONDS = 0.01
SOME_TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def short_and_long(short: int, long: int) -> list[Any]:
    """Values of a parameter that says how much: little in `make test`, a lot in `make soak`."""
    return [short, pytest.param(long, marks=[pytest.mark.soak, pytest.mark.timeout(7_200)])]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests' events say: the key's next revision, and how much to add."""

    key: str
    revision: int
    add: int = 1


def counting_topic(name: str, *, compacted: bool = False) -> Topic:
    """A topic of counts."""
    return Topic(
        name=name,
        key="the key",
        writer=TESTING,
        types=MappingProxyType({"count.added": Count, "count.noted": Count}),
        retention_ms=86_400_000,
        compacted=compacted,
    )


def count_event(
    topic: Topic,
    key: str,
    revision: int,
    add: int = 1,
    kind: str = "count.added",
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Outgoing:
    """The event of one revision."""
    return Outgoing(
        topic=topic,
        key=key,
        type=kind,
        subject=key,
        tenant_id="default",
        time=SOME_TIME,
        data=Count(key=key, revision=revision, add=add),
        traceparent=traceparent,
        tracestate=tracestate,
    )


def outbox_of(settings: Settings) -> Outbox:
    """The tests' own service's outbox."""
    return Outbox(TESTING, settings.partitions, uuid7)


def later(tx: Tx, by: timedelta) -> Tx:
    """The same transaction with its clock put forward."""
    return replace(tx, now=tx.now + by)


def worker(settings: Settings, pool_size: int = 8) -> Database:
    """Connections of the tests' own service under its worker role."""
    return Database(settings, TESTING, Role.WORKER, pool_size=pool_size)


async def write_revisions(
    tx: Tx, outbox: Outbox, topic: Topic, keys: Sequence[str], *, locking: Callable[..., Awaitable[None]] = lock
) -> None:
    """One more revision of each key, as ingest writes them: locks, then a read, then the writes."""
    await locking(tx, keys)
    rows = await tx.raw.fetch("SELECT key, revision FROM heads WHERE key = ANY($1)", list(keys))
    heads = {row["key"]: row["revision"] for row in rows}
    after = {key: heads.get(key, 0) + 1 for key in keys}
    await tx.raw.execute(
        "INSERT INTO heads SELECT * FROM unnest($1::text[], $2::bigint[]) "
        "ON CONFLICT (key) DO UPDATE SET revision = excluded.revision",
        list(after),
        list(after.values()),
    )
    await outbox.append(tx, [count_event(topic, key, revision) for key, revision in after.items()])


async def add_to_sums(tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
    """A handler: adds up what the records say, and keeps the order in which each key's revisions came."""
    totals: dict[str, list[int]] = {}
    for record in records:
        total = totals.setdefault(record.event.data.key, [0, 0])
        total[0] += record.event.data.add
        total[1] += 1
    keys = sorted(totals)
    await tx.raw.execute(
        "INSERT INTO sums SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[]) ON CONFLICT (key) DO UPDATE "
        "SET total = sums.total + excluded.total, applied = sums.applied + excluded.applied",
        keys,
        [totals[key][0] for key in keys],
        [totals[key][1] for key in keys],
    )
    await tx.raw.execute(
        "INSERT INTO seen (key, revision) SELECT * FROM unnest($1::text[], $2::bigint[])",
        [record.event.data.key for record in records],
        [record.event.data.revision for record in records],
    )
    return ()


@contextlib.asynccontextmanager
async def running(*loops: Loop) -> AsyncIterator[None]:
    """Run the loops for the length of the block, then stop them; what they raise fails the test."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop.run(stop), name=loop.name) for loop in loops]
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait(tasks, timeout=DEADLINE_SECONDS)


async def until(
    check: Callable[[], Awaitable[bool]] | Callable[[], bool],
    what: str,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> None:
    """Wait until the check comes true.

    Raises AssertionError, saying what was waited for, when the deadline passes before.
    """
    end = time.monotonic() + deadline_seconds
    while True:
        answer = check()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_seconds:.0f} s: {what}")
        await asyncio.sleep(POLL_SECONDS)


@dataclass
class Log:
    """What a topic holds: the decoded values of each partition, in the order of their offsets."""

    partitions: Mapping[int, Sequence[Mapping[str, Any]]]
    records: int = field(init=False)

    def __post_init__(self) -> None:
        self.records = sum(map(len, self.partitions.values()))

    def applied(self) -> dict[int, list[Mapping[str, Any]]]:
        """What a consumer applies of each partition: repeats left out.

        Raises AssertionError where a number is missing, or two records have the same.
        """
        kept: dict[int, list[Mapping[str, Any]]] = {}
        for partition, events in self.partitions.items():
            by_number: dict[int, Mapping[str, Any]] = {}
            for event in events:
                number = int(event["sequence"])
                assert number <= len(by_number) + 1, f"a gap before {number} in partition {partition}"
                known = by_number.setdefault(number, event)
                assert known == event, f"two records with number {number} in partition {partition}"
            kept[partition] = list(by_number.values())
        return kept

    def revisions(self) -> dict[str, list[int]]:
        """The revisions of each key, in the order in which a consumer applies them."""
        found: dict[str, list[int]] = {}
        for events in self.applied().values():
            for event in events:
                found.setdefault(event["data"]["key"], []).append(event["data"]["revision"])
        return found


async def read_log(bootstrap: str, topic: str) -> Log:
    """Read a whole topic up to its present ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    try:
        await consumer.start()
        await consumer._client._wait_on_metadata(topic)
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = await consumer.end_offsets(places)
        found: dict[int, list[Mapping[str, Any]]] = {place.partition: [] for place in places}
        consumer.assign(places)
        left = {place for place in places if ends[place]}
        while left:
            for place, records in (await consumer.getmany(*left, timeout_ms=200)).items():
                found[place.partition] += [msgspec.json.decode(record.value) for record in records]
            for place in list(left):
                if await consumer.position(place) >= ends[place]:
                    left.discard(place)
    finally:
        await consumer.stop()
    return Log(found)
