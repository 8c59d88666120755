"""The watermarks of all lanes: Kafka tells how far each reaches, the database how far it has been read."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from plaudit.alerting.clocks.domain.clock import NO_LANE, Lane
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
        self._trackers: dict[Lane, WatermarkTracker] = {}
        self._asking: asyncio.Task[dict[Lane, int]] | None = None
        self._asked_at: datetime | None = None
        self.trouble: str | None = None
        """Why the ends of lanes are unknown, if they are."""

    async def ask(self, now: datetime, latest_due: Mapping[Lane, datetime]) -> None:
        """Ask for the ends of the lanes whose due timers need them; wait a moment for the answer.

        Args:
            now: the present time, taken before this call.
            latest_due: lane → the latest due time that has passed.
        """
        wanted = [
            lane for lane, due_at in latest_due.items() if lane != NO_LANE and self._tracker(lane).must_ask(due_at)
        ]
        if self._asking is None and wanted:
            for lane in wanted:
                self._tracker(lane).asking(now)
            self._asked_at = now
            self._asking = asyncio.create_task(self._ends(wanted))
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=MAX_WAIT_SECONDS)
            self._take_answer()

    async def read(self, tx: Tx, lanes: Collection[Lane]) -> dict[Lane, Watermark]:
        """Return the watermarks of these lanes, by the positions in the database.

        Where nothing that could fulfil a clock is written anywhere, everything has been read.
        """
        parked: set[Lane] = set()
        for topic in {lane.topic for lane in lanes if lane != NO_LANE}:
            partitions = [lane.partition for lane in lanes if lane.topic == topic]
            for partition, position in (await positions.load(tx, GROUPS[topic], topic, partitions)).items():
                lane = Lane(topic, partition)
                self._tracker(lane).read(position.place.next_offset)
                if position.parked:
                    parked.add(lane)
        return {
            lane: Watermark(tx.now, tx.now)
            if lane == NO_LANE
            else self._tracker(lane).watermark(tx.now, has_parked=lane in parked)
            for lane in lanes
        }

    async def close(self) -> None:
        """Stop asking."""
        asking, self._asking = self._asking, None
        await end_task(asking)

    def _tracker(self, lane: Lane) -> WatermarkTracker:
        return self._trackers.setdefault(lane, WatermarkTracker(self._longest_wait))

    def _take_answer(self) -> None:
        task, asked_at = self._asking, self._asked_at
        if task is None or asked_at is None or not task.done():
            return
        self._asking = None
        for lane, end_offset in task.result().items():
            self._tracker(lane).asked(asked_at, end_offset)

    async def _ends(self, lanes: Collection[Lane]) -> dict[Lane, int]:
        """Return the ends of those lanes that Kafka tells in time."""
        ends = {}
        topic = ""
        try:
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                for lane in lanes:
                    topic = lane.topic
                    ends[lane] = await self._end_offset(topic, lane.partition)
        except (KafkaError, OSError, TimeoutError) as error:
            self.trouble = f"Kafka does not tell the ends of {topic}: {type(error).__name__}"
            log.warning("end_offsets_unknown", topic=topic, error_type=type(error).__name__)
        else:
            self.trouble = None
        return ends
