"""The watermarks of all streams: Kafka tells how far each reaches, the database how far it has been read."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from plaudit.alerting.clocks.domain.clock import NO_STREAM, Stream
from plaudit.alerting.timers.commands import GROUPS
from plaudit.alerting.timers.domain import Watermark, WatermarkTracker
from plaudit.common.db import Tx
from plaudit.common.jobs import end_task
from plaudit.common.kafka import positions

log = structlog.get_logger()

EndOffset = Callable[[str, int], Awaitable[int]]
"""(topic, partition) → the offset after the last record."""

ASK_TIMEOUT_SECONDS: Final = 5.0
MAX_WAIT_SECONDS: Final = 0.2
"""How long a turn of the timers waits for an answer; a later answer serves a later turn."""


class Watermarks:
    """The watermarks that one process keeps."""

    def __init__(self, end_offset: EndOffset, longest_wait: timedelta) -> None:
        self._end_offset = end_offset
        self._longest_wait = longest_wait
        self._trackers: dict[Stream, WatermarkTracker] = {}
        self._asking: asyncio.Task[dict[Stream, int]] | None = None
        self._asked_at: datetime | None = None
        self.trouble: str | None = None
        """Why the ends of streams are unknown, if they are."""

    async def ask(self, now: datetime, latest_due: Mapping[Stream, datetime]) -> None:
        """Ask for the ends of the streams whose due timers need them; wait a moment for the answer.

        Args:
            now: the present time, taken before this call.
            latest_due: stream → the latest due time that has passed.
        """
        for tracker in self._trackers.values():
            tracker.is_now(now)
        if self._asked_at is not None and now < self._asked_at:
            await self.close()  # the clock was set back: the answer would be of a time that is still to come
        wanted = [
            stream
            for stream, due_at in latest_due.items()
            if stream != NO_STREAM and self._tracker(stream).must_ask(due_at)
        ]
        if self._asking is None and wanted:
            for stream in wanted:
                self._tracker(stream).asking(now)
            self._asked_at = now
            self._asking = asyncio.create_task(self._ends(wanted))
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=MAX_WAIT_SECONDS)
            self._take_answer()

    async def read(self, tx: Tx, streams: Collection[Stream]) -> dict[Stream, Watermark]:
        """Return the watermarks of these streams, by the positions in the database.

        Where nothing that could fulfil a clock is written anywhere, everything has been read.
        """
        parked: set[Stream] = set()
        for topic in {stream.topic for stream in streams if stream != NO_STREAM}:
            partitions = [stream.partition for stream in streams if stream.topic == topic]
            for partition, position in (await positions.load(tx, GROUPS[topic], topic, partitions)).items():
                stream = Stream(topic, partition)
                self._tracker(stream).read(position.place.next_offset)
                if position.parked:
                    parked.add(stream)
        return {
            stream: Watermark(tx.now, tx.now)
            if stream == NO_STREAM
            else self._tracker(stream).watermark(tx.now, has_parked=stream in parked)
            for stream in streams
        }

    async def close(self) -> None:
        """Stop asking."""
        asking, self._asking, self._asked_at = self._asking, None, None
        await end_task(asking)

    def _tracker(self, stream: Stream) -> WatermarkTracker:
        return self._trackers.setdefault(stream, WatermarkTracker(self._longest_wait))

    def _take_answer(self) -> None:
        task, asked_at = self._asking, self._asked_at
        if task is None or asked_at is None or not task.done():
            return
        self._asking = None
        for stream, end_offset in task.result().items():
            self._tracker(stream).asked(asked_at, end_offset)

    async def _ends(self, streams: Collection[Stream]) -> dict[Stream, int]:
        """Return the ends of those streams that Kafka tells in time."""
        ends = {}
        topic = ""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                for stream in streams:
                    topic = stream.topic
                    ends[stream] = await self._end_offset(topic, stream.partition)
        except (KafkaError, OSError, TimeoutError) as error:
            self.trouble = f"Kafka does not tell the ends of {topic}: {type(error).__name__}"
            log.warning("end_offsets_unknown", topic=topic, error_type=type(error).__name__)
        else:
            self.trouble = None
        return ends
