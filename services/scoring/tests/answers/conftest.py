"""Events of reviews, given to the group of answers as the runner gives them."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from plaudit.common.db import Database
from plaudit.common.kafka.subscription import Record
from plaudit.scoring.answers.consumer import ANSWERS
from plaudit_testing.answered import Told
from plaudit_testing.review_events import pending_envelope, record_of


class Answering:
    """Tells the group of answers of reviews."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._sequence = 0

    def record(self, told: Told, *, tenant_id: str = "default", sequence: int = 0, partition: int = 0) -> Record[Any]:
        """One event as a record; the next one of its partition unless told otherwise."""
        self._sequence += 1
        pending = pending_envelope(
            told.before,
            told.after,
            review_id=told.review_id,
            revision=told.revision,
            event_type=told.type,
            time=told.time,
            answers=told.answers,
            tenant_id=tenant_id,
        )
        return record_of(ANSWERS, pending, sequence or self._sequence, partition)

    async def give(self, records: Sequence[Record[Any]]) -> None:
        """Records, in one batch."""
        async with self._worker.transaction() as tx:
            assert await ANSWERS.handler()(tx, records) == ()

    async def tell(self, *events: Told, **more: Any) -> None:
        """Events, in one batch."""
        await self.give([self.record(each, **more) for each in events])

    async def tell_anyhow(self, chance: random.Random, events: Sequence[Told]) -> None:
        """Events in any order and in batches of any size, some of them twice."""
        shuffled = [*events, *chance.sample(events, len(events) // 4)]
        chance.shuffle(shuffled)
        while shuffled:
            size = chance.randrange(1, 40)
            await self.tell(*shuffled[:size])
            shuffled = shuffled[size:]


@pytest.fixture
def answering(worker: Database) -> Answering:
    """Tells the group of answers of reviews."""
    return Answering(worker)
