"""Reviews are compared with requests, in the one transaction that is given in.

Nothing is locked but the comparing itself: a proposal says which revision of the review it was made of, and one of an
older revision is shown to nobody.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plaudit.common.db import Tx, try_lock
from plaudit.feedback_board.proposals.domain.matching import Asked, Board, Said, count_stems, proposal_id
from plaudit.feedback_board.proposals.domain.proposal import Proposal
from plaudit.feedback_board.proposals.store import matching as store
from plaudit.feedback_board.similar.domain.likeness import Rarity

RARITY_LASTS: Final = timedelta(minutes=10)
MAX_TENANTS: Final = 200
"""Whose requests a process keeps in memory: those compared last."""
_COMPARER: Final = "board-proposals"


@dataclass(frozen=True, slots=True)
class _Kept:
    version: int
    counted_at: datetime
    rarity: Rarity
    board: Board


class Boards:
    """The requests of tenants in the memory of a process, read anew when they changed."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[str, _Kept] = {}

    async def of(self, tx: Tx, tenant_id: str, version: int) -> Board:
        """Return the requests of a tenant as of a version."""
        kept = self._kept.pop(tenant_id, None)
        if kept is None or kept.version != version or kept.counted_at + RARITY_LASTS < tx.now:
            kept = await self._read(tx, tenant_id, version, kept)
        self._kept[tenant_id] = kept
        while len(self._kept) > MAX_TENANTS:
            del self._kept[next(iter(self._kept))]
        return kept.board

    async def _read(self, tx: Tx, tenant_id: str, version: int, before: _Kept | None) -> _Kept:
        rarity, counted_at = (before.rarity, before.counted_at) if before else (None, tx.now)
        if rarity is None or counted_at + RARITY_LASTS < tx.now:
            rarity, counted_at = await asyncio.to_thread(count_stems, await store.sample(tx, tenant_id)), tx.now
        asked = await store.list_asked(tx, tenant_id)
        return _Kept(
            version, counted_at, rarity, await asyncio.to_thread(Board, asked, rarity, before and before.board)
        )


async def match(tx: Tx, boards: Boards, limit: int) -> int:
    """Compare what is marked, as a worker: requests that changed first; return how many marks that were.

    One transaction at a time does so; another one leaves it to that.
    """
    if not await try_lock(tx, [_COMPARER]):
        return 0
    return await _match_requests(tx, limit) or await _match_reviews(tx, boards, limit)


async def _match_requests(tx: Tx, limit: int) -> int:
    """Mark the reviews that requests which changed may be about, and those that they were proposed for."""
    marks = await store.list_request_marks(tx, limit)
    changed: dict[str, set[UUID]] = {}
    for mark in marks:
        changed.setdefault(mark.tenant_id, set()).add(mark.of)
    again: dict[str, set[UUID]] = {}
    for tenant_id, request_ids in changed.items():
        again[tenant_id] = await store.reviews_proposed_for(tx, tenant_id, request_ids)
        asked = await store.list_asked(tx, tenant_id, request_ids)
        if asked:
            again[tenant_id] |= await asyncio.to_thread(_like_any, asked, await store.sample(tx, tenant_id))
    if marks:
        await store.delete_request_marks(tx, marks)
        await store.raise_versions(tx, changed)
        for tenant_id, review_ids in again.items():
            await store.mark_reviews(tx, tenant_id, review_ids)
    return len(marks)


async def _match_reviews(tx: Tx, boards: Boards, limit: int) -> int:
    """Replace the open proposals of reviews that changed."""
    marks = await store.list_review_marks(tx, limit)
    if not marks:
        return 0
    marked = sorted({(mark.tenant_id, mark.of) for mark in marks})
    said = await store.list_reviews(tx, marked)
    versions = await store.versions(tx, {each.tenant_id for each in said})
    proposed: list[Proposal] = []
    for tenant_id, version in sorted(versions.items()):
        board = await boards.of(tx, tenant_id, version)
        proposed += _propose(board, [each for each in said if each.tenant_id == tenant_id], tx.now)
    await store.delete_review_marks(tx, marks)
    await store.replace_open(tx, marked, proposed)
    return len(marks)


def _like_any(asked: Sequence[Asked], sample: Sequence[Said]) -> set[UUID]:
    """Return those reviews that any of these requests would be proposed for."""
    board = Board(asked, count_stems(sample))
    return {each.review_id for each in sample if board.propose(each)}


def _propose(board: Board, said: Sequence[Said], now: datetime) -> list[Proposal]:
    return [
        Proposal(
            tenant_id=review.tenant_id,
            id=proposal_id(review.tenant_id, found.request_id, review.review_id),
            request_id=found.request_id,
            review_id=review.review_id,
            review_revision=review.revision,
            sentence=found.sentence,
            score=found.score,
            proposed_at=now,
        )
        for review in said
        for found in board.propose(review)
    ]
