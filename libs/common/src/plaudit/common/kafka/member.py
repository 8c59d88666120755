"""One membership in a consumer group: its lanes, and what is to be looked after beside them.

Kafka's own offsets are committed now and then, for whoever looks at the lag from outside; nothing depends on them.
"""

import asyncio
import contextlib
import time
from typing import Generic, TypeVar

from aiokafka.errors import IllegalStateError, KafkaError

from plaudit.common.db import Database
from plaudit.common.kafka import clients
from plaudit.common.kafka.apply import Applier
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.lane import Lane
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings

Data = TypeVar("Data")

HOUSE_SECONDS = 1.0
JOINING_SECONDS = 0.05
TOPIC_CHECK_SECONDS = 5.0
LAG_HINT_SECONDS = 5.0
LAG_HINT_TIMEOUT_SECONDS = 2.0
WITHOUT_PARTITIONS_SECONDS = 300.0
"""After so long without any, the membership is begun anew: some members never get any again by themselves."""


class RejoinError(Exception):
    """The membership has gone without partitions for too long."""


class Member(Generic[Data]):
    """Reads and applies for as long as it lasts. A new one is made when the client fails."""

    def __init__(
        self, subscription: Subscription[Data], database: Database, applier: Applier[Data], settings: Settings
    ) -> None:
        self._labels = subscription.group, subscription.topic.name
        self._topic = subscription.topic.name
        self._applier = applier
        self._consumer = clients.group_consumer(settings, subscription.group, f"plaudit-{subscription.group}")
        self.assignment = Assignment(
            *self._labels, database, settings, self._consumer, applier.positions, self._all_lanes_idle
        )
        self._lanes = [
            Lane(index, subscription, applier, self.assignment, self._consumer) for index in range(subscription.lanes)
        ]
        self._with_partitions_at = time.monotonic()
        self._hinted: dict[int, int] = {}

    @property
    def turned_at(self) -> float:
        """When the slowest lane last turned, on the monotonic clock."""
        return min(lane.turned_at for lane in self._lanes)

    async def run(self, stop: asyncio.Event) -> None:
        """Be a member until told to stop; what is in flight is finished.

        Raises:
            KafkaError: the client has failed; a new membership may fare better.
            FuseBlownError: too much went to the dead letters.
            TopicMissingError, RejoinError: what they say.
        """
        try:
            await self.assignment.topic_id()
            await self._consumer.start()
            self._consumer.subscribe([self._topic], listener=self.assignment)
            await self._until_one_fails(
                [
                    asyncio.create_task(self._keep_house(stop)),
                    *(asyncio.create_task(lane.run()) for lane in self._lanes),
                ]
            )
            await self._hint()
        finally:
            self._applier.positions.clear()
            await clients.close(self._consumer)

    async def _until_one_fails(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for all tasks; when one raises, end the others and raise it."""
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _all_lanes_idle(self) -> None:
        for lane in self._lanes:
            await lane.idle.wait()

    async def _keep_house(self, stop: asyncio.Event) -> None:
        """Place what could not be placed, measure, see that neither we nor the topic have gone; then stop the lanes."""
        check_due = time.monotonic() + TOPIC_CHECK_SECONDS
        hint_due = time.monotonic() + LAG_HINT_SECONDS
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HOUSE_SECONDS if self.assignment.complete else JOINING_SECONDS):
                    await stop.wait()
                    break
            await self.assignment.place()
            self._measure()
            self._watch()
            if time.monotonic() >= check_due:
                with contextlib.suppress(KafkaError):
                    await self.assignment.check_topic()
                check_due = time.monotonic() + TOPIC_CHECK_SECONDS
            if time.monotonic() >= hint_due:
                await self._hint()
                hint_due = time.monotonic() + LAG_HINT_SECONDS
        for lane in self._lanes:
            lane.stop()

    def _watch(self) -> None:
        if self.assignment.partitions:
            self._with_partitions_at = time.monotonic()
        elif time.monotonic() - self._with_partitions_at > WITHOUT_PARTITIONS_SECONDS:
            raise RejoinError(f"no partitions for {WITHOUT_PARTITIONS_SECONDS:.0f} s")

    def _measure(self) -> None:
        for partition, position in self._applier.positions.items():
            labels = *self._labels, str(partition)
            metrics.CONSUMER_PARKED.labels(*labels).set(position.parked)
            with contextlib.suppress(IllegalStateError):
                highwater = self._consumer.highwater(self.assignment.at(partition))
                if highwater is not None:
                    metrics.CONSUMER_LAG_RECORDS.labels(*labels).set(max(0, highwater - position.place.next_offset))

    async def _hint(self) -> None:
        """Tell Kafka how far we are."""
        offsets = {
            partition: position.place.next_offset
            for partition, position in self._applier.positions.items()
            if self._hinted.get(partition) != position.place.next_offset
        }
        if not offsets:
            return
        with contextlib.suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(LAG_HINT_TIMEOUT_SECONDS):
                await self._consumer.commit({self.assignment.at(number): offset for number, offset in offsets.items()})
            self._hinted |= offsets
