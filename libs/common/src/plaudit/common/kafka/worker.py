"""A lane: some of a member's partitions, of which it polls and applies one batch at a time.

While a lane's batch waits for its commit, or for what is away, nothing more of its partitions is taken from the
client: so there is never a second batch of a partition in flight.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError, RecordTooLargeError

from plaudit.common.failpoints import failpoint
from plaudit.common.kafka.apply import AbandonedError, Applier, Batch, Outcome
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.batch_size import BatchSize
from plaudit.common.kafka.dead_letters import told
from plaudit.common.kafka.positions import FencedError
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.observability import metrics

log = structlog.get_logger()

Data = TypeVar("Data")

POLL_TIMEOUT_MS = 200
POLL_DEADLINE_SECONDS = 2.0
"""While the group finds itself anew, a poll waits for it."""
IDLE_SECONDS = 0.05


class Lane(Generic[Data]):
    """The partitions whose number is `index` modulo the number of lanes."""

    def __init__(
        self,
        index: int,
        subscription: Subscription[Data],
        applier: Applier[Data],
        assignment: Assignment,
        consumer: AIOKafkaConsumer,
    ) -> None:
        self._index = index
        self._lanes = subscription.lanes
        self._labels = subscription.group, subscription.topic.name
        self._size = BatchSize(subscription.start_batch, subscription.max_batch)
        self._applier = applier
        self._assignment = assignment
        self._consumer = consumer
        self._stopping = False
        self.turned_at = time.monotonic()
        """On the monotonic clock: a lane that hangs is a process that hangs."""
        self.idle = asyncio.Event()
        """Set while no batch is in flight."""
        self.idle.set()

    def stop(self) -> None:
        """Take no more batches; the one in flight is finished, but not tried again."""
        self._stopping = True

    async def run(self) -> None:
        """Poll and apply until told to stop.

        Raises:
            KafkaError: the client has failed.
            FuseBlownError: too much went to the dead letters.
        """
        while not self._stopping:
            self.turned_at = time.monotonic()
            mine = [partition for partition in self._applier.positions if partition % self._lanes == self._index]
            batch = await self._poll(mine) if mine else None
            if batch is None:
                await asyncio.sleep(IDLE_SECONDS)
            elif batch:
                self.idle.clear()
                try:
                    await self._turn(batch)
                finally:
                    self.idle.set()

    async def _poll(self, partitions: Sequence[int]) -> Batch | None:
        """Return what has arrived of these partitions; None where that could not be asked."""
        places = map(self._assignment.at, partitions)
        try:
            async with asyncio.timeout(POLL_DEADLINE_SECONDS):
                fetched = await self._consumer.getmany(
                    *places, timeout_ms=POLL_TIMEOUT_MS, max_records=self._size.records
                )
        except OffsetOutOfRangeError as error:
            for place, offset in error.args[0].items():
                why = f"offset {offset} is not in the log: it was deleted before it was read, or lost"
                self._assignment.halt(place.partition, why)
            return None
        except RecordTooLargeError as error:
            for partition in partitions:
                self._assignment.halt(partition, f"a record is larger than the fetch size: {error}")
            return None
        except (NoOffsetForPartitionError, TimeoutError):
            return None  # not sought yet, or the group finds itself anew
        placed = self._applier.positions
        return {place.partition: raws for place, raws in fetched.items() if raws and place.partition in placed}

    async def _turn(self, batch: Batch) -> None:
        generation = self._assignment.generation
        waited = False

        def abandoned() -> bool:
            nonlocal waited
            waited = True
            self.turned_at = time.monotonic()
            self._assignment.pause(batch)
            return self._stopping or generation != self._assignment.generation

        failpoint("after_fetch_before_statement")
        try:
            outcome = await self._applier.settle(batch, abandoned)
        except AbandonedError:
            return
        except FencedError as error:
            metrics.CONSUMER_FENCED_BATCHES.labels(*self._labels).inc()
            log.warning("fenced", group=self._labels[0], topic=self._labels[1], detail=str(error))
            self._assignment.forget(batch)
            await self._assignment.place()
        else:
            self._tell(batch, outcome)
            self._size.observe(sum(map(len, batch.values())), outcome.seconds)
            for partition, gap in outcome.gaps.items():
                metrics.CONSUMER_GAPS.labels(*self._labels).inc()
                self._assignment.halt(partition, f"a gap in the sequence: {gap}")
        if waited:
            self._assignment.resume(batch)

    def _tell(self, batch: Batch, outcome: Outcome) -> None:
        """Count the batch, and say it in one line."""
        metrics.CONSUMER_APPLIED.labels(*self._labels).inc(outcome.applied)
        metrics.CONSUMER_REPEATED.labels(*self._labels).inc(outcome.repeated)
        metrics.CONSUMER_BATCH_RECORDS.labels(*self._labels).observe(outcome.applied)
        metrics.CONSUMER_BATCH_SECONDS.labels(*self._labels).observe(outcome.seconds)
        told(*self._labels, outcome.letters)
        log.info(
            "batch",
            group=self._labels[0],
            topic=self._labels[1],
            trace_id=outcome.trace_id,
            partitions=len(batch),
            applied=outcome.applied,
            repeated=outcome.repeated,
            dead=len(outcome.letters),
            tries=outcome.tries,
            duration_ms=round(outcome.seconds * 1000, 2),
        )
