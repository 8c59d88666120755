"""Which partitions are ours, and from where they are read: the offsets are the database's, never Kafka's."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Position
from plaudit.common.kafka.topic_ids import topic_ids
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings

log = structlog.get_logger()

REVOKE_TIMEOUT_SECONDS = 10.0
"""How long a rebalance waits for the transactions in flight; after it the compare-and-set has the last word."""


class TopicMissingError(Exception):
    """The topic does not exist."""


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # the library is untyped
    """What the group has given to one member, and where each partition stands."""

    def __init__(
        self,
        group: str,
        topic: str,
        database: Database,
        settings: Settings,
        consumer: AIOKafkaConsumer,
        placed: dict[int, Position],
        quiet: Callable[[], Awaitable[object]],
    ) -> None:
        """Begin with nothing.

        Args:
            group: the consumer group.
            topic: its name.
            database: has the positions.
            settings: where Kafka is.
            consumer: the group's member; told where to read.
            placed: filled with the positions of partitions that are ours and may be read.
            quiet: returns when no transaction is in flight.
        """
        self._group = group
        self._topic = topic
        self._database = database
        self._settings = settings
        self._consumer = consumer
        self._placed = placed
        self._quiet = quiet
        self._placing = asyncio.Lock()
        self.partitions: frozenset[int] = frozenset()
        self.generation = 0
        """Counts every change; a batch of an older one is not tried again."""
        self.complete = False
        """Whether the group has spoken, and each partition is placed or halted."""
        self.halted: dict[int, str] = {}
        """Partitions that are not read on, and why."""

    async def on_partitions_revoked(self, _revoked: Collection[TopicPartition]) -> None:
        """Let the transactions in flight end, and forget the partitions."""
        self.generation += 1
        gone, self.partitions = self.partitions, frozenset()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_TIMEOUT_SECONDS):
                await self._quiet()
        self._clear()
        for partition in gone:
            for gauge in (metrics.CONSUMER_LAG_RECORDS, metrics.CONSUMER_PARKED):
                with contextlib.suppress(KeyError):
                    gauge.remove(self._group, self._topic, str(partition))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Go to where the database says we are; where it cannot be asked now, `place` is called again."""
        self.generation += 1
        self.partitions = frozenset(place.partition for place in assigned)
        self._clear()
        metrics.CONSUMER_REBALANCES.labels(self._group, self._topic).inc()
        log.info("assigned", group=self._group, topic=self._topic, partitions=sorted(self.partitions))
        await self.place()
        self.complete = not self._unplaced()

    def _clear(self) -> None:
        self._placed.clear()
        self.halted.clear()

    def _unplaced(self) -> list[int]:
        return sorted(self.partitions - self._placed.keys() - self.halted.keys())

    async def place(self) -> None:
        """Load and seek those partitions of ours that have no position yet, unless something is away."""
        async with self._placing:
            wanted = self._unplaced()
            if not wanted:
                return
            try:
                await self._seek(wanted, self.generation)
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    raise
                self.complete = False
                log.warning("positions_not_loaded", group=self._group, topic=self._topic, exc_info=error)
            else:
                self.complete = not self._unplaced()

    async def _seek(self, wanted: Sequence[int], generation: int) -> None:
        topic_id = await self.topic_id()
        stored = await self._stored(wanted, topic_id)
        if generation != self.generation:
            return
        for partition, position in stored.items():
            if position.topic_id != topic_id:
                self._halt_replaced(partition, position, topic_id)
                continue
            with contextlib.suppress(IllegalStateError):  # taken away meanwhile
                self._consumer.seek(self.at(partition), position.place.next_offset)
                self._consumer.resume(self.at(partition))
                self._placed[partition] = position

    async def _stored(self, wanted: Sequence[int], topic_id: UUID) -> dict[int, Position]:
        """Return the rows of these partitions, made at the log's start where there are none."""
        async with self._database.transaction() as tx:
            stored = await positions.load(tx, self._group, self._topic, wanted)
        missing = [partition for partition in wanted if partition not in stored]
        if missing:
            starts = await self._consumer.beginning_offsets([self.at(partition) for partition in missing])
            begun = {place.partition: offset for place, offset in starts.items()}
            async with self._database.transaction() as tx:
                await positions.begin(tx, self._group, self._topic, topic_id, begun)
                stored |= await positions.load(tx, self._group, self._topic, missing)
        return stored

    async def topic_id(self) -> UUID:
        """Return the id of the topic that has the name now.

        Raises:
            TopicMissingError: none has.
        """
        found = (await topic_ids(self._settings, [self._topic])).get(self._topic)
        if found is None:
            raise TopicMissingError(
                f"topic {self._topic} does not exist: make it with `python -m plaudit.common.kafka.topics`, "
                "unless it was there before: then Kafka has lost its data"
            )
        return found[0]

    async def check_topic(self) -> None:
        """See that the topic is still the one that our positions belong to; the client itself would not notice.

        Raises:
            TopicMissingError: it has gone.
            KafkaError: the broker is away.
        """
        generation = self.generation
        topic_id = await self.topic_id()
        if generation == self.generation:
            for partition, position in list(self._placed.items()):
                if position.topic_id != topic_id:
                    self._halt_replaced(partition, position, topic_id)

    def _halt_replaced(self, partition: int, position: Position, topic_id: UUID) -> None:
        self.halt(partition, f"the topic was made anew (id {topic_id}, was {position.topic_id})")

    def halt(self, partition: int, why: str) -> None:
        """Read a partition no further: only somebody who has looked may decide what is to be skipped."""
        self.halted[partition] = why
        self._placed.pop(partition, None)
        self.pause([partition])
        log.error("partition_halted", group=self._group, topic=self._topic, partition=partition, reason=why)

    def forget(self, partitions: Collection[int]) -> None:
        """Let partitions be placed anew, from the database."""
        for partition in partitions:
            self._placed.pop(partition, None)

    def pause(self, partitions: Collection[int]) -> None:
        """Fetch nothing more of these partitions."""
        with contextlib.suppress(IllegalStateError):
            self._consumer.pause(*map(self.at, partitions))

    def resume(self, partitions: Collection[int]) -> None:
        """Fetch these partitions again, those that are ours and not halted."""
        with contextlib.suppress(IllegalStateError):
            self._consumer.resume(*(self.at(partition) for partition in partitions if partition in self._placed))

    def at(self, partition: int) -> TopicPartition:
        """Return a partition as the client names it."""
        return TopicPartition(self._topic, partition)
