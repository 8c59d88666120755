"""The relay: publishes the outbox in commit order, numbered without gaps, and says when it may not."""

import asyncio
import random
import time
from collections.abc import Sequence

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from plaudit.common.contracts import TOPICS
from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.ids import uuid7
from plaudit.common.jobs import Check, Loop, end_task
from plaudit.common.observability import metrics
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import SupersededError
from plaudit.common.outbox.leader import Leader
from plaudit.common.outbox.lease import Lease, LeaseLostError
from plaudit.common.outbox.log_check import NotReadyError
from plaudit.common.settings import Settings

log = structlog.get_logger()

STANDBY_SECONDS = 1.0
NOT_READY_SECONDS = 5.0
BACK_OFF_SECONDS = 0.2
MAX_BACK_OFF_SECONDS = 5.0
ACKNOWLEDGEMENT_SECONDS = 5.0
"""Without one for so long, /readyz says so."""


class RelayLoop(Loop):
    """Publishes one service's outbox for as long as it holds the lease."""

    def __init__(self, service: str, database: Database, settings: Settings) -> None:
        """Publish the outbox in `database`, opened under the worker role.

        Args:
            service: whose outbox; the topics it writes are checked before anything is published.
            database: its connections; the relay holds one of them and borrows another now and then.
            settings: where Kafka is.
        """
        super().__init__(f"relay-{service}")
        self._topics = {topic.name for topic in TOPICS.values() if topic.writer == service}
        self._database = database
        self._settings = settings
        self._lease = Lease(database, uuid7())
        self._acknowledged: dict[TopicPartition, int] = {}
        self._acknowledged_epoch = 0
        self._state = Check(self.name, ok=False, detail="starting")
        self._leader: Leader | None = None

    def beat(self) -> None:
        """Say that the loop is turning, and whether it publishes."""
        super().beat()
        metrics.RELAY_READY.set(1 if self._lease.valid and all(check.ok for check in self.ready()) else 0)

    def ready(self) -> Sequence[Check]:
        """Say whether this process publishes, stands by for another one, or what is in its way."""
        since = self._leader.waiting_since if self._leader else None
        if since is not None and (waited := time.monotonic() - since) > ACKNOWLEDGEMENT_SECONDS:
            return [Check(self.name, ok=False, detail=f"no acknowledgement from Kafka for {waited:.0f} s")]
        return [self._state]

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; a failure ends a term, and the next one begins where the cursor stands."""
        failures = 0
        while not stop.is_set():
            self.beat()
            began_at = time.monotonic()
            try:
                if await self._lease.acquire():
                    await self._lead(stop)
                else:
                    self._say(ok=True, detail="stands by: another process holds the lease")
                    await self._pause(stop, STANDBY_SECONDS)
            except NotReadyError as error:
                self._say(ok=False, detail=str(error))
                await self._pause(stop, NOT_READY_SECONDS)
            except Exception as error:
                if not _passes(error):
                    raise
                failures = 1 if time.monotonic() - began_at > MAX_BACK_OFF_SECONDS else failures + 1
                metrics.RELAY_FAILURES.inc()
                self._say(ok=False, detail=f"{type(error).__name__}: {error}")
                seconds = min(MAX_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2**failures)
                await self._pause(stop, seconds * random.uniform(0.5, 1.0))
        self._say(ok=False, detail="stopped")

    async def _lead(self, stop: asyncio.Event) -> None:
        keeper = asyncio.create_task(self._lease.keep())
        try:
            async with self._database.transaction() as tx:
                cursor = await cursors.load(tx)
            if cursor.epoch != self._acknowledged_epoch:
                self._acknowledged.clear()
                self._acknowledged_epoch = cursor.epoch
            async with self._database.reader() as connection:
                await connection.execute(cursors.FORCE_INDEX)
                self._leader = Leader(
                    self._settings, self._database, connection, cursor, self._lease, self._acknowledged, self.beat
                )
                await self._leader.run(stop, self._topics, lambda: self._say(ok=True, detail="publishes"))
                await connection.execute(cursors.RESET)
        finally:
            self._leader = None
            await end_task(keeper)
        await self._lease.release()

    def _say(self, *, ok: bool, detail: str) -> None:
        """Keep what /readyz answers, and log it when it changes."""
        if detail != self._state.detail:
            tell = log.info if ok or detail == "stopped" else log.error
            tell("relay_state", loop=self.name, detail=detail)
        self._state = Check(self.name, ok, detail)
        self.beat()

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait, or return at once when told to stop."""
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            self.beat()


def _passes(error: Exception) -> bool:
    """Whether a new term may well succeed: something was away, or another relay led meanwhile."""
    return isinstance(error, KafkaError | LeaseLostError | SupersededError) or is_transient(error)
