"""One membership in a consumer group: a client, its workers, and the checks and measurements beside them.

Kafka's own offsets are committed now and then as a hint for lag monitors; nothing depends on them.
"""

import asyncio
import contextlib
import time
from typing import Generic, TypeVar

from aiokafka.errors import IllegalStateError, KafkaError

from plaudit.common.jobs import end_tasks, pause
from plaudit.common.kafka import clients
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.fetch_wait import FetchWait
from plaudit.common.kafka.plain_records import hand_out_plain_records
from plaudit.common.kafka.progress import Progress
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.kafka.transaction import BatchTransaction
from plaudit.common.kafka.worker import Worker
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings

Data = TypeVar("Data")

LOOK_SECONDS = 1.0
JOINING_SECONDS = 0.05
ASK_SECONDS = 5.0
"""How often Kafka is asked for the topic's id and the ends of partitions, and told how far we are."""
ASK_TIMEOUT_SECONDS = 2.0
WITHOUT_PARTITIONS_SECONDS = 300.0
"""After so long without partitions a new membership begins: some members never get any again by themselves."""


class RejoinError(Exception):
    """The membership has gone without partitions for too long."""


class Member(Generic[Data]):
    """Reads and applies for as long as its client works. The consumer loop makes a new member when it fails."""

    def __init__(
        self,
        subscription: Subscription[Data],
        transaction: BatchTransaction[Data],
        assignment: Assignment,
        settings: Settings,
        stop: asyncio.Event,
    ) -> None:
        """Connect to nothing yet.

        Args:
            subscription: what to read.
            transaction: applies slices of batches.
            assignment: has the partitions and their positions; it outlives this membership.
            settings: where Kafka is, and how long a member may be silent.
            stop: set when the process stops.
        """
        self._labels = subscription.group, subscription.topic.name
        self._topic = subscription.topic.name
        self._assignment = assignment
        self._stop = stop
        self._consumer = clients.group_consumer(settings, subscription.group, f"plaudit-{subscription.group}")
        fetch_wait = FetchWait(self._consumer, subscription.gather_seconds)
        self._workers = [
            Worker(share, subscription, transaction, assignment, self._consumer, fetch_wait, stop)
            for share in range(subscription.workers)
        ]
        self._progress = Progress()
        self._with_partitions_at = time.monotonic()
        self._hinted: dict[int, int] = {}

    @property
    def turned_at(self) -> float:
        """When the slowest worker last turned, on the monotonic clock."""
        return min(worker.turned_at for worker in self._workers)

    @property
    def trouble(self) -> str | None:
        """Why records are not applied, if they are not."""
        for worker in self._workers:
            if worker.trouble is not None:
                return worker.trouble
        for partition, seconds in self._progress.stalled(time.monotonic()).items():
            return f"{self._topic}/{partition} has records and has not moved for {seconds:.0f} s"
        return None

    async def run(self) -> None:
        """Be a member until told to stop. Transactions in flight are finished.

        Raises:
            KafkaError: the client has failed; a new membership may succeed.
            FuseBlownError: too many records fail.
            TopicMissingError: the topic does not exist.
            RejoinError: no partitions for too long.
        """
        self._assignment.join(self._consumer)
        tasks: list[asyncio.Task[None]] = []
        async with contextlib.AsyncExitStack() as ends:
            # Each of these happens, last first, even when one before it fails or is cancelled. A client that closes
            # may still ask for the topic's id, so that connection is closed after it.
            ends.push_async_callback(self._assignment.aclose)
            ends.push_async_callback(clients.close, self._consumer)
            ends.callback(self._assignment.leave)
            ends.push_async_callback(end_tasks, tasks)
            await self._assignment.topic_id()
            await self._consumer.start()
            hand_out_plain_records(self._consumer)
            self._consumer.subscribe([self._topic], listener=self._assignment)
            running = (self._look_after, self._end_polls_at_stop, *(each.run for each in self._workers))
            tasks += [asyncio.create_task(run()) for run in running]
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in ended:
                task.result()
            await self._hint()

    async def _look_after(self) -> None:
        """Load missing positions, check that we have partitions and the topic is the same, and measure."""
        ask_at = time.monotonic()
        while True:
            await pause(self._stop, LOOK_SECONDS if self._assignment.complete else JOINING_SECONDS)
            if self._stop.is_set():
                return
            await self._assignment.load_positions()
            self._check_partitions()
            if time.monotonic() >= ask_at:
                with contextlib.suppress(KafkaError):
                    await self._assignment.check_topic()
                await self._assignment.look_at_halted()
                await self._measure()
                await self._hint()
                ask_at = time.monotonic() + ASK_SECONDS

    async def _end_polls_at_stop(self) -> None:
        await self._stop.wait()
        for worker in self._workers:
            worker.end_poll()

    def _check_partitions(self) -> None:
        if self._assignment.partitions:
            self._with_partitions_at = time.monotonic()
        elif time.monotonic() - self._with_partitions_at > WITHOUT_PARTITIONS_SECONDS:
            raise RejoinError(f"no partitions for {WITHOUT_PARTITIONS_SECONDS:.0f} s")

    async def _measure(self) -> None:
        """Measure how far all of our partitions are behind, those that are paused or halted too."""
        for partition, position in self._assignment.positions.items():
            metrics.CONSUMER_PARKED.labels(*self._labels, str(partition)).set(position.parked)
        places = [self._assignment.at(partition) for partition in self._assignment.next_offsets()]
        if not places:
            return
        try:
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                found = await self._consumer.end_offsets(places)
        except (KafkaError, IllegalStateError, TimeoutError):
            return
        end_offsets = {place.partition: offset for place, offset in found.items()}
        next_offsets = self._assignment.next_offsets()
        self._progress.observe(next_offsets, end_offsets, time.monotonic())
        for partition in next_offsets.keys() & end_offsets.keys():
            lag_records = max(0, end_offsets[partition] - next_offsets[partition])
            metrics.CONSUMER_LAG_RECORDS.labels(*self._labels, str(partition)).set(lag_records)

    async def _hint(self) -> None:
        """Tell Kafka how far we are."""
        moved = dict(self._assignment.next_offsets().items() - self._hinted.items())
        if not moved:
            return
        with contextlib.suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                await self._consumer.commit({self._assignment.at(number): offset for number, offset in moved.items()})
            self._hinted |= moved
