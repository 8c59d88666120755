"""The consumer runner: Kafka's records into PostgreSQL, each with exactly one effect."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import Check, Loop
from plaudit.common.kafka import positions
from plaudit.common.kafka.apply import Applier
from plaudit.common.kafka.assignment import TopicMissingError
from plaudit.common.kafka.dead_letters import FuseBlownError
from plaudit.common.kafka.member import Member, RejoinError
from plaudit.common.kafka.offsets import EndOffsets
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.kafka.topic_ids import topic_ids
from plaudit.common.outbox import Outbox
from plaudit.common.settings import Settings

log = structlog.get_logger()

Data = TypeVar("Data")

BACK_OFF_SECONDS = 0.2
MAX_BACK_OFF_SECONDS = 5.0
DRAIN_POLL_SECONDS = 0.005


class HaltedError(Exception):
    """A partition stands still, so that what is in it will not be applied."""


class ConsumerLoop(Loop, Generic[Data]):
    """Applies one subscription for as long as its process runs."""

    def __init__(
        self, subscription: Subscription[Data], database: Database, outbox: Outbox, settings: Settings
    ) -> None:
        """Consume under the worker role.

        Args:
            subscription: what to read and what to do with it.
            database: its connections; each lane borrows one for a batch.
            outbox: takes what the handler returns.
            settings: where Kafka is, and how long a member may be silent.
        """
        super().__init__(f"consumer-{subscription.group}")
        self._subscription = subscription
        self._database = database
        self._settings = settings
        self._applier = Applier(subscription, database, outbox)
        self._member: Member[Data] | None = None
        self._stopped_for: str | None = None
        self._state = "starting"

    def live(self) -> Check:
        """Look at the slowest lane: one that hangs counts, however fast the others turn."""
        if self._member is not None:
            self._beaten_at = self._member.turned_at
        return super().live()

    def ready(self) -> Sequence[Check]:
        """Say whether records are applied, and if not, what is in the way."""
        member, name = self._member, self.name
        if self._stopped_for is not None:
            return [Check(name, ok=False, detail=self._stopped_for)]
        if member is None:
            return [Check(name, ok=False, detail=self._state)]
        if halted := member.assignment.halted:
            topic = self._subscription.topic.name
            stands = "; ".join(f"{topic}/{partition} stands: {why}" for partition, why in sorted(halted.items()))
            return [Check(name, ok=False, detail=stands)]
        if not member.assignment.complete:
            return [Check(name, ok=False, detail="waits for the group to give it partitions")]
        trouble = self._applier.trouble
        return [Check(name, trouble is None, trouble or f"{len(self._applier.positions)} partitions")]

    async def run(self, stop: asyncio.Event) -> None:
        """Apply until told to stop. A blown fuse stops the applying but not the process: somebody must look."""
        failures = 0
        while not stop.is_set():
            self.beat()
            began_at = time.monotonic()
            member = self._member = Member(self._subscription, self._database, self._applier, self._settings)
            try:
                await member.run(stop)
            except FuseBlownError as error:
                self._member, self._stopped_for = None, str(error)
                log.critical("fuse_blown", group=self._subscription.group, detail=self._stopped_for)
                await self._stand(stop)
            except Exception as error:
                if not (isinstance(error, KafkaError | TopicMissingError | RejoinError) or is_transient(error)):
                    raise
                self._member, self._state = None, f"{type(error).__name__}: {error}"
                log.warning("consumer_restarts", loop=self.name, detail=self._state)
                failures = 1 if time.monotonic() - began_at > MAX_BACK_OFF_SECONDS else failures + 1
                seconds = min(MAX_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2**failures)
                await self._pause(stop, seconds * random.uniform(0.5, 1.0))
            finally:
                self._member = None

    async def drain(self, *, timeout_seconds: float = 60.0) -> None:
        """Return when everything up to the ends of the partitions, asked now, has been applied.

        Raises:
            HaltedError: a partition stands still.
            TimeoutError: not in time.
        """
        group, topic = self._subscription.group, self._subscription.topic.name
        async with asyncio.timeout(timeout_seconds), EndOffsets(self._settings) as offsets:
            _, partitions = (await topic_ids(self._settings, [topic]))[topic]
            places = [TopicPartition(topic, partition) for partition in range(partitions)]
            starts, ends = await offsets.start_offsets(places), await offsets.end_offsets(places)
            wanted = {place.partition: ends[place] for place in places if ends[place] > starts[place]}
            while True:
                async with self._database.transaction() as tx:
                    stored = await positions.load(tx, group, topic, list(wanted))
                behind = [p for p, end in wanted.items() if p not in stored or stored[p].place.next_offset < end]
                if not behind:
                    return
                self._check_halted(behind)
                await asyncio.sleep(DRAIN_POLL_SECONDS)

    def _check_halted(self, behind: Sequence[int]) -> None:
        if self._stopped_for is not None:
            raise HaltedError(self._stopped_for)
        halted = self._member.assignment.halted if self._member else {}
        for partition in behind:
            if partition in halted:
                raise HaltedError(f"{self._subscription.topic.name}/{partition}: {halted[partition]}")

    async def _stand(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._pause(stop, 1.0)

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait, or return at once when told to stop."""
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            self.beat()
