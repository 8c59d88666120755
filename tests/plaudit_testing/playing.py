"""Lives of reviews, told to scoring: as events, and to both groups without a broker, each at its own pace."""

import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from plaudit.common.contracts import REVIEWS, Kind, Origin, ReviewState, SourceRef
from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.common.kafka import positions
from plaudit.common.kafka.positions import Move, Place
from plaudit.common.kafka.subscription import Subscription
from plaudit.scoring.history.consumer import HISTORY
from plaudit.scoring.live.consumer import LIVE
from plaudit_testing.feed import Feed
from plaudit_testing.oracle import EPOCH
from plaudit_testing.real_lives import Stand, Step, lives, made_up_rows
from plaudit_testing.review_events import pending_envelope, record_of, review_state

PARTITIONS = 4
NAMESPACE = UUID("01956d00-0000-7000-8000-0000000000ff")


def time_of(us: int) -> str:
    """As RFC 3339, from microseconds since the Unix epoch."""
    return (EPOCH + timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


def state_of(stand: Stand | None) -> ReviewState | None:
    """A review's state as ingest tells it."""
    if stand is None:
        return None
    rated_at = EPOCH + timedelta(microseconds=stand.rated_us)
    return review_state(
        stand.rating,
        stand.subject,
        kind=Kind(stand.kind),
        verified=stand.verified,
        origin=Origin(stand.origin),
        source=SourceRef(id=stand.source_id, name="Shop", platform="native", created_at=EPOCH),
        rated_at=rated_at,
        published_at=rated_at,
        text=stand.words,
    )


def events(steps: Iterable[Step], partitions: int) -> Iterator[tuple[int, bytes]]:
    """Partition and envelope of each step; all of a review are in one partition."""
    revisions: dict[str, int] = {}
    for step in steps:
        revisions[step.review] = revision = revisions.get(step.review, 0) + 1
        yield (
            zlib.crc32(step.review.encode()) % partitions,
            pending_envelope(
                state_of(step.before),
                state_of(step.after),
                review_id=str(uuid5(NAMESPACE, step.review)),
                revision=revision,
                event_type=step.told_as,
                time=EPOCH + timedelta(microseconds=step.known_us),
            ),
        )


class Play:
    """Both groups, each of which takes what is told at its own pace, in batches of any size."""

    def __init__(self, worker: Database, chance: random.Random) -> None:
        self._worker = worker
        self._chance = chance
        self._told: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
        self._handlers = {each.group: each.handler() for each in (LIVE, HISTORY)}

    async def begin(self) -> None:
        """Let both groups begin to read."""
        async with self._worker.transaction() as tx:
            for group in self._handlers:
                await positions.begin(tx, group, REVIEWS.name, UUID(int=7), dict.fromkeys(range(PARTITIONS), 0))

    async def told(self, steps: Iterable[Step]) -> None:
        """Tell of these, and let both groups apply them."""
        for partition, pending in events(steps, PARTITIONS):
            self._told[partition].append(pending)
        left = [(subscription, partition) for subscription in (LIVE, HISTORY) for partition in range(PARTITIONS)]
        while left:
            taken = self._chance.choice(left)
            if not await self._take(*taken, most=self._chance.choice([1, 40, 700])):
                left.remove(taken)

    async def _take(self, subscription: Subscription[Any], partition: int, most: int) -> int:
        async with self._worker.driver_transaction() as tx:
            at = (await positions.load(tx, subscription.group, REVIEWS.name, [partition]))[partition].place
            records = [
                record_of(subscription, pending, at.sequence + number, partition)
                for number, pending in enumerate(self._told[partition][at.next_offset :][:most], 1)
            ]
            if records:
                after = Place(at.next_offset + len(records), 1, at.sequence + len(records))
                await positions.advance(tx, subscription.group, REVIEWS.name, [Move(partition, at, after)])
                assert await self._handlers[subscription.group](tx, records) == ()
        return len(records)


async def work(job: PeriodicJob) -> None:
    """Let a job do all that is due."""
    while await job.has_work():
        await job.turn()


class Story:
    """Reviews that nobody wrote, with lives of all kinds, told over Kafka a part at a time."""

    def __init__(self, feed: Feed, reviews: int, seed: int, subjects: Sequence[str], partitions: int) -> None:
        self._feed = feed
        self._steps = lives(made_up_rows(reviews, seed, subjects), seed)
        self.events = list(events(self._steps, partitions))
        self.told = 0

    @property
    def steps(self) -> Sequence[Step]:
        """What was told so far."""
        return self._steps[: self.told]

    @property
    def left(self) -> int:
        """How many there are to tell."""
        return len(self._steps) - self.told

    async def go_on(self, count: int) -> None:
        """Tell of so many more."""
        for partition, pending in self.events[self.told : self.told + count]:
            await self._feed.numbered(partition, pending)
            self.told += 1
