"""The ledger's rule: a change is what it takes away and what it adds, at the time that it took effect and was known."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import IntEnum
from math import ceil, floor
from operator import attrgetter
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from plaudit.scoring.sums.domain.decay import EPOCH, star_of
from plaudit.scoring.sums.domain.fold import check
from plaudit.scoring.sums.domain.review import ScoredChange, ScoredReview
from plaudit.scoring.topics.domain import ERASED, topics_in_one

CREATED_TYPE: Final = "review.created"
ERASED_TYPE: Final = "review.erased"
LATE_AFTER: Final = timedelta(days=1)
"""A new review came late if it was rated longer ago than this."""


class Happened(IntEnum):
    """What happened to a review. It is stored.

    The ledger has the first seven. A subject sees the same, but that it sees a review come in or go out where the
    ledger sees it move; a move below the subject is nothing to it.
    """

    NEW = 0
    EDITED = 1
    """What counts of it changed, and perhaps its subject as well."""
    MOVED = 2
    """Nothing that counts changed but its subject."""
    REMOVED = 3
    RESTORED = 4
    ERASED = 5
    """At the person's request."""
    LATE = 6
    """New to us, and rated more than a day before we knew it."""
    MOVED_IN = 7
    """From a subject that is not below this one; it may have been edited as well."""
    MOVED_OUT = 8


NEW: Final = Happened.NEW.value
LATE: Final = Happened.LATE.value


class SortedReview(ScoredReview, frozen=True, gc=False):
    """A review's published state, with what it mentions."""

    topics: tuple[str, ...] = ()


class RevisedChange(ScoredChange, frozen=True, gc=False):
    """A change, and which one it is."""

    before: SortedReview | None
    after: SortedReview | None
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


class Past(NamedTuple):
    """What bounds what a review may have been at any time until an instant: what there is of all its states."""

    low: int
    """No rating was lower: the lowest, rounded down."""
    high: int
    """No rating was higher: the highest, rounded up."""
    newest_at: datetime
    """When the newest rating was given."""
    first_shown_at: datetime | None
    """From when on figures showed its first state; None where the ledger does not have that."""

    def with_state(self, review: ScoredReview) -> "Past":
        """Return it with one more state."""
        low, high = min(self.low, floor(review.rating)), max(self.high, ceil(review.rating))
        return Past(low, high, max(self.newest_at, review.rated_at), self.first_shown_at)


class LastEntry(msgspec.Struct, frozen=True, gc=False):
    """The last entry of a review that is in the ledger, as far as the next one depends on it."""

    valid_at: datetime
    past: Past
    """With the state that it is of."""


class LedgerEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One signed row of the ledger."""

    told: ToldChange
    sign: int
    review: SortedReview
    """The state of the review that the change takes away (-1) or adds (+1)."""
    traits: int
    valid_at: datetime
    """When the change took effect where the review stands."""
    happened: int
    topics: int
    """In one number."""
    other_star: int | None = None
    """Of the other state, where there is one; as the rest."""
    other_traits: int | None = None
    other_subject: str | None = None
    """None where it is the same."""
    lowest: int | None = None
    """Of all states of the review, that after the change included, as `Past`; None of what is new, as the rest."""
    highest: int | None = None
    newest_before: datetime | None = None
    """Of all states before the change, that which it takes away included."""
    first_shown_at: datetime | None = None

    @property
    def past(self) -> Past:
        """What there is of all states of the review until this entry, with the one that it is of."""
        if self.lowest is None or self.highest is None or self.newest_before is None:
            return Past(floor(self.review.rating), ceil(self.review.rating), self.review.rated_at, self.shown_at)
        return Past(self.lowest, self.highest, max(self.newest_before, self.review.rated_at), self.first_shown_at)

    @property
    def shown_at(self) -> datetime:
        """From when on figures show it: it has taken effect, and is known."""
        return max(self.valid_at, self.told.known_at)

    @property
    def review_key(self) -> tuple[str, str]:
        """Tenant id and review id."""
        return self.told.tenant_id, self.told.change.review_id


class ChangedDay(msgspec.Struct, frozen=True):
    """A past day of which the ledger learns more."""

    tenant_id: str
    day: int
    """Since 1970, in UTC."""


class Place(NamedTuple):
    """The last record of a partition that was taken; places compare in the order of the records."""

    epoch: int
    sequence: int


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


def entries(
    changes: Iterable[ToldChange], last_entries: Mapping[str, LastEntry | LedgerEntry]
) -> Iterator[LedgerEntry]:
    """Return the signed entries of changes, which are in the order of their partitions.

    A review's entries take effect in their order, so that no instant sees one taken away before it was added: none
    is valid before the last one of its review. None is valid after it was known, either: a rating whose platform's
    clock is minutes ahead of ours is shown at once, and so is what was shown at that instant.

    Args:
        changes: a batch.
        last_entries: review id → its last entry before the batch, of all reviews that have one and were changed again.

    Raises:
        InvalidReviewError: a state cannot be scored.
    """
    last = dict(last_entries)
    for told in changes:
        change = told.change
        review_id, after = change.review_id, change.after
        # Nearly all changes are such; the rest of the rule would come to the same.
        if change.before is None and after is not None and told.type == CREATED_TYPE and review_id not in last:
            entry = _new(told, after)
            last[review_id] = entry
            yield entry
            continue
        signed = signed_reviews(change)
        if not signed:
            continue
        before = last.get(review_id)
        valid_at = min(told.known_at, max(_took_effect_at(told), *(review.rated_at for _, review in signed)))
        if before is not None:
            valid_at = max(valid_at, before.valid_at)
        for entry in _entries(told, signed, valid_at, _past_before(told, before)):
            last[review_id] = entry
            yield entry


def _new(told: ToldChange, review: SortedReview) -> LedgerEntry:
    return LedgerEntry(
        told=told,
        sign=1,
        review=review,
        traits=check(review),
        valid_at=min(told.known_at, review.rated_at),
        happened=LATE if told.known_at - review.rated_at > LATE_AFTER else NEW,
        topics=topics_in_one(review.topics) if review.topics else 0,
    )


def _past_before(told: ToldChange, last: LastEntry | LedgerEntry | None) -> Past | None:
    """Return what there is of a review before a change; None where there is nothing, as far as anybody tells."""
    state = told.change.before
    if last is not None:
        return last.past if state is None else last.past.with_state(state)
    return None if state is None else Past(floor(state.rating), ceil(state.rating), state.rated_at, None)


def _entries(
    told: ToldChange, signed: list[tuple[int, SortedReview]], valid_at: datetime, before: Past | None
) -> Iterator[LedgerEntry]:
    happened, after = _happened(told, was_there=before is not None), told.change.after
    past = before if before is None or after is None else before.with_state(after)
    traits = [check(review) for _, review in signed]
    for place, (sign, review) in enumerate(signed):
        topics = ERASED if happened == Happened.ERASED else topics_in_one(review.topics)
        other_star = other_traits = other_subject = None
        if len(signed) > 1:
            other = signed[1 - place][1]
            other_star, other_traits = star_of(other.rating), traits[1 - place]
            other_subject = None if other.subject == review.subject else other.subject
        yield LedgerEntry(
            told=told,
            sign=sign,
            review=review,
            traits=traits[place],
            valid_at=valid_at,
            happened=happened,
            topics=topics,
            other_star=other_star,
            other_traits=other_traits,
            other_subject=other_subject,
            lowest=None if past is None else past.low,
            highest=None if past is None else past.high,
            newest_before=None if before is None else before.newest_at,
            first_shown_at=None if before is None else before.first_shown_at,
        )


def without_topics(appended: list[LedgerEntry], erased: Collection[tuple[str, str]]) -> list[LedgerEntry]:
    """Return entries without what erased reviews mentioned, given by their tenant id and review id."""
    if not erased:
        return appended
    return [replace(each, topics=ERASED) if each.review_key in erased else each for each in appended]


def _happened(told: ToldChange, *, was_there: bool) -> int:
    """Return what happened to a review, of which the ledger has entries or not."""
    before, after = told.change.before, told.change.after
    if after is None:
        return Happened.ERASED if told.type == ERASED_TYPE else Happened.REMOVED
    if before is not None:
        only_moved = _figures(before)[1:] == _figures(after)[1:]
        return Happened.MOVED if only_moved else Happened.EDITED
    if was_there:
        return Happened.RESTORED
    return Happened.LATE if told.known_at - after.rated_at > LATE_AFTER else Happened.NEW


def days_past(appended: Iterable[LedgerEntry], now: datetime) -> list[ChangedDay]:
    """Return the days before the present one that entries are shown on, by tenant. Usually there is none."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    past = {
        (each.told.tenant_id, _day(each.shown_at))
        for each in appended
        if each.told.known_at < today and each.shown_at < today
    }
    return [ChangedDay(*each) for each in sorted(past)]


def _day(time: datetime) -> int:
    return (time - EPOCH).days


def changed_again(changes: Iterable[ToldChange]) -> set[str]:
    """Return the ids of reviews that may have entries before this batch."""
    return {told.change.review_id for told in changes if told.change.before is not None or told.type != CREATED_TYPE}


def signed_reviews(change: RevisedChange) -> list[tuple[int, SortedReview]]:
    """Return `(-1, before)` and `(+1, after)`, whichever there are; nothing where no figure could move."""
    before, after = change.before, change.after
    if before is None:
        return [] if after is None else [(1, after)]
    if after is None:
        return [(-1, before)]
    return [] if _figures(before) == _figures(after) else [(-1, before), (1, after)]


_figures = attrgetter(*ScoredReview.__struct_fields__)
"""What figures depend on: the subject first, and no topic."""
assert ScoredReview.__struct_fields__[0] == "subject", "what only moves differs in the first alone"


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
