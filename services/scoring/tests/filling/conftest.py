"""Both groups without a broker, but with the positions that the runner keeps, so that any interleaving can be had."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from plaudit.common.contracts import REVIEWS, ReviewState
from plaudit.common.db import Database
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Move, Place
from plaudit.common.kafka.subscription import Handler, Subscription
from plaudit.scoring.filling.jobs import HalfLivesJob
from plaudit.scoring.half_lives import store as half_lives
from plaudit.scoring.half_lives.domain import Progress
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit_testing.review_events import RECORDED, pending_envelope, record_of

PARTITIONS = 2
TOPIC_ID = UUID(int=7)


class Groups:
    """What was told in each partition, and both groups, each of which takes it at its own pace."""

    def __init__(self, worker: Database) -> None:
        self.worker = worker
        self._told: dict[int, list[bytes]] = defaultdict(list)
        self._handlers: dict[str, Handler[Any]] = {}
        self.job = HalfLivesJob(worker, PARTITIONS)

    async def begin(self) -> None:
        """Both groups begin to read all partitions."""
        async with self.worker.transaction() as tx:
            for subscription in (LIVE, HISTORY):
                starts = dict.fromkeys(range(PARTITIONS), 0)
                await positions.begin(tx, subscription.group, REVIEWS.name, TOPIC_ID, starts)

    def tell(
        self,
        before: ReviewState | None,
        after: ReviewState | None,
        *,
        partition: int = 0,
        review_id: str = "",
        tenant_id: str = "default",
        time: datetime = RECORDED,
    ) -> None:
        """A record is written."""
        self._told[partition].append(
            pending_envelope(before, after, review_id=review_id, tenant_id=tenant_id, time=time)
        )

    async def take(self, subscription: Subscription[Any], partition: int = 0, most: int = 1_000) -> int:
        """A group applies its next records of a partition in one transaction, as the runner does; return how many."""
        async with self.worker.driver_transaction() as tx:
            at = (await positions.load(tx, subscription.group, REVIEWS.name, [partition]))[partition].place
        pending = self._told[partition][at.next_offset : at.next_offset + most]
        if not pending:
            return 0
        records = [
            record_of(subscription, each, at.sequence + number, partition) for number, each in enumerate(pending, 1)
        ]
        after = Place(at.next_offset + len(pending), 1, at.sequence + len(pending))
        handle = self._handlers.setdefault(subscription.group, subscription.handler())
        async with self.worker.driver_transaction() as tx:
            await positions.advance(tx, subscription.group, REVIEWS.name, [Move(partition, at, after)])
            await handle(tx, records)
        return len(pending)

    async def take_all(self) -> None:
        """Both groups apply everything."""
        for subscription in (LIVE, HISTORY):
            for partition in range(PARTITIONS):
                await self.take(subscription, partition)

    async def want(self, *half_lives_us: int, tenant_id: str = "default") -> None:
        """A tenant's own profiles have these half-lives from now on."""
        async with self.worker.transaction() as tx:
            await half_lives.want(tx, tenant_id, half_lives_us)

    async def fill(self, turns: int = 100) -> None:
        """The job works until nothing is due."""
        for _ in range(turns):
            if not await self.job.has_work():
                return
            await self.job.turn()
        raise AssertionError(f"there is something to do after {turns} turns")

    async def progress(self, half_life_us: int, tenant_id: str = "default") -> Progress | None:
        """How far a half-life is."""
        async with self.worker.transaction() as tx:
            return (await half_lives.progress(tx, tenant_id, [half_life_us])).get(half_life_us)


@pytest.fixture
async def groups(worker: Database) -> Groups:
    """Both groups, which have begun to read."""
    made = Groups(worker)
    await made.begin()
    return made


@pytest.fixture
def due_now(superuser) -> Callable[[], Awaitable[None]]:
    """Makes what waits due at once."""

    async def make() -> None:
        await superuser.execute("UPDATE scoring.half_lives SET next_turn_at = now() - interval '1 second'")

    return make
