"""The relay: publishes the outbox in commit order, numbered without gaps, and reports when it may not."""

import asyncio
import logging
import time
from collections.abc import Sequence

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from plaudit.common.contracts import TOPICS
from plaudit.common.db import Database
from plaudit.common.db.errors import is_transient
from plaudit.common.ids import uuid7
from plaudit.common.jobs import Check, Loop, back_off_seconds, end_task, pause
from plaudit.common.observability import metrics
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox.cursor import SupersededError
from plaudit.common.outbox.leader import Leader
from plaudit.common.outbox.lease import Lease, LeaseLostError
from plaudit.common.outbox.log_check import NotReadyError
from plaudit.common.outbox.reader import reading
from plaudit.common.settings import Settings

log = structlog.get_logger()

STANDBY_SECONDS = 1.0
NOT_READY_SECONDS = 5.0
FIRST_BACK_OFF_SECONDS = 0.4
MAX_BACK_OFF_SECONDS = 5.0
ACKNOWLEDGEMENT_SECONDS = 5.0
"""Without one for longer, /readyz says so."""


class RelayLoop(Loop):
    """Publishes one service's outbox for as long as it holds the lease."""

    def __init__(
        self, service: str, database: Database, settings: Settings, written: asyncio.Event | None = None
    ) -> None:
        """Publish the outbox in `database`, opened under the worker role.

        Args:
            service: whose outbox; the topics it writes are checked before anything is published.
            database: its connections; the relay holds one of them and uses another now and then.
            settings: where Kafka is.
            written: set by this process when it writes to the outbox, cleared here (`Outbox.written`).
        """
        super().__init__(f"relay-{service}")
        self._topics = {topic.name for topic in TOPICS.values() if topic.writer == service}
        self._database = database
        self._settings = settings
        self._written = written or asyncio.Event()
        self._lease = Lease(database, uuid7())
        self._acknowledged: dict[TopicPartition, int] = {}
        self._acknowledged_epoch = 0
        self._state = Check(self.name, ok=False, detail="starting")
        self._leader: Leader | None = None

    def beat(self) -> None:
        """Note that the loop is turning, and whether it publishes."""
        super().beat()
        metrics.RELAY_READY.set(1 if self._lease.valid and all(check.ok for check in self.ready()) else 0)

    def ready(self) -> Sequence[Check]:
        """Return whether this process publishes or stands by, and otherwise what prevents it."""
        since = self._leader.waiting_since if self._leader else None
        if since is not None and (waited := time.monotonic() - since) > ACKNOWLEDGEMENT_SECONDS:
            return [Check(self.name, ok=False, detail=f"no acknowledgement from Kafka for {waited:.0f} s")]
        return [self._state]

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; after a failure it leads again, from the stored cursor."""
        failures = 0
        while not stop.is_set():
            self.beat()
            began_at = time.monotonic()
            try:
                if await self._lease.acquire():
                    await self._lead(stop)
                else:
                    self._report(ok=True, detail="stands by: another process holds the lease")
                    await pause(stop, STANDBY_SECONDS)
            except NotReadyError as error:
                self._report(ok=False, detail=str(error))
                await pause(stop, NOT_READY_SECONDS)
            except Exception as error:
                if not _is_passing(error):
                    raise
                failures = 1 if time.monotonic() - began_at > MAX_BACK_OFF_SECONDS else failures + 1
                metrics.RELAY_FAILURES.inc()
                self._report(ok=False, detail=f"{type(error).__name__}: {error}")
                await pause(stop, back_off_seconds(failures, FIRST_BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS))
        self._report(ok=False, detail="stopped")

    async def _lead(self, stop: asyncio.Event) -> None:
        renewal = asyncio.create_task(self._lease.keep())
        try:
            async with self._database.transaction() as tx:
                cursor = await cursors.load(tx)
            if cursor.epoch != self._acknowledged_epoch:
                self._acknowledged.clear()
                self._acknowledged_epoch = cursor.epoch
            async with reading(self._database) as connection:
                self._leader = Leader(
                    self._settings,
                    self._database,
                    connection,
                    cursor,
                    self._lease,
                    self._acknowledged,
                    self._written,
                    self.beat,
                )
                await self._leader.run(stop, self._topics, lambda: self._report(ok=True, detail="publishes"))
        finally:
            self._leader = None
            await end_task(renewal)
        await self._lease.release()

    def _report(self, *, ok: bool, detail: str) -> None:
        """Keep the answer of /readyz, and log it when it changes."""
        if detail != self._state.detail:
            level = logging.INFO if ok or detail == "stopped" else logging.ERROR
            log.log(level, "relay_state", loop=self.name, detail=detail)
        self._state = Check(self.name, ok, detail)
        self.beat()


def _is_passing(error: Exception) -> bool:
    """Return whether leading again may succeed: the error is transient, or another relay led meanwhile."""
    return isinstance(error, KafkaError | LeaseLostError | SupersededError) or is_transient(error)
