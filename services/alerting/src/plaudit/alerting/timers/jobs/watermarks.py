"""Asking Kafka how far the changes of reviews reach, and the database how far they have been read."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from aiokafka.errors import KafkaError

from plaudit.alerting.consumer import GROUP
from plaudit.alerting.domain.clocks import order_key
from plaudit.alerting.domain.decide import Reached
from plaudit.alerting.domain.horizon import Horizon
from plaudit.alerting.store.promises import PromiseKey
from plaudit.common.contracts import REVIEWS
from plaudit.common.db import Tx
from plaudit.common.kafka import dead_letters, positions

log = structlog.get_logger()

EndOffset = Callable[[str, int], Awaitable[int]]
"""(topic, partition) → the offset after the last record."""

ASK_TIMEOUT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 0.2
"""How long a turn of the timers waits for an answer; one that comes later serves a later turn."""


class Reading:
    """The horizons of all partitions, of one process."""

    def __init__(self, end_offset: EndOffset, longest_wait: timedelta) -> None:
        self._end_offset = end_offset
        self._longest_wait = longest_wait
        self._horizons: dict[int, Horizon] = {}
        self._asking: asyncio.Task[dict[int, int]] | None = None
        self._asked_at: datetime | None = None
        self._has_parked = False
        self.trouble: str | None = None
        """Why the ends of partitions are not known, if they are not."""

    async def ask(self, now: datetime, latest_due: Mapping[int, datetime]) -> None:
        """Ask for the ends of the partitions that have to be known to act upon what is due; wait a moment for them.

        Args:
            now: the present time, taken before this call.
            latest_due: partition → the latest due time that has come.
        """
        wanted = [partition for partition, due_at in latest_due.items() if self._horizon(partition).must_ask(due_at)]
        if self._asking is None and wanted:
            for partition in wanted:
                self._horizon(partition).asking(now)
            self._asked_at = now
            self._asking = asyncio.create_task(self._ends(wanted))
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=PATIENCE_SECONDS)
            self._take_answer()

    async def reached(self, tx: Tx, partitions: Collection[int]) -> dict[int, Reached]:
        """Return how far each of these partitions has been read."""
        found = await positions.load(tx, GROUP, REVIEWS.name, list(partitions))
        for partition, position in found.items():
            self._horizon(partition).read(position.place.next_offset)
        self._has_parked = any(position.parked for position in found.values())
        return {partition: self._horizon(partition).reached(tx.now) for partition in partitions}

    async def held_back(self, tx: Tx, keys: Collection[PromiseKey]) -> set[PromiseKey]:
        """Return those of the clocks of which changes lie set aside, behind a position that has moved past them."""
        if not self._has_parked:
            return set()
        blocked = await dead_letters.blocked(tx, GROUP, REVIEWS.name, {order_key(clock) for _, clock in keys})
        return {key for key in keys if order_key(key[1]) in blocked}

    async def close(self) -> None:
        """Give up what is being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
            self._asking = None

    def _horizon(self, partition: int) -> Horizon:
        return self._horizons.setdefault(partition, Horizon(self._longest_wait))

    def _take_answer(self) -> None:
        task, asked_at = self._asking, self._asked_at
        if task is None or asked_at is None or not task.done():
            return
        self._asking = None
        for partition, end_offset in task.result().items():
            self._horizon(partition).asked(asked_at, end_offset)

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
