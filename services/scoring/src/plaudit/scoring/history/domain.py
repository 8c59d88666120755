"""The ledger's rule: a change is what it takes away and what it adds, at the time that it took effect and was known."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from plaudit.scoring.sums.domain.fold import check
from plaudit.scoring.sums.domain.review import ScoredChange, ScoredReview

CREATED_TYPE: Final = "review.created"


class RevisedChange(ScoredChange, frozen=True, gc=False):
    """A change, and which one it is."""

    review_id: str
    revision: int


class ToldChange(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A change as a record tells it."""

    tenant_id: str
    type: str
    partition: int
    epoch: int
    sequence: int
    known_at: datetime
    """When the change was recorded."""
    change: RevisedChange


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One signed row of the ledger."""

    told: ToldChange
    sign: int
    review: ScoredReview
    """The state of the review that the change takes away (-1) or adds (+1)."""
    traits: int
    valid_at: datetime
    """When the change took effect where the review stands."""


class Run(msgspec.Struct, frozen=True):
    """Records of one partition that follow each other without a gap."""

    partition: int
    epoch: int
    first_sequence: int
    last_sequence: int


def runs(changes: Iterable[ToldChange]) -> list[Run]:
    """Return the runs that a batch is made of, which is in the order of its partitions.

    A record that was set aside ends a run: when it is applied later, it is a run of its own.
    """
    found: list[Run] = []
    first = last = None
    for told in changes:
        if last is None or first is None:
            first = told
        elif (told.partition, told.epoch, told.sequence) != (last.partition, last.epoch, last.sequence + 1):
            found.append(_run(first, last))
            first = told
        last = told
    if first is not None and last is not None:
        found.append(_run(first, last))
    return found


def _run(first: ToldChange, last: ToldChange) -> Run:
    return Run(first.partition, first.epoch, first.sequence, last.sequence)


def entries(changes: Iterable[ToldChange], last_valid: Mapping[str, datetime]) -> Iterator[LedgerEntry]:
    """Return the signed entries of changes, which are in the order of their partitions.

    A review's entries take effect in their order, so that no instant sees one taken away before it was added: none
    is valid before the last one of its review. None is valid after it was known, either: a rating whose platform's
    clock is minutes ahead of ours is shown at once, and so is what was shown at that instant.

    Args:
        changes: a batch.
        last_valid: review id → when its last entry before the batch took effect, of all reviews that have one and
            were changed again.

    Raises:
        InvalidReviewError: a state cannot be scored.
    """
    last = dict(last_valid)
    for told in changes:
        signed = signed_reviews(told.change)
        if not signed:
            continue
        review_id = told.change.review_id
        times = [min(told.known_at, at) for at in (_took_effect_at(told), *(review.rated_at for _, review in signed))]
        if review_id in last:
            times.append(last[review_id])
        last[review_id] = valid_at = max(times)
        for sign, review in signed:
            yield LedgerEntry(told=told, sign=sign, review=review, traits=check(review), valid_at=valid_at)


def changed_again(changes: Iterable[ToldChange]) -> set[str]:
    """Return the ids of reviews that may have entries before this batch."""
    return {told.change.review_id for told in changes if told.change.before is not None or told.type != CREATED_TYPE}


def signed_reviews(change: ScoredChange) -> list[tuple[int, ScoredReview]]:
    """Return `(-1, before)` and `(+1, after)`, whichever there are; nothing where no figure could move."""
    if change.before == change.after:
        return []
    signed = ((-1, change.before), (1, change.after))
    return [(sign, review) for sign, review in signed if review is not None]


def _took_effect_at(told: ToldChange) -> datetime:
    """Return when a change took effect where the review stands, as far as anybody tells it.

    A review counts from when its rating was given, and so does a rating that is given anew. Of all else, such as a
    removal, nobody tells when it happened: it counts from when it was known.
    """
    before, after = told.change.before, told.change.after
    if after is not None:
        is_rated_anew = before is not None and after.rated_at > before.rated_at
        if is_rated_anew or (before is None and told.type == CREATED_TYPE):
            return after.rated_at
    return told.known_at
