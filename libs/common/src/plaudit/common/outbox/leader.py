"""The relay as the leader: it checks the logs, then reads, numbers, publishes and moves the cursor."""

import asyncio
import contextlib
import time
from collections.abc import Callable

import asyncpg
import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from plaudit.common.db import Database
from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import end_task
from plaudit.common.kafka.topic_ids import topic_ids
from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox import log_check, retention
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.cursor_mover import CursorMover
from plaudit.common.outbox.lag import Watch
from plaudit.common.outbox.lease import Lease
from plaudit.common.outbox.log_check import MAX_APART, NotReadyError, Tail
from plaudit.common.outbox.publisher import Publisher
from plaudit.common.settings import Settings

log = structlog.get_logger()

BUSY_SLEEP_SECONDS = 0.004
"""Between two looks at an outbox that had rows a moment ago."""
IDLE_SLEEP_SECONDS = 0.015
BUSY_SECONDS = 1.0
BEAT_SECONDS = 1.0
TOPIC_CHECK_SECONDS = 5.0
RETENTION_SECONDS = 600.0
LAST_ACKNOWLEDGEMENT_SECONDS = 3.0
"""How long a stop waits for what is in flight."""
MAX_PROBLEMS_SAID = 5


class Leader:
    """Publishes from one cursor on. Whatever it raises, the next term begins where the stored cursor stands."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        connection: asyncpg.Connection,
        cursor: Cursor,
        lease: Lease,
        acknowledged: dict[TopicPartition, int],
        beat: Callable[[], None],
    ) -> None:
        """Take over from the stored cursor.

        Args:
            settings: where Kafka is.
            database: for moving the cursor.
            connection: for reading, outside any transaction; nobody else uses it meanwhile.
            cursor: as stored.
            lease: ours, and kept by a task of the caller's.
            acknowledged: what Kafka already has of the rows behind the cursor; kept up to date.
            beat: called at least once a second.
        """
        self._settings = settings
        self._database = database
        self._connection = connection
        self._cursor = cursor
        self._lease = lease
        self._beat = beat
        self._acknowledged = acknowledged
        self._watch = Watch()
        self._ahead: asyncio.Task[list[asyncpg.Record]] | None = None
        """Reads what comes next, while what was read is published."""
        self._mover = CursorMover(database, cursor)
        self.waiting_since: float | None = None
        """Since when Kafka owes acknowledgements, on the monotonic clock."""

    async def run(self, stop: asyncio.Event, topics: set[str], leading: Callable[[], None]) -> None:
        """Publish until told to stop.

        Args:
            stop: ends the term in good order.
            topics: checked before anything is published, beside those that the cursor knows.
            leading: called when the checks have passed.

        Raises:
            NotReadyError: Kafka does not continue the cursor's numbers.
            LeaseLostError, SupersededError: another relay leads.
        """
        await self._admit(topics | self._cursor.topic_ids.keys())
        publisher = Publisher(self._settings, self._acknowledged, self._lease.check)
        housekeeper = asyncio.create_task(self._keep_house())
        try:
            await publisher.start()
            leading()
            await self._publish_all(publisher, stop, housekeeper)
        finally:
            await end_task(housekeeper)
            await publisher.stop()
            await self._mover.cancel()

    async def _publish_all(self, publisher: Publisher, stop: asyncio.Event, housekeeper: asyncio.Task[None]) -> None:
        busy_until = 0.0
        try:
            while not stop.is_set():
                self._beat()
                self._lease.check()
                if housekeeper.done():
                    housekeeper.result()
                rows = await (self._ahead or cursors.read(self._connection, self._cursor))
                self._ahead = None
                await self._watch.sample(self._connection, self._mover.stored)
                if not rows:
                    self._mover.tick()
                    await asyncio.sleep(IDLE_SLEEP_SECONDS if time.monotonic() > busy_until else BUSY_SLEEP_SECONDS)
                    continue
                busy_until = time.monotonic() + BUSY_SECONDS
                chunk = await self._number(rows)
                self._cursor = chunk.cursor
                self._ahead = asyncio.create_task(cursors.read(self._connection, self._cursor))
                await self._mover.make_room(chunk.rows)
                await self._send(asyncio.create_task(publisher.publish(chunk)), stop, housekeeper)
                failpoint("after_ack_before_cursor")
                self._mover.acknowledge(chunk.cursor)
            await self._mover.settle()
        finally:
            await end_task(self._ahead)

    async def _number(self, rows: list[asyncpg.Record]) -> Chunk:
        chunk = cursors.number(self._cursor, rows)
        new = {place.topic for place in chunk.records} - self._cursor.topic_ids.keys()
        if not new:
            return chunk
        await self._mover.settle()
        await self._admit(new)
        return cursors.number(self._cursor, rows)

    async def _send(self, publishing: asyncio.Task[None], stop: asyncio.Event, housekeeper: asyncio.Task[None]) -> None:
        """Wait until Kafka has acknowledged, and keep beating while it is slow or away."""
        self.waiting_since = time.monotonic()
        asked_to_stop_at: float | None = None
        try:
            while not (await asyncio.wait({publishing}, timeout=BEAT_SECONDS))[0]:
                self._beat()
                if self._ahead is None or self._ahead.done():
                    await self._watch.sample(self._connection, self._mover.stored)
                if housekeeper.done():
                    housekeeper.result()
                if stop.is_set():
                    asked_to_stop_at = asked_to_stop_at or time.monotonic()
                    if time.monotonic() - asked_to_stop_at > LAST_ACKNOWLEDGEMENT_SECONDS:
                        raise TimeoutError("told to stop, and Kafka still owes acknowledgements")
            publishing.result()
        finally:
            self.waiting_since = None
            await end_task(publishing)

    async def _admit(self, topics: set[str]) -> None:
        """Let these topics be published to: check their logs against the cursor, and store their ids.

        Raises:
            NotReadyError: they do not fit; nothing may be published.
        """
        found = await log_check.look(self._settings, topics)
        problems = log_check.compare(self._cursor, found, self._settings.partitions)
        if not problems:
            problems = await self._not_reproduced(log_check.ahead(self._cursor, found))
        if problems:
            raise NotReadyError(
                f"{'; '.join(problems[:MAX_PROBLEMS_SAID])}: the database was restored, or Kafka lost its data. "
                "Nothing is published until the topics are seeded anew under a new epoch, or the right data are back"
            )
        # What was acknowledged once and is no longer in the log is sent again.
        for place, tail in found.tails.items():
            self._acknowledged[place] = min(self._acknowledged.get(place, 0), tail.sequence if tail else 0)
        named = {**self._cursor.topic_ids, **found.topic_ids}
        if named != self._cursor.topic_ids:
            self._cursor = await cursors.name_topics(self._database, self._cursor, named)
            self._mover.replace(self._cursor)

    async def _not_reproduced(self, tails: dict[TopicPartition, Tail]) -> list[str]:
        """Say which of the logs' records beyond the cursor the outbox's own rows do not come to."""
        cursor, rows_read = self._cursor, 0
        while tails and rows_read < MAX_APART * len(tails):
            rows = await cursors.read(self._connection, cursor)
            if not rows:
                break
            chunk = cursors.number(cursor, rows)
            tails = log_check.not_in(chunk, tails)
            cursor, rows_read = chunk.cursor, rows_read + len(rows)
        return [
            f"{place.topic}/{place.partition} holds number {tail.sequence}, which the outbox no longer has"
            for place, tail in tails.items()
        ]

    async def _keep_house(self) -> None:
        """Look after the outbox's days and the topics' ids.

        Raises:
            NotReadyError: a topic has gone, or another one has its name.
        """
        retention_due = 0.0
        while True:
            with contextlib.suppress(KafkaError):
                found = await topic_ids(self._settings, self._cursor.topic_ids)
                for topic, known in self._cursor.topic_ids.items():
                    if topic not in found or found[topic][0] != known:
                        raise NotReadyError(f"topic {topic} (id {known}) has gone, or was made anew under its name")
            if time.monotonic() >= retention_due:
                await self._apply_retention()
                retention_due = time.monotonic() + RETENTION_SECONDS
            await asyncio.sleep(TOPIC_CHECK_SECONDS)

    async def _apply_retention(self) -> None:
        """Make and drop days; a lock in the way is no reason to stop, since the rest has a partition too."""
        try:
            await retention.keep_days(self._database, self._mover.stored)
        except Exception:
            log.exception("outbox_retention_failed")
