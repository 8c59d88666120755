"""One membership in a consumer group: which partitions are ours, from where they are read, and their lanes.

The offsets are the database's. Kafka's own are committed now and then, for whoever looks at the lag from outside.
"""

import asyncio
import contextlib
import time
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
)

from plaudit.common import metrics
from plaudit.common.db import Database
from plaudit.common.db.errors import is_away
from plaudit.common.failpoints import failpoint
from plaudit.common.kafka import clients, positions
from plaudit.common.kafka.apply import AbandonedError, Applier, Batch, Outcome
from plaudit.common.kafka.batch_size import BatchSize
from plaudit.common.kafka.dead_letters import told
from plaudit.common.kafka.positions import FencedError
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.kafka.topic_ids import topic_ids
from plaudit.common.settings import Settings

log = structlog.get_logger()

Data = TypeVar("Data")

POLL_TIMEOUT_MS = 200
POLL_DEADLINE_SECONDS = 2.0
"""While the group finds itself anew, a poll waits for it."""
IDLE_SECONDS = 0.05
REVOKE_TIMEOUT_SECONDS = 10.0
"""How long a rebalance waits for the transaction in flight; after it the compare-and-set has the last word."""
HOUSE_SECONDS = 1.0
LAG_HINT_SECONDS = 5.0
WITHOUT_PARTITIONS_SECONDS = 300.0
"""After so long without any, the membership is begun anew: some members never get any again by themselves."""


class TopicMissingError(Exception):
    """The topic does not exist."""


class RejoinError(Exception):
    """The membership has gone without partitions for too long."""


