"""What of ingest's feed becomes entries of the ledger, and when a refill may take the place of what is there.

The feed tells every revision up to a stated record of each partition, and no number of a revision's own event. So the
entries that it becomes are numbered in an epoch of their own, which lies before all epochs of the bus.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from plaudit.common.numerals import counted
from plaudit.scoring.history.domain import ERASED_TYPE, RevisedChange, ToldChange, signed_reviews
from plaudit.scoring.rebuilds.domain import RebuildStoppedError
from plaudit.scoring.sums.domain.fold import check
from plaudit.scoring.sums.domain.review import InvalidReviewError

FEED_EPOCH: Final = 0
"""Of entries that came from the feed; the epochs of the bus begin with 1."""
PAGE_ITEMS: Final = 2_000
"""The most that the feed gives."""
MAX_STEP_PAGES: Final = 4
"""That are taken in one transaction, and of each tenant that are read ahead of it, beside those that are asked for."""
MAX_PAGES_AHEAD: Final = 2
"""That are asked for at the same time as the next one."""
MAX_TENANTS_AT_ONCE: Final = 4
"""Whose feeds are read at the same time."""
MAX_PAGES_AT_ONCE: Final = 4
"""That are asked for, of all tenants: each takes a connection of ingest's database, and others need some, too."""
MAX_PAGE_BYTES: Final = 16 * 2**20
"""More than the longest subjects and all topics make, of which each item holds two states."""
PAGE_TIMEOUT_SECONDS: Final = 30.0
MAX_TRIES: Final = 6
"""Of one page."""
RETRY_SECONDS: Final = 2.0
MAX_STEP_TRIES: Final = 4
"""Of one step, where the database fails for a time, or is slow."""
LEASE: Final = timedelta(seconds=60)
"""For so long after its last step, nobody else goes on with a refill. No step takes longer."""
STEP_ENTRIES: Final = 20_000
"""That are copied in one transaction."""
FILLED_ENTRIES: Final = 5_000
"""That are added to the cells of a tenant's large subjects in one transaction: each may be in hundreds of them."""
ERASED_OF_A_STEP: Final = 500
FEW_RECORDS: Final = 1_000
"""So few are left to the switch: while reviews come, there is always one more."""
MAX_LEFT_RECORDS: Final = 20_000
"""That are still to be copied when the new tables take the place of the old ones: both groups wait for them."""
MAX_INDEX_SECONDS: Final = 3600.0
"""For each index of the new ledger."""
TOLD_SECONDS: Final = 1.0
"""How often it is said how far a refill has come."""
MAX_WAIT_SECONDS: Final = 30.0
"""For both groups to come as far as the feed, and for an erasure to come by the bus."""
POLL_SECONDS: Final = 0.1


class FedChange(RevisedChange, frozen=True, gc=False, kw_only=True):
    """A revision as the feed tells it."""

    type: str
    known_at: datetime
    partition: int
    erased: bool


class Position(msgspec.Struct, frozen=True):
    """Up to where a feed tells: the last event of each partition."""

    epoch: int
    sequences: Mapping[str, int]


class Page(msgspec.Struct, frozen=True):
    """A page of the feed."""

    items: list[FedChange]
    position: Position
    next: str | None
    ahead: tuple[str, ...] = ()
    """The places of pages behind the next one, as far as they are known by now."""


class ErasedReview(NamedTuple):
    """A review that the feed tells nothing of any more."""

    tenant_id: str
    review_id: str
    is_told: bool
    """Whether the feed tells the erasure itself, so that no event of the review comes after it."""


class FedPage(NamedTuple):
    """What a page tells of a tenant's reviews, and its place."""

    after: str | None
    """The place that it lies behind; None: it is the first one."""
    next: str | None
    """The place of the one that follows; None: it is the last one."""
    position: Position
    revisions: int
    changes: list[FedChange]
    """That move a figure, of reviews of which the page does not say that they were erased."""
    refused: int
    """How many others no figure can be made of; both groups set these aside, too."""
    erased: list[ErasedReview]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How far the feed of a tenant is read."""

    tenant_id: str
    after: str | None
    """The place of the next page; None before the first one."""
    is_read: bool


class RefillProgress(msgspec.Struct, frozen=True):
    """How far a refill has come."""

    revisions: int
    """That were read."""
    refused: int
    """Of these, that no figure can be made of; the groups set the same ones aside."""
    tenants_read: int
    tenants: int
    records_left: int
    """Of the bus, that are not in the new ledger yet."""
    sums_left: int = 0
    """Entries of the new ledger that are not in the new sums yet."""
    large_left: int = 0
    """Large subjects whose cells are not filled yet."""

    @property
    def in_words(self) -> str:
        """Say how far it is."""
        return (
            f"{counted(self.revisions, 'revision')}, {self.tenants_read} of {counted(self.tenants, 'tenant')}; "
            f"{counted(self.records_left, 'record')} of the bus left to look through, "
            f"{counted(self.sums_left, 'entry', 'entries')} to sum, {counted(self.large_left, 'large subject')} to fill"
        )


def read_page(tenant_id: str, after: str | None, page: Page, *, before: Iterable[ErasedReview] = ()) -> FedPage:
    """Return what a page of a tenant's feed tells.

    Args:
        tenant_id: whose.
        after: the place that it lies behind.
        page: what was answered.
        before: reviews of which pages before it say that they were erased.
    """
    erased = [ErasedReview(tenant_id, item.review_id, item.type == ERASED_TYPE) for item in page.items if item.erased]
    changes, refused = _scored(of_others(page.items, [*before, *erased]))
    return FedPage(after, page.next, page.position, len(page.items), changes, refused, erased)


def of_others(changes: Iterable[FedChange], erased: Iterable[ErasedReview]) -> Iterable[FedChange]:
    """Return the changes of reviews that are not among the erased ones."""
    gone = {each.review_id for each in erased}
    return (each for each in changes if each.review_id not in gone) if gone else changes


def _scored(items: Iterable[FedChange]) -> tuple[list[FedChange], int]:
    """Return the items that move a figure, and how many others no figure can be made of."""
    taken, refused = [], 0
    for item in items:
        signed = signed_reviews(item)
        try:
            for _, review in signed:
                check(review)
        except InvalidReviewError:
            refused += 1
        else:
            if signed:
                taken.append(item)
    return taken, refused


def numbered(tenant_id: str, changes: Iterable[FedChange], numbers: dict[int, int]) -> list[ToldChange]:
    """Return changes with the next number of their partition each.

    Args:
        tenant_id: whose.
        changes: that move a figure, in the order of the feed.
        numbers: partition → its next number; it is moved on.
    """
    told = []
    for change in changes:
        partition = change.partition
        number = numbers[partition]
        numbers[partition] = number + 1
        told.append(
            ToldChange(
                tenant_id=tenant_id,
                type=change.type,
                partition=partition,
                epoch=FEED_EPOCH,
                sequence=number,
                known_at=change.known_at,
                change=change,
            )
        )
    return told


def check_epoch(position: Position, epochs: Mapping[int, int]) -> None:
    """Refuse a feed whose numbers are not those of the bus that the groups read.

    Args:
        position: of the feed.
        epochs: partition → the epoch that a group stands in; 0 where it has read nothing.

    Raises:
        RebuildStoppedError: they are not.
    """
    others = sorted({epoch for epoch in epochs.values() if epoch not in (0, position.epoch)})
    if others:
        raise RebuildStoppedError(
            f"the feed numbers its events in epoch {position.epoch}, and scoring reads epoch {others[0]}: wait until "
            "both groups have come to the newest epoch, or name the address of the same installation, and run this "
            "again"
        )
