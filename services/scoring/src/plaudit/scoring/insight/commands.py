"""What changes insight's tables: a batch of changes of reviews, and an erasure."""

from collections.abc import Collection, Iterable, Sequence
from typing import Self, TypeAlias
from uuid import UUID

import msgspec

from plaudit.common import erasure
from plaudit.common.contracts import Envelope
from plaudit.common.db import Tx
from plaudit.scoring.insight import store
from plaudit.scoring.insight.domain.kept import (
    DayCounts,
    DayKey,
    EntryKey,
    Kept,
    StoredReview,
    added,
    day_counts,
    entries,
    kept_of,
)
from plaudit.scoring.insight.domain.review import SaidChange
from plaudit.scoring.profiles.domain import STAR_KINDS

ReviewKey: TypeAlias = tuple[str, UUID]
"""Tenant id and review id."""


class Said(msgspec.Struct, frozen=True):
    """A change of a review, and what is to be kept of the review after it."""

    tenant_id: str
    change: SaidChange
    kept: Kept | None
    problem: str | None
    """Why nothing can be kept of the review, if so."""

    @property
    def key(self) -> tuple[str, UUID]:
        """Tenant id and review id."""
        return self.tenant_id, UUID(self.change.review_id)

    @property
    def concerns(self) -> bool:
        """Whether the review is, or was, of a kind that counts, or is not seen at all."""
        states = [state for state in (self.change.before, self.change.after) if state is not None]
        return not states or any(state.kind in STAR_KINDS for state in states)


class Told(Said, frozen=True):
    """The same, as an event tells it."""

    event: Envelope[SaidChange]

    @classmethod
    def by(cls, event: Envelope[SaidChange], _partition: int = 0) -> Self:
        """Return what an event tells.

        Finding the terms of a review is most of the work. It is done here, before a transaction begins: one that
        writes holds back the events of all writers after it.
        """
        try:
            return cls(event.tenant, event.data, kept_of(event.data.after), None, event)
        except ValueError as error:
            return cls(event.tenant, event.data, None, str(error), event)


async def apply(tx: Tx, told: Iterable[Said]) -> None:
    """Keep each review as its newest revision says: what was kept of it before is subtracted, what is new added.

    What was kept is read, not told by the event, so that neither the order of changes nor a repetition makes a
    difference. Nothing is kept of a review that was erased.

    Raises:
        ValueError: a change cannot be counted; nothing of the batch was written.
    """
    newest = _newest(told)
    held = await store.locked(tx, newest)
    new = {key: each for key, each in newest.items() if key not in held or held[key].revision < each.change.revision}
    erased = await _erased(tx, new)
    after = [
        StoredReview(*key, each.change.revision, None if key in erased else _kept_after(each, held.get(key)))
        for key, each in sorted(new.items())
    ]
    await _save(tx, held, after)


async def heal(tx: Tx, told: Iterable[Said]) -> set[ReviewKey]:
    """Do the same, but where the same revision is kept otherwise, replace it; return of which reviews that was so.

    What nobody can count is taken to be counted nowhere. Where counts do not go with what was kept, they do not go with
    what is kept now either: they are to be compared afterwards.
    """
    newest = _newest(told)
    held = await store.locked(tx, newest)
    new = {key: each for key, each in newest.items() if key not in held or held[key].revision <= each.change.revision}
    erased = await _erased(tx, new)
    after = [
        StoredReview(*key, each.change.revision, None if key in erased else each.kept)
        for key, each in sorted(new.items())
    ]
    changed = {(each.tenant_id, each.review_id): each for each in after}
    changed = {key: each for key, each in changed.items() if held.get(key) != each}
    await _save(tx, {key: _countable(each) for key, each in held.items()}, [*changed.values()])
    return {key for key, each in changed.items() if key in held and held[key].revision == each.revision}


async def empty(tx: Tx, tenant_id: str, review_id: str) -> int:
    """Keep nothing of a review that was erased, whatever the consumer has applied; return how much was done.

    Raises:
        ValueError: the id is none of ours.
    """
    return await withdraw(tx, tenant_id, [UUID(review_id)])


async def withdraw(tx: Tx, tenant_id: str, review_ids: Collection[UUID]) -> int:
    """Keep nothing of some reviews but their revisions; return of how many something was kept."""
    held = await store.locked(tx, [(tenant_id, review_id) for review_id in review_ids])
    after = [StoredReview(*key, each.revision, None) for key, each in held.items() if each.kept]
    await _save(tx, held, after)
    return len(after)


def _newest(told: Iterable[Said]) -> dict[ReviewKey, Said]:
    """Return the newest change of each review that concerns insight."""
    newest: dict[ReviewKey, Said] = {}
    for each in told:
        if each.concerns:
            key = each.key
            if key not in newest or newest[key].change.revision < each.change.revision:
                newest[key] = each
    return newest


async def _erased(tx: Tx, keys: Collection[ReviewKey]) -> set[ReviewKey]:
    """Return those of these reviews that were erased."""
    named = [(tenant_id, str(review_id)) for tenant_id, review_id in sorted(keys)]
    return {(tenant_id, UUID(review_id)) for tenant_id, review_id in await erasure.erased_reviews(tx, named)}


def _countable(held: StoredReview) -> StoredReview:
    """Return a review as it is held, or with nothing kept where that is so damaged that nothing counts it."""
    kept = held.kept
    if kept is None:
        return held
    try:
        if None not in {kept.source_id, kept.day, kept.polarity, kept.personas, kept.stems}:
            added(day_counts(kept, held.tenant_id), {}, 1)
            set(entries(kept, held.tenant_id, held.review_id))
            return held
    except (ValueError, TypeError, AttributeError, KeyError):
        pass
    return StoredReview(held.tenant_id, held.review_id, held.revision, None)


def _kept_after(told: Said, held: StoredReview | None) -> Kept | None:
    """Return what is kept after a change; where it only tells of an answer, what is kept already.

    Of a review that was erased, ingest's feed tells neither state.
    """
    change = told.change
    if (
        change.after is not None
        and change.before == change.after
        and held is not None
        and held.revision == change.revision - 1
    ):
        return held.kept
    if told.problem is not None:
        raise ValueError(told.problem)
    return told.kept


async def _save(tx: Tx, held: dict[tuple[str, UUID], StoredReview], after: Sequence[StoredReview]) -> None:
    """Store reviews in their order, and what they add to and take from the counts and places."""
    counts: dict[DayKey, DayCounts] = {}
    gone: set[EntryKey] = set()
    new: set[EntryKey] = set()
    for each in after:
        before = held.get((each.tenant_id, each.review_id))
        if before is not None and before.kept is not None:
            added(day_counts(before.kept, each.tenant_id), counts, -1)
            gone |= set(entries(before.kept, each.tenant_id, each.review_id))
        if each.kept is not None:
            added(day_counts(each.kept, each.tenant_id), counts, 1)
            new |= set(entries(each.kept, each.tenant_id, each.review_id))
    await store.insert(tx, [each for each in after if (each.tenant_id, each.review_id) not in held])
    await store.replace(tx, [each for each in after if (each.tenant_id, each.review_id) in held])
    await store.move(tx, gone - new, new - gone)
    await store.add_counts(tx, counts)
