"""The consumer loop: one subscription's records into PostgreSQL, each with exactly one effect."""

import asyncio
import time
from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog
from aiokafka.errors import KafkaError

from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.jobs import Check, Loop, back_off_seconds, pause
from plaudit.common.kafka.assignment import Assignment, TopicMissingError
from plaudit.common.kafka.dead_letters import count_none_yet
from plaudit.common.kafka.fuse import FuseBlownError
from plaudit.common.kafka.member import Member, RejoinError
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.kafka.transaction import Append, BatchTransaction
from plaudit.common.observability import metrics
from plaudit.common.settings import Settings

log = structlog.get_logger()

Data = TypeVar("Data")

WHAT_TO_DO = "docs/runbooks/partition-halted.md says what to do"
BACK_OFF_SECONDS = 0.4
MAX_BACK_OFF_SECONDS = 5.0
STOPPED_SECONDS = 1.0
"""How often a loop whose fuse has blown shows that it is alive."""


class ConsumerLoop(Loop, Generic[Data]):
    """Applies one subscription for as long as its process runs."""

    def __init__(
        self, subscription: Subscription[Data], database: Database, append: Append, settings: Settings
    ) -> None:
        """Consume under the worker role.

        Args:
            subscription: what to read and what to do with it.
            database: its connections; each worker borrows one for a batch.
            append: writes what the handler returns to the outbox of the open transaction.
            settings: where Kafka is, and how long a member may be silent.
        """
        super().__init__(f"consumer-{subscription.group}")
        self._subscription = subscription
        self._settings = settings
        self._transaction = BatchTransaction(subscription, database, append)
        self._member: Member[Data] | None = None
        self._state = "starting"
        self.assignment = Assignment(subscription.group, subscription.topic.name, database, settings)
        """Partitions, positions and halts, through all memberships."""
        self.stopped_for: str | None = None
        """Why nothing is applied any more until a restart, if so."""
        labels = subscription.group, subscription.topic.name
        self._stopped = metrics.CONSUMER_STOPPED.labels(*labels)
        count_none_yet(*labels)

    def age_seconds(self) -> float:
        """Look at the slowest worker: one that hangs counts, however fast the others turn."""
        if self._member is not None:
            self._beaten_at = self._member.turned_at
        return super().age_seconds()

    def ready(self) -> Sequence[Check]:
        """Say whether records are applied, and if not, why."""
        problem = self._problem()
        return [Check(self.name, problem is None, problem or f"{len(self.assignment.positions)} partitions")]

    def _problem(self) -> str | None:
        if self.stopped_for is not None:
            return self.stopped_for
        if halted := self.assignment.halted:
            topic = self._subscription.topic.name
            each = [f"{topic}/{partition} is halted: {reason}" for partition, reason in sorted(halted.items())]
            return "; ".join([*each, WHAT_TO_DO])
        if self._member is None:
            return self._state
        if not self.assignment.complete:
            return "waits for the group to give it partitions"
        return self._member.trouble

    async def run(self, stop: asyncio.Event) -> None:
        """Be a member of the group until told to stop. A new membership begins when one has failed.

        A blown fuse ends the consuming but not the process: a person must look before records are applied again.
        """
        failures = 0
        while not stop.is_set():
            self.beat()
            began_at = time.monotonic()
            member = Member(self._subscription, self._transaction, self.assignment, self._settings, stop)
            self._member = member
            try:
                await member.run()
            except FuseBlownError as error:
                self.stopped_for = str(error)
                self._stopped.set(1)
                log.critical("fuse_blown", group=self._subscription.group, detail=self.stopped_for)
                break
            except Exception as error:
                if not (isinstance(error, KafkaError | TopicMissingError | RejoinError) or is_transient(error)):
                    raise
                self._state = f"{type(error).__name__}: {error}"
                log.warning("consumer_restarts", loop=self.name, detail=self._state)
            finally:
                self._member = None
            failures = 1 if time.monotonic() - began_at > MAX_BACK_OFF_SECONDS else failures + 1
            await pause(stop, back_off_seconds(failures, BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS))
        while not stop.is_set():
            self.beat()
            await pause(stop, STOPPED_SECONDS)
