"""The job that makes the words of reviews searchable."""

import time
from collections.abc import Callable
from typing import Final

from plaudit.common.db import Database
from plaudit.common.jobs import PeriodicJob
from plaudit.ingest.reviews.domain.marks import marks
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.domain.words import stored_words, words
from plaudit.ingest.search import store

REVISIONS_OF_A_TURN: Final = 500
PAUSE_SECONDS: Final = 0.5
REST_SECONDS: Final = 0.5
"""How long a tenant is left alone after a turn that took all it had: what gathers meanwhile is indexed at once, which
costs the less a review the more it is. So a review is searchable within a second."""


class SearchIndexJob(PeriodicJob):
    """Follows the revisions of every tenant in the order of commits, and stores the words of each review."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take a worker's connections."""
        super().__init__("search_index", PAUSE_SECONDS)
        self._database = database
        self._now = monotonic
        self._rest_until: dict[str, float] = {}

    async def has_work(self) -> bool:
        """Return whether a revision is not indexed, of a tenant that does not rest."""
        return await self._database.holds(store.IS_BEHIND, self._resting())

    async def turn(self) -> int:
        """Index some revisions of one tenant; return how many."""
        async with self._database.transaction() as tx:
            tenant_id = await store.tenant_behind(tx, self._resting())
            position = None if tenant_id is None else await store.lock_position(tx, tenant_id)
            if tenant_id is None or position is None:
                return 0
            found = await store.following(tx, tenant_id, position, REVISIONS_OF_A_TURN)
            if not found:
                return 0
            last = {each.position.review_id: each for each in found}
            stated = [(each, each.state) for each in last.values() if each.state is not None]
            indexed = [(each.position.review_id, _words(tenant_id, each, state)) for each, state in stated]
            # From here on the transaction writes, and holds back the events of all writers after it.
            await store.purge(tx, [review_id for review_id, each in last.items() if each.state is None])
            await store.index(tx, tenant_id, indexed)
            await store.fill(tx, tenant_id, [(each.position, state) for each, state in stated])
            old = [(each.position, state.traits) for each, state in stated if each.traits is None]
            await store.fill_revisions(tx, tenant_id, old)
            await store.move(tx, tenant_id, found[-1].position)
        if len(found) < REVISIONS_OF_A_TURN:
            self._rest_until[tenant_id] = self._now() + REST_SECONDS
        return len(found)

    def _resting(self) -> list[str]:
        now = self._now()
        self._rest_until = {tenant_id: until for tenant_id, until in self._rest_until.items() if until > now}
        return list(self._rest_until)


def _words(tenant_id: str, stated: store.Stated, state: ReviewState) -> list[str]:
    answer = None if state.answer is None else state.answer.text
    marked = [each.replace(store.SEPARATOR, "") for each in marks(state, removed=stated.removed)]
    return stored_words(tenant_id, [*words(state.title, state.text, answer), *marked])
