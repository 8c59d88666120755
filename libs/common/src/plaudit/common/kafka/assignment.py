"""Which partitions this process has, and the position of each.

The one owner of partitions, positions and halts. Only this module seeks, pauses and resumes; offsets come from the
database, never from Kafka. Each change of the assignment begins a new generation, and calls for records of an older one
are ignored: a late pause would leave a partition paused for ever that has been assigned again meanwhile.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Move, Place, Position
from plaudit.common.kafka.topic_ids import TopicIds
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings

log = structlog.get_logger()

REVOKE_TIMEOUT_SECONDS = 10.0
"""How long a rebalance waits for the transactions in flight. A later one is refused by its compare-and-set."""


class TopicMissingError(Exception):
    """The topic does not exist."""


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a partition is not read any further."""

    reason: str
    place: Place
    """The partition's position. The halt is remembered for as long as the database has the same."""
    generation: int
    """When the halt was last compared with the database."""


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc] # the library is untyped
    """The partitions of one process in one group, through all its memberships."""

    def __init__(self, group: str, topic: str, database: Database, settings: Settings) -> None:
        """Begin with nothing.

        Args:
            group: the consumer group.
            topic: its name.
            database: has the positions.
            settings: where Kafka is.
        """
        self._group = group
        self._topic = topic
        self._database = database
        self._topic_ids = TopicIds(settings)
        self._consumer: AIOKafkaConsumer = None
        self._assigned = False
        self._loading = asyncio.Lock()
        self._halts: dict[int, Halt] = {}
        # All are told from the start: what begins with the first halt is no increase to whoever asks for one.
        self._halted = metrics.CONSUMER_HALTED.labels(group, topic)
        self._halted.set(0)
        for counter in (metrics.CONSUMER_HALTS, metrics.CONSUMER_GAPS):
            counter.labels(group, topic)
        self._paused: set[int] = set()
        self._in_flight = 0
        self._none_in_flight = asyncio.Event()
        self._none_in_flight.set()
        self.partitions: frozenset[int] = frozenset()
        """All that the group has assigned to us."""
        self.positions: dict[int, Position] = {}
        """Of those partitions that may be read."""
        self.generation = 0
        """Counts every change of the assignment."""

    # Memberships and rebalances.

    def join(self, consumer: AIOKafkaConsumer) -> None:
        """Begin a membership: the group has not assigned anything to this client yet."""
        self._consumer = consumer
        self._assigned = False
        self._begin_generation(frozenset())

    def leave(self) -> None:
        """End the membership."""
        self._assigned = False
        self._begin_generation(frozenset())

    async def aclose(self) -> None:
        """Close the connection over which the topic's id is asked for; the next membership opens a new one."""
        await self._topic_ids.aclose()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Forget the partitions, and let the transactions in flight end."""
        self._begin_generation(frozenset())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_TIMEOUT_SECONDS):
                await self._none_in_flight.wait()
        for place in revoked:
            for gauge in (metrics.CONSUMER_LAG_RECORDS, metrics.CONSUMER_PARKED):
                with contextlib.suppress(KeyError):
                    gauge.remove(self._group, self._topic, str(place.partition))

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Seek each partition to its position. What cannot be loaded now, `load_positions` loads later."""
        self._begin_generation(frozenset(place.partition for place in assigned))
        self._halts = {number: halt for number, halt in self._halts.items() if number in self.partitions}
        self._halted.set(len(self._halts))
        self._assigned = True
        metrics.CONSUMER_REBALANCES.labels(self._group, self._topic).inc()
        log.info("assigned", group=self._group, topic=self._topic, partitions=sorted(self.partitions))
        await self.load_positions()

    def _begin_generation(self, partitions: frozenset[int]) -> None:
        self.generation += 1
        self.partitions = partitions
        self.positions = {}
        self._paused.clear()

    # Questions.

    @property
    def complete(self) -> bool:
        """Whether the group has assigned partitions, and each has its position or is halted."""
        return self._assigned and not self._unloaded()

    @property
    def halted(self) -> Mapping[int, str]:
        """Partitions that are not read any further, and why; remembered through revocations and new memberships."""
        return {partition: halt.reason for partition, halt in self._halts.items()}

    def next_offsets(self) -> dict[int, int]:
        """Return the next offset of each partition, halted ones included."""
        places = {partition: halt.place for partition, halt in self._halts.items() if partition in self.partitions}
        places |= {partition: position.place for partition, position in self.positions.items()}
        return {partition: place.next_offset for partition, place in places.items()}

    def readable(self, share: int, shares: int) -> list[int]:
        """Return those partitions that may be read and whose number is `share` modulo `shares`."""
        return [partition for partition in self.positions if partition % shares == share]

    def left_records(self, share: int, shares: int) -> int:
        """Return how many records there are to read of the partitions of a share, as far as the broker has told.

        It tells with each fetch, so this is too low when nothing is fetched because enough has been.
        """
        positions = [
            (self.at(partition), self.positions[partition].place) for partition in self.readable(share, shares)
        ]
        ends = ((self._consumer.highwater(at) or 0, place.next_offset) for at, place in positions)
        return sum(max(0, end - next_offset) for end, next_offset in ends)

    def at(self, partition: int) -> TopicPartition:
        """Return a partition as the client names it."""
        return TopicPartition(self._topic, partition)

    async def topic_id(self) -> UUID:
        """Return the id of the topic that has the name now.

        Raises:
            TopicMissingError: there is none.
            KafkaError: the broker does not answer.
        """
        found = (await self._topic_ids.find([self._topic])).get(self._topic)
        if found is None:
            raise TopicMissingError(
                f"topic {self._topic} does not exist: make it with `python -m plaudit.common.kafka.topics`; "
                "if it existed before, Kafka has lost its data"
            )
        return found[0]

    # Positions: from the database, and moved on by what was committed.

    async def load_positions(self) -> None:
        """Load the positions that are missing, and seek there. After a transient error they stay missing.

        Raises:
            TopicMissingError: the topic has gone.
        """
        async with self._loading:
            missing, generation = self._unloaded(), self.generation
            if not missing:
                return
            try:
                topic_id = await self.topic_id()
                stored = await self._stored(missing, topic_id)
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    raise
                log.warning("positions_not_loaded", group=self._group, topic=self._topic, exc_info=error)
                return
            if self.is_current(generation):
                for partition, position in stored.items():
                    self._begin_reading(partition, position, topic_id)

    async def look_at_halted(self) -> None:
        """Read on where somebody has moved the position of a halted partition. After a transient error they stay."""
        async with self._loading:
            halted, generation = sorted(self.partitions & self._halts.keys()), self.generation
            if not halted:
                return
            try:
                topic_id = await self.topic_id()
                stored = await self._stored(halted, topic_id)
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    raise
                return
            if self.is_current(generation):
                for partition, position in stored.items():
                    if partition in self._halts and self._halts[partition].place != position.place:
                        self._begin_reading(partition, position, topic_id)

    async def reload(self, partitions: Collection[int], generation: int) -> None:
        """Forget the positions of these partitions, and load them from the database again."""
        if self.is_current(generation):
            for partition in partitions:
                self.positions.pop(partition, None)
            await self.load_positions()

    def advance(self, moves: Sequence[Move], parked: Mapping[int, int], generation: int) -> None:
        """Move the positions as a transaction has committed them."""
        for move in moves if self.is_current(generation) else ():
            position = self.positions.get(move.partition)
            if position is not None and position.place == move.before:
                position.place = move.after
                position.parked = parked[move.partition]

    def seek(self, partitions: Collection[int], generation: int, *, skip_records: int = 0) -> None:
        """Fetch again from the positions of these partitions, or from so many records after them."""
        for partition in partitions if self.is_current(generation) else ():
            if (position := self.positions.get(partition)) is not None:
                with contextlib.suppress(IllegalStateError):  # revoked meanwhile
                    self._consumer.seek(self.at(partition), position.place.next_offset + skip_records)

    def _unloaded(self) -> list[int]:
        halted = {partition for partition, halt in self._halts.items() if halt.generation == self.generation}
        return sorted(self.partitions - self.positions.keys() - halted)

    async def _stored(self, wanted: Sequence[int], topic_id: UUID) -> dict[int, Position]:
        """Return the rows of these partitions. New rows begin at the start of the log."""
        async with self._database.transaction() as tx:
            stored = await positions.load(tx, self._group, self._topic, wanted)
        missing = [partition for partition in wanted if partition not in stored]
        if missing:
            starts = await self._consumer.beginning_offsets([self.at(partition) for partition in missing])
            offsets = {place.partition: offset for place, offset in starts.items()}
            async with self._database.transaction() as tx:
                await positions.begin(tx, self._group, self._topic, topic_id, offsets)
                stored |= await positions.load(tx, self._group, self._topic, missing)
        return stored

    def _begin_reading(self, partition: int, position: Position, topic_id: UUID) -> None:
        """Seek to a loaded position and read on, unless the partition must stay halted."""
        halt = self._halts.pop(partition, None)
        with contextlib.suppress(IllegalStateError):  # revoked meanwhile
            self._consumer.seek(self.at(partition), position.place.next_offset)
            if position.topic_id != topic_id:
                self._halt(partition, position.place, _made_anew(topic_id, position))
            elif halt is not None and halt.place == position.place:
                self._halts[partition] = replace(halt, generation=self.generation)
                self._pause(partition)
            else:
                self._consumer.resume(self.at(partition))
                self._paused.discard(partition)
                self.positions[partition] = position
        self._halted.set(len(self._halts))

    # Halts: a person must decide what is skipped.

    async def check_topic(self) -> None:
        """Halt the partitions if the topic is another one than our positions belong to. The client would not notice.

        Raises:
            TopicMissingError: the topic has gone.
            KafkaError: the broker does not answer.
        """
        generation = self.generation
        topic_id = await self.topic_id()
        if self.is_current(generation):
            for partition, position in list(self.positions.items()):
                if position.topic_id != topic_id:
                    self._halt(partition, position.place, _made_anew(topic_id, position))

    def halt(self, partition: int, reason: str, generation: int) -> None:
        """Stop reading a partition."""
        position = self.positions.get(partition)
        if position is not None and self.is_current(generation):
            self._halt(partition, position.place, reason)

    def _halt(self, partition: int, place: Place, reason: str) -> None:
        metrics.CONSUMER_HALTS.labels(self._group, self._topic).inc()
        self._halts[partition] = Halt(reason, place, self.generation)
        self._halted.set(len(self._halts))
        self.positions.pop(partition, None)
        self._pause(partition)
        log.error("partition_halted", group=self._group, topic=self._topic, partition=partition, reason=reason)

    # Work on fetched records: it belongs to the generation in which they were fetched.

    def is_current(self, generation: int) -> bool:
        """Return whether the assignment has not changed since this generation began."""
        return generation == self.generation

    @contextlib.contextmanager
    def in_flight(self) -> Iterator[None]:
        """Let a revocation wait for the end of the block."""
        self._in_flight += 1
        self._none_in_flight.clear()
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._none_in_flight.set()

    def pause(self, partitions: Collection[int], generation: int) -> None:
        """Fetch nothing more of these partitions for now."""
        for partition in partitions if self.is_current(generation) else ():
            self._pause(partition)

    def resume(self, partitions: Collection[int], generation: int) -> None:
        """Fetch these partitions again, those that were paused and may be read."""
        for partition in self._paused.intersection(partitions) if self.is_current(generation) else ():
            if partition in self.positions:
                with contextlib.suppress(IllegalStateError):
                    self._consumer.resume(self.at(partition))
                self._paused.discard(partition)

    def _pause(self, partition: int) -> None:
        with contextlib.suppress(IllegalStateError):  # revoked meanwhile
            self._consumer.pause(self.at(partition))
            self._paused.add(partition)


def _made_anew(topic_id: UUID, position: Position) -> str:
    return f"the topic was made anew (id {topic_id}, was {position.topic_id})"
