"""The watermarks of all partitions: Kafka tells how far each reaches, the database how far it has been read."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from plaudit.alerting.clocks.consumer import GROUP
from plaudit.alerting.timers.domain import Watermark, WatermarkTracker
from plaudit.common.contracts import REVIEWS
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
        self._trackers: dict[int, WatermarkTracker] = {}
        self._asking: asyncio.Task[dict[int, int]] | None = None
        self._asked_at: datetime | None = None
        self.trouble: str | None = None
        """Why the ends of partitions are unknown, if they are."""

    async def ask(self, now: datetime, latest_due: Mapping[int, datetime]) -> None:
        """Ask for the ends of the partitions whose due timers need them; wait a moment for the answer.

        Args:
            now: the present time, taken before this call.
            latest_due: partition → the latest due time that has passed.
        """
        wanted = [partition for partition, due_at in latest_due.items() if self._tracker(partition).must_ask(due_at)]
        if self._asking is None and wanted:
            for partition in wanted:
                self._tracker(partition).asking(now)
            self._asked_at = now
            self._asking = asyncio.create_task(self._ends(wanted))
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=MAX_WAIT_SECONDS)
            self._take_answer()

    async def read(self, tx: Tx, partitions: Collection[int]) -> dict[int, Watermark]:
        """Return the watermarks of these partitions, by the positions in the database."""
        found = await positions.load(tx, GROUP, REVIEWS.name, list(partitions))
        for partition, position in found.items():
            self._tracker(partition).read(position.place.next_offset)
        parked = {partition for partition, position in found.items() if position.parked}
        return {
            partition: self._tracker(partition).watermark(tx.now, has_parked=partition in parked)
            for partition in partitions
        }

    async def close(self) -> None:
        """Stop asking."""
        asking, self._asking = self._asking, None
        await end_task(asking)

    def _tracker(self, partition: int) -> WatermarkTracker:
        return self._trackers.setdefault(partition, WatermarkTracker(self._longest_wait))

    def _take_answer(self) -> None:
        task, asked_at = self._asking, self._asked_at
        if task is None or asked_at is None or not task.done():
            return
        self._asking = None
        for partition, end_offset in task.result().items():
            self._tracker(partition).asked(asked_at, end_offset)

    async def _ends(self, partitions: Collection[int]) -> dict[int, int]:
        """Return the ends of those partitions that Kafka tells in time."""
        ends = {}
        try:
            async with asyncio.timeout(ASK_TIMEOUT_SECONDS):
                for partition in partitions:
                    ends[partition] = await self._end_offset(REVIEWS.name, partition)
        except (KafkaError, OSError, TimeoutError) as error:
            self.trouble = f"Kafka does not tell the ends of {REVIEWS.name}: {type(error).__name__}"
            log.warning("end_offsets_unknown", topic=REVIEWS.name, error_type=type(error).__name__)
        else:
            self.trouble = None
        return ends