class Member(ConsumerRebalanceListener, Generic[Data]):  # type: ignore[misc] # the library is untyped
    """Reads and applies for as long as it lasts. A new one is made when the client fails."""

    def __init__(
        self, subscription: Subscription[Data], database: Database, applier: Applier[Data], settings: Settings
    ) -> None:
        self._subscription = subscription
        self._group, self._topic = subscription.group, subscription.topic.name
        self._database = database
        self._applier = applier
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None
        self._assigned: frozenset[int] = frozenset()
        self._generation = 0
        self._stopping = False
        self._placing = asyncio.Lock()
        self._idle = [asyncio.Event() for _ in range(subscription.lanes)]
        self._with_partitions_at = time.monotonic()
        self._hinted: dict[int, int] = {}
        self.turned_at = [time.monotonic()] * subscription.lanes
        """When each lane last turned, on the monotonic clock."""
        self.joined = False
        self.halted: dict[int, str] = {}
        """Partitions that are not read on, and why."""

    async def run(self, stop: asyncio.Event) -> None:
        """Be a member until told to stop; what is in flight is finished.

        Raises:
            KafkaError: the client has failed; a new membership may fare better.
            FuseBlownError: too much went to the dead letters.
            TopicMissingError, RejoinError: what they say.
        """
        self._consumer = clients.group_consumer(self._settings, self._group, f"plaudit-{self._group}")
        try:
            await self._topic_id()
            await self._consumer.start()
            self._consumer.subscribe([self._topic], listener=self)
            lanes = [asyncio.create_task(self._lane(index)) for index in range(len(self._idle))]
            await self._until_first_ends([*lanes, asyncio.create_task(self._keep_house(stop))])
        finally:
            self._applier.positions.clear()
            await clients.close(self._consumer)

    async def _until_first_ends(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for all tasks; when one raises, end the others and raise it."""
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            self._stopping = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def on_partitions_revoked(self, _revoked: Collection[TopicPartition]) -> None:
        """Finish the transactions in flight, and forget the partitions."""
        self._generation += 1
        self._assigned = frozenset()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_TIMEOUT_SECONDS):
                for idle in self._idle:
                    await idle.wait()
        self._applier.positions.clear()
        self.halted.clear()
        self._hinted.clear()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Go to where the database says we are; where it cannot be asked now, housekeeping does so later."""
        self._generation += 1
        self._assigned = frozenset(place.partition for place in assigned)
        self._applier.positions.clear()
        self.halted.clear()
        metrics.CONSUMER_REBALANCES.labels(self._group, self._topic).inc()
        log.info("assigned", group=self._group, topic=self._topic, partitions=sorted(self._assigned))
        await self._place()

    async def _place(self) -> None:
        """Load and seek the partitions that are ours and have no position yet."""
        async with self._placing:
            generation = self._generation
            wanted = sorted(self._assigned - self._applier.positions.keys() - self.halted.keys())
            if wanted:
                try:
                    await self._seek(wanted, generation)
                except Exception as error:
                    if not (is_away(error) or isinstance(error, KafkaError)):
                        raise
                    log.warning("positions_not_loaded", group=self._group, topic=self._topic, exc_info=error)
                    return
            self.joined = True

    async def _seek(self, wanted: Sequence[int], generation: int) -> None:
        consumer = self._client()
        topic_id = await self._topic_id()
        async with self._database.transaction() as tx:
            stored = await positions.load(tx, self._group, self._topic, wanted)
            if missing := [partition for partition in wanted if partition not in stored]:
                starts = await consumer.beginning_offsets([self._at(partition) for partition in missing])
                begun = {place.partition: offset for place, offset in starts.items()}
                await positions.begin(tx, self._group, self._topic, topic_id, begun)
                stored |= await positions.load(tx, self._group, self._topic, missing)
        if generation != self._generation:
            return
        for partition, position in stored.items():
            if position.topic_id != topic_id:
                self._halt(partition, f"the topic was made anew (id {topic_id}, was {position.topic_id})")
                continue
            with contextlib.suppress(IllegalStateError):
                consumer.seek(self._at(partition), position.place.next_offset)
                self._applier.positions[partition] = position

    async def _topic_id(self) -> UUID:
        found = (await topic_ids(self._settings, [self._topic])).get(self._topic)
        if found is None:
            raise TopicMissingError(
                f"topic {self._topic} does not exist: make it with `python -m plaudit.common.kafka.topics`"
            )
        return found[0]

    async def _lane(self, index: int) -> None:
        """Poll and apply one lane's partitions, one batch at a time."""
        size = BatchSize(self._subscription.start_batch, self._subscription.max_batch)
        idle = self._idle[index]
        idle.set()
        while not self._stopping:
            self.turned_at[index] = time.monotonic()
            mine = sorted(self._applier.positions.keys() - self.halted.keys())[index :: len(self._idle)]
            batch = await self._poll(mine, size.records) if mine else None
            if batch is None:
                await asyncio.sleep(IDLE_SECONDS)
            elif batch:
                idle.clear()
                try:
                    await self._turn(batch, size, index)
                finally:
                    idle.set()

    async def _poll(self, partitions: Sequence[int], records: int) -> Batch | None:
        """Return what has arrived of these partitions; None where that could not be asked."""
        consumer = self._client()
        places = [self._at(partition) for partition in partitions]
        try:
            async with asyncio.timeout(POLL_DEADLINE_SECONDS):
                fetched = await consumer.getmany(*places, timeout_ms=POLL_TIMEOUT_MS, max_records=records)
        except OffsetOutOfRangeError as error:
            for place, offset in error.args[0].items():
                self._halt(
                    place.partition, f"offset {offset} is not in the log: it was deleted before it was read, or lost"
                )
            return None
        except (NoOffsetForPartitionError, TimeoutError):
            return None  # not sought yet, or the group finds itself anew
        except RecordTooLargeError as error:
            for partition in partitions:
                self._halt(partition, f"a record is larger than the fetch size: {error}")
            return None
        known = self._applier.positions
        return {place.partition: raws for place, raws in fetched.items() if raws and place.partition in known}

    async def _turn(self, batch: Batch, size: BatchSize, index: int) -> None:
        generation = self._generation
        failpoint("after_fetch_before_statement")

        def abandoned() -> bool:
            self.turned_at[index] = time.monotonic()
            return self._stopping or generation != self._generation

        try:
            outcome = await self._applier.settle(batch, abandoned)
        except AbandonedError:
            self._forget(batch)
        except FencedError as error:
            metrics.CONSUMER_FENCED_BATCHES.labels(self._group, self._topic).inc()
            log.warning("fenced", group=self._group, topic=self._topic, detail=str(error))
            self._forget(batch)
            await self._place()
        else:
            records = sum(map(len, batch.values()))
            size.observe(records, outcome.seconds)
            self._tell(batch, outcome)
            for partition, gap in outcome.gaps.items():
                metrics.CONSUMER_GAPS.labels(self._group, self._topic).inc()
                self._halt(partition, f"a gap in the sequence: {gap}")

    def _forget(self, batch: Batch) -> None:
        """Let the batch's partitions be placed anew, from the database."""
        for partition in batch:
            self._applier.positions.pop(partition, None)

    def _tell(self, batch: Batch, outcome: Outcome) -> None:
        labels = self._group, self._topic
        metrics.CONSUMER_APPLIED.labels(*labels).inc(outcome.applied)
        metrics.CONSUMER_REPEATED.labels(*labels).inc(outcome.repeated)
        metrics.CONSUMER_BATCH_RECORDS.labels(*labels).observe(outcome.applied)
        metrics.CONSUMER_BATCH_SECONDS.labels(*labels).observe(outcome.seconds)
        told(*labels, outcome.letters)
        log.info(
            "batch",
            group=self._group,
            topic=self._topic,
            partitions=len(batch),
            applied=outcome.applied,
            repeated=outcome.repeated,
            dead=len(outcome.letters),
            tries=outcome.tries,
            duration_ms=round(outcome.seconds * 1000, 2),
        )

    async def _keep_house(self, stop: asyncio.Event) -> None:
        hint_due = time.monotonic() + LAG_HINT_SECONDS
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HOUSE_SECONDS if self.joined else IDLE_SECONDS):
                    await stop.wait()
            await self._place()
            self._measure()
            if self._assigned:
                self._with_partitions_at = time.monotonic()
            elif time.monotonic() - self._with_partitions_at > WITHOUT_PARTITIONS_SECONDS:
                raise RejoinError(f"no partitions for {WITHOUT_PARTITIONS_SECONDS:.0f} s")
            if time.monotonic() >= hint_due or stop.is_set():
                await self._hint()
                hint_due = time.monotonic() + LAG_HINT_SECONDS
        self._stopping = True

    def _measure(self) -> None:
        consumer = self._client()
        for partition, position in self._applier.positions.items():
            labels = self._group, self._topic, str(partition)
            metrics.CONSUMER_PARKED.labels(*labels).set(position.parked)
            with contextlib.suppress(IllegalStateError):
                highwater = consumer.highwater(self._at(partition))
                if highwater is not None:
                    metrics.CONSUMER_LAG_RECORDS.labels(*labels).set(max(0, highwater - position.place.next_offset))

    async def _hint(self) -> None:
        """Tell Kafka how far we are; nothing depends on it."""
        offsets = {
            partition: position.place.next_offset
            for partition, position in self._applier.positions.items()
            if self._hinted.get(partition) != position.place.next_offset
        }
        if not offsets:
            return
        with contextlib.suppress(KafkaError, IllegalStateError, TimeoutError):
            async with asyncio.timeout(POLL_DEADLINE_SECONDS):
                await self._client().commit({self._at(partition): offset for partition, offset in offsets.items()})
            self._hinted.update(offsets)

    def _halt(self, partition: int, why: str) -> None:
        """Read a partition no further: only somebody who has looked may decide what is to be skipped."""
        self.halted[partition] = why
        self._applier.positions.pop(partition, None)
        log.error("partition_halted", group=self._group, topic=self._topic, partition=partition, reason=why)

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(self._topic, partition)

    def _client(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "run() makes the client"
        return self._consumer
