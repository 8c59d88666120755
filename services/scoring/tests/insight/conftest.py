"""Changes of reviews, given to the group of insight as the runner gives them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from plaudit.common.contracts import ReviewState
from plaudit.common.db import Database
from plaudit.common.ids import uuid7
from plaudit.scoring.insight.consumer import INSIGHT
from plaudit_testing.review_events import pending_envelope, record_of, review_state

Change = tuple[ReviewState | None, ReviewState | None]


def _said(
    rating: float, text: str | None = None, *, days_ago: float = 1, person: str | None = None, **fields: Any
) -> ReviewState:
    """A review in English, rated so many days ago."""
    usual = {"title": None, "text": text, "language": "en", "person": person}
    return review_state(rating, **{**usual, "rated_at": datetime.now(UTC) - timedelta(days=days_ago), **fields})


class Saying:
    """Tells the group of insight of reviews."""

    def __init__(self, worker: Database) -> None:
        self._worker = worker
        self._sequence = 0

    def record(self, before, after, *, is_erased: bool = False, **envelope: Any):
        """One record; of a new review unless told otherwise."""
        pending = pending_envelope(before, after, **envelope)
        if is_erased:
            pending = msgspec.json.encode({**msgspec.json.decode(pending), "type": "review.erased"})
        self._sequence += 1
        return record_of(INSIGHT, pending, self._sequence)

    async def give(self, records: Sequence[Any]) -> None:
        """Records, in one batch."""
        async with self._worker.transaction() as tx:
            assert await INSIGHT.handler()(tx, records) == ()

    async def new(self, *states: ReviewState, **envelope: Any) -> list[str]:
        """New reviews, in one batch; their ids."""
        ids = [str(uuid7()) for _ in states]
        await self.give(
            [self.record(None, state, review_id=i, **envelope) for i, state in zip(ids, states, strict=True)]
        )
        return ids

    async def lives(self, *states: ReviewState | None, review_id: str = "", **envelope: Any) -> str:
        """One review goes through these states, each in a batch of its own."""
        review_id = review_id or str(uuid7())
        for record in self.records(*states, review_id=review_id, **envelope):
            await self.give([record])
        return review_id

    def records(self, *states: ReviewState | None, review_id: str, **envelope: Any) -> list[Any]:
        """The records of one review that goes through these states."""
        return [
            self.record(before, after, review_id=review_id, revision=revision, **envelope)
            for revision, (before, after) in enumerate(zip([None, *states], states, strict=False), start=1)
        ]


@pytest.fixture
def said() -> Callable[..., ReviewState]:
    """Makes a review in English, rated so many days ago."""
    return _said


@pytest.fixture
def saying(worker: Database) -> Saying:
    """Tells the group of insight of reviews."""
    return Saying(worker)
