"""Wait until a consumer has applied what is in its topic."""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import TopicPartition

from plaudit.common.kafka import clients, positions
from plaudit.common.kafka.consumer import ConsumerLoop
from plaudit.common.kafka.topic_ids import topic_ids

DRAIN_SECONDS = 120.0
POLL_SECONDS = 0.005


class HaltedError(Exception):
    """A partition is halted, so that what is in it will not be applied."""


async def drain(loop: ConsumerLoop[Any], *, timeout_seconds: float = DRAIN_SECONDS) -> None:
    """Return when everything up to the present ends of the partitions has been applied, by whichever consumer.

    Raises HaltedError when a partition that is behind is halted, TimeoutError when it takes too long.
    """
    group, topic = loop._subscription.group, loop._subscription.topic.name
    database = loop.assignment._database
    consumer = clients.lone_consumer(loop._settings, "drain")
    try:
        async with asyncio.timeout(timeout_seconds):
            await consumer.start()
            _, partitions = (await topic_ids(loop._settings, [topic]))[topic]
            places = [TopicPartition(topic, partition) for partition in range(partitions)]
            starts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
            wanted = {place.partition: ends[place] for place in places if ends[place] > starts[place]}
            while True:
                async with database.transaction() as tx:
                    stored = await positions.load(tx, group, topic, list(wanted))
                behind = [p for p, end in wanted.items() if p not in stored or stored[p].place.next_offset < end]
                if not behind:
                    return
                _check_halted(loop, behind)
                await asyncio.sleep(POLL_SECONDS)
    finally:
        await clients.close(consumer)


def _check_halted(loop: ConsumerLoop[Any], behind: Sequence[int]) -> None:
    if loop.stopped_for is not None:
        raise HaltedError(loop.stopped_for)
    halted = loop.assignment.halted
    for partition in behind:
        if partition in halted:
            raise HaltedError(f"{loop._subscription.topic.name}/{partition}: {halted[partition]}")
