"""The relay as the leader: it checks the logs, then reads, numbers and publishes rows and moves the cursor."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import end_task, pause
from plaudit.common.kafka.topic_ids import TopicIds
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox import log_check
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.cursor_mover import CursorMover
from plaudit.common.outbox.lag import LagMeter
from plaudit.common.outbox.lease import Lease
from plaudit.common.outbox.log_check import MAX_APART, NotReadyError, Tail
from plaudit.common.outbox.publisher import Publisher
from plaudit.common.outbox.reader import Reader
from plaudit.common.outbox.retention import apply_retention
from plaudit.common.settings import Settings

log = structlog.get_logger()

BUSY_POLL_SECONDS = 0.025
"""From one read to the next while rows come: what was written meanwhile goes to Kafka together. At a hundred events a
second that is two at a time, for the relay, the broker, and each consumer; an event waits 12 ms for it on average."""
BUSY_SECONDS = 0.25
"""How long after the last sign of a writer more rows are expected."""
IDLE_POLL_SECONDS = 0.1
"""From one read to the next while no rows come: only other processes' rows wait so long, this one's are announced."""
BEAT_SECONDS = 1.0
TOPIC_CHECK_SECONDS = 5.0
RETENTION_SECONDS = 600.0
LAST_ACKNOWLEDGEMENT_SECONDS = 3.0
"""How long a stop waits for outstanding acknowledgements."""
MAX_PROBLEMS_NAMED = 5


class Leader:
    """Publishes from one cursor on. When it raises, the next leader begins at the stored cursor."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        connection: asyncpg.Connection,
        cursor: Cursor,
        lease: Lease,
        acknowledged: dict[TopicPartition, int],
        written: asyncio.Event,
        beat: Callable[[], None],
    ) -> None:
        """Take over from the stored cursor.

        Args:
            settings: where Kafka is.
            database: for moving the cursor.
            connection: for reading, outside any transaction; nobody else uses it meanwhile.
            cursor: as stored.
            lease: held by this process, and renewed by a task of the caller's.
            acknowledged: last number of each partition that Kafka has acknowledged; updated here.
            written: set when this process writes to the outbox; cleared here.
            beat: called at least once a second.
        """
        self._settings = settings
        self._database = database
        self._connection = connection
        self._reader = Reader(connection)
        self._cursor = cursor
        self._lease = lease
        self._written = written
        self._beat = beat
        self._acknowledged = acknowledged
        self._lag = LagMeter()
        self._ahead: asyncio.Task[list[asyncpg.Record]] | None = None
        """Reads the next rows while the last ones are published."""
        self._in_flight: tuple[Chunk, asyncio.Task[None]] | None = None
        """The chunk that was sent, and the task that waits for its acknowledgements."""
        self._mover = CursorMover(database, cursor)
        self.waiting_since: float | None = None
        """Since when acknowledgements are outstanding, on the monotonic clock."""

    async def run(self, stop: asyncio.Event, topics: set[str], leading: Callable[[], None]) -> None:
        """Publish until told to stop.

        Args:
            stop: ends the work in good order.
            topics: checked before anything is published, beside those that the cursor knows.
            leading: called when the log check has passed.

        Raises:
            NotReadyError: Kafka's logs do not fit the cursor's numbers.
            LeaseLostError, SupersededError: another relay leads.
        """
        await self._check_logs(topics | self._cursor.topic_ids.keys())
        publisher = Publisher(self._settings, self._acknowledged, self._lease.check)
        maintenance = asyncio.create_task(self._maintain())
        try:
            await publisher.start()
            leading()
            await self._publish_all(publisher, stop, maintenance)
        finally:
            try:
                await end_task(maintenance)
            finally:
                await publisher.stop()
                await self._mover.cancel()

    async def _publish_all(self, publisher: Publisher, stop: asyncio.Event, maintenance: asyncio.Task[None]) -> None:
        """Publish chunk after chunk: while one is in flight, the next is read, encoded and compressed.

        It is handed to the client only when everything before it is acknowledged. A batch that Kafka accepts after an
        earlier one has failed would make a gap.
        """
        busy_until = 0.0
        try:
            while not stop.is_set():
                self._check(maintenance)
                began_at = time.monotonic()
                rows = await (self._ahead or self._reader.read_next(self._cursor))
                self._ahead = None
                await self._lag.sample(self._connection, self._mover.stored)
                if rows:
                    await self._publish(rows, publisher, stop, maintenance)
                else:
                    await self._wait_for_acknowledgements(stop, maintenance)
                    self._mover.tick()
                if rows or self._written.is_set():
                    self._written.clear()
                    busy_until = time.monotonic() + BUSY_SECONDS
                if self._ahead is None:
                    await self._pause(began_at, busy_until)
            await self._wait_for_acknowledgements(stop, maintenance)
            await self._mover.settle()
        finally:
            await end_task(self._ahead)
            if self._in_flight:
                await end_task(self._in_flight[1])

    async def _pause(self, began_at: float, busy_until: float) -> None:
        """Wait until the next read is due: a moment after the last one while rows are expected, else longer."""
        if time.monotonic() > busy_until:
            await pause(self._written, IDLE_POLL_SECONDS)
            if not self._written.is_set():
                return
            # Rows are announced before they are committed.
            began_at = time.monotonic()
        await asyncio.sleep(max(0.0, began_at + BUSY_POLL_SECONDS - time.monotonic()))

    async def _publish(
        self, rows: list[asyncpg.Record], publisher: Publisher, stop: asyncio.Event, maintenance: asyncio.Task[None]
    ) -> None:
        """Send the rows when everything before them is acknowledged; if there are more, read them meanwhile."""
        chunk = await self._number(rows, stop, maintenance)
        self._cursor = chunk.cursor
        if self._reader.more:
            self._ahead = asyncio.create_task(self._reader.read_next(self._cursor))
        prepared = await publisher.prepare(chunk)
        await self._wait_for_acknowledgements(stop, maintenance)
        await self._mover.make_room(chunk.rows)
        self._in_flight = chunk, asyncio.create_task(publisher.publish(prepared))
        self.waiting_since = time.monotonic()

    def _check(self, maintenance: asyncio.Task[None]) -> None:
        """Beat; raise what ends the lead: the lease is lost, or the maintenance has found something."""
        self._beat()
        self._lease.check()
        if maintenance.done():
            maintenance.result()

    async def _number(self, rows: list[asyncpg.Record], stop: asyncio.Event, maintenance: asyncio.Task[None]) -> Chunk:
        """Number the rows; the logs of topics that the cursor does not know yet are checked first."""
        chunk = cursors.number(self._cursor, rows)
        new = {place.topic for place in chunk.records} - self._cursor.topic_ids.keys()
        if not new:
            return chunk
        await self._wait_for_acknowledgements(stop, maintenance)
        await self._mover.settle()
        await self._check_logs(new)
        return cursors.number(self._cursor, rows)

    async def _wait_for_acknowledgements(self, stop: asyncio.Event, maintenance: asyncio.Task[None]) -> None:
        """Wait until Kafka has acknowledged the chunk in flight, if there is one, and keep beating meanwhile."""
        if self._in_flight is None:
            return
        chunk, publishing = self._in_flight
        asked_to_stop_at: float | None = None
        while not (await asyncio.wait({publishing}, timeout=BEAT_SECONDS))[0]:
            self._beat()
            if self._ahead is None or self._ahead.done():
                await self._lag.sample(self._connection, self._mover.stored)
            if maintenance.done():
                maintenance.result()
            if stop.is_set():
                asked_to_stop_at = asked_to_stop_at or time.monotonic()
                if time.monotonic() - asked_to_stop_at > LAST_ACKNOWLEDGEMENT_SECONDS:
                    raise TimeoutError("Kafka has not acknowledged before the stop")
        self._in_flight, self.waiting_since = None, None
        publishing.result()
        failpoint("after_ack_before_cursor")
        self._mover.acknowledge(chunk.cursor)

    async def _check_logs(self, topics: set[str]) -> None:
        """Compare the topics' logs with the cursor, and store the topics' ids.

        Raises:
            NotReadyError: they do not fit; nothing may be published.
        """
        found = await log_check.read_logs(self._settings, topics)
        problems = log_check.compare(self._cursor, found, self._settings.partitions)
        if not problems:
            problems = await self._rows_missing(log_check.tails_ahead(self._cursor, found))
        if problems:
            raise NotReadyError(
                f"{'; '.join(problems[:MAX_PROBLEMS_NAMED])}: the database was restored, or Kafka lost its data. "
                "Nothing is published until the topics are seeded again under a new epoch, or the right data are back"
            )
        # A record that was acknowledged and is no longer in the log is sent again.
        for place, tail in found.tails.items():
            self._acknowledged[place] = min(self._acknowledged.get(place, 0), tail.sequence if tail else 0)
        named = {**self._cursor.topic_ids, **found.topic_ids}
        if named != self._cursor.topic_ids:
            self._cursor = await cursors.name_topics(self._database, self._cursor, named)
            self._mover.replace(self._cursor)

    async def _rows_missing(self, tails: dict[TopicPartition, Tail]) -> list[str]:
        """Return a problem for each of the logs' records ahead of the cursor that the outbox does not hold."""
        reader, cursor, rows_read = Reader(self._connection), self._cursor, 0
        while tails and rows_read < MAX_APART * len(tails):
            rows = await reader.read(cursor)
            if not rows:
                break
            chunk = cursors.number(cursor, rows)
            tails = log_check.tails_missing_from(chunk, tails)
            cursor, rows_read = chunk.cursor, rows_read + len(rows)
        return [
            f"{place.topic}/{place.partition} holds number {tail.sequence}, which the outbox no longer has"
            for place, tail in tails.items()
        ]

    async def _maintain(self) -> None:
        """Check the topics' ids and apply the outbox's retention, again and again.

        Raises:
            NotReadyError: a topic was deleted, or another one has its name.
        """
        retention_due = 0.0
        topic_ids = TopicIds(self._settings)
        try:
            while True:
                with contextlib.suppress(KafkaError):
                    self._check_topic_ids(await topic_ids.find(self._cursor.topic_ids))
                if time.monotonic() >= retention_due:
                    await self._apply_retention()
                    retention_due = time.monotonic() + RETENTION_SECONDS
                await asyncio.sleep(TOPIC_CHECK_SECONDS)
        finally:
            await topic_ids.aclose()

    def _check_topic_ids(self, found: Mapping[str, tuple[UUID, int]]) -> None:
        for topic, known in self._cursor.topic_ids.items():
            if topic not in found or found[topic][0] != known:
                raise NotReadyError(f"topic {topic} (id {known}) was deleted, or another one has its name")

    async def _apply_retention(self) -> None:
        """Make and drop days. A failure does not stop the relay: rows without a day go to the default partition."""
        try:
            await apply_retention(self._database, self._mover.stored)
        except Exception:
            log.exception("outbox_retention_failed")
