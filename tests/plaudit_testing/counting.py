"""Consumers that count, and what they have counted: the runtime's tests compare it with what was fed."""

import random
from collections import Counter
from collections.abc import Callable, Iterable

from plaudit.common.contracts import Topic
from plaudit.common.db import Database, OrderKey
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.fuse import Fuse
from plaudit.common.kafka.positions import Position, load
from plaudit.common.kafka.subscription import Handler, Record, Subscription, no_order_keys
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings
from plaudit_testing.feed import Feed
from plaudit_testing.runtime import Count, add_to_sums, outbox_of

GROUP = "counting"
KEYS = [f"key-{number}" for number in range(20)]


def by_key(record: Record[Count]) -> Iterable[OrderKey]:
    """The order key of a count: its key."""
    return (record.event.data.key,)


def consumer(
    settings: Settings,
    database: Database,
    topic: Topic,
    handle: Handler[Count] = add_to_sums,
    *,
    order_keys: Callable[[Record[Count]], Iterable[OrderKey]] = no_order_keys,
    workers: int = 1,
    max_batch: int = 4_000,
    backlog_batch: int = 0,
    gather_seconds: float = 0.0,
    fuse: Fuse | None = None,
) -> ConsumerLoop[Count]:
    """A consumer of the group `GROUP`, not running yet."""
    subscription = Subscription(
        group=GROUP,
        topic=topic,
        data=Count,
        handle=handle,
        order_keys=order_keys,
        workers=workers,
        start_batch=max_batch,
        max_batch=max_batch,
        backlog_batch=backlog_batch,
        gather_seconds=gather_seconds,
        fuse=fuse or Fuse(),
    )
    return ConsumerLoop(subscription, database, outbox_of(settings).append, settings)


async def sums(database: Database) -> dict[str, int]:
    """What was counted of each key."""
    async with database.transaction() as tx:
        return {row["key"]: row["total"] for row in await tx.raw.fetch("SELECT key, total FROM sums")}


async def sums_are(database: Database, expected: dict[str, int]) -> bool:
    """Whether exactly this was counted."""
    return await sums(database) == expected


async def seen(database: Database) -> dict[str, list[int]]:
    """The revisions of each key in the order in which they were applied."""
    found: dict[str, list[int]] = {}
    async with database.transaction() as tx:
        for row in await tx.raw.fetch("SELECT key, revision FROM seen ORDER BY id"):
            found.setdefault(row["key"], []).append(row["revision"])
    return found


async def position_of(database: Database, topic: Topic, partition: int) -> Position:
    """Where the group stands in a partition that it has read."""
    async with database.transaction() as tx:
        return (await load(tx, GROUP, topic.name, [partition]))[partition]


def fenced(topic: Topic) -> float:
    """Batches of this process that were refused because another consumer had moved their partition."""
    value: float = metrics.CONSUMER_FENCED_BATCHES.labels(GROUP, topic.name)._value.get()
    return value


async def feed_randomly(feed: Feed, events: int, seed: int = 1) -> Counter[str]:
    """Feed so many counts of random keys; return what they add up to."""
    chance = random.Random(seed)
    keys = [chance.choice(KEYS) for _ in range(events)]
    await feed.count(*keys)
    return Counter(keys)
