"""A review without its words: what conditions look at, and when it was published, rated, answered and settled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from plaudit.common.contracts import Answers, ReviewChange, ReviewState

PUBLISHED_ANSWER: Final = "published"
MAX_COUNTED: Final = 1_000
"""Reviews of one person are counted no further."""
SHOWN: Final = 4
"""Reviews of one person that are looked at closer, the last ones."""
MAX_RATINGS: Final = 20
"""Of one review that are kept: the first and the newest ones."""
NEGATIVE_BELOW: Final = 2.5
"""Ratings below it read one or two stars."""


class Rating(NamedTuple):
    """A rating, and since when it stood."""

    rated_at: datetime
    rating: float


class Review(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A review as it stands, or as it stood when it was removed. It holds no text, and of its author only the key."""

    tenant_id: str
    id: str
    revision: int
    subject: str
    source_id: str
    source_name: str
    source_created_at: datetime
    platform: str
    kind: str
    rating: float
    severity: str
    personas: tuple[str, ...]
    topics: tuple[str, ...]
    language: str | None
    verified: bool
    origin: str
    published_at: datetime
    rated_at: datetime
    received_at: datetime
    answered_at: datetime | None
    """When its answer was published; none without an answer that the public can read."""
    resolved_at: datetime | None
    removed_at: datetime | None
    is_backfill: bool
    """Whether it was first told of long after it was published: nobody is called for it."""
    answers: str
    """Whether answers are told where it comes from."""
    person: str | None = None
    """The key of who wrote it; none where the source does not tell."""
    ratings: tuple[float, ...]
    """All that its author gave, the first one first; two that follow each other differ."""
    rated_ats: tuple[datetime, ...]
    """Since when each of them stood."""
    first_answered_at: datetime | None
    """When the first version of its answer was published; none without an answer."""
    base_rating: float | None
    """What a change of the rating is counted from; see `base_of`."""
    base_rated_at: datetime | None
    """Since when that one stood."""

    @property
    def history(self) -> tuple[Rating, ...]:
        """Its ratings, the first one first."""
        return tuple(map(Rating, self.rated_ats, self.ratings))

    @property
    def is_told(self) -> bool:
        """Whether a missing answer says anything."""
        return self.answers != Answers.UNTOLD


class History(msgspec.Struct, frozen=True):
    """What a person has written about us that stands now."""

    reviews: int
    """How many reviews, at most `MAX_COUNTED`."""
    answered: int
    """How many of them have a published answer."""
    last: tuple[Review, ...] = ()
    """The last ones, the newest first."""


def review_of(
    tenant_id: str, change: ReviewChange, recorded_at: datetime, known: Review | None = None
) -> Review | None:
    """Return what a change makes of a review; none where it shows no state of it.

    Args:
        tenant_id: whose.
        change: newer than what is known.
        recorded_at: when the change was recorded; a removal has no other time.
        known: the review as it stood before; none where it is seen for the first time.
    """
    state = change.after or change.before
    if state is None:
        return None
    shown = [each for each in (change.before, change.after) if each is not None]
    history = ratings_of(() if known is None else known.history, (Rating(each.rated_at, each.rating) for each in shown))
    first_answered_at = _first_answered_at(known, change.before, state)
    base = base_of(history, first_answered_at)
    return Review(
        tenant_id=tenant_id,
        id=change.review_id,
        revision=change.revision,
        subject=state.subject,
        source_id=state.source.id,
        source_name=state.source.name,
        source_created_at=state.source.created_at,
        platform=state.source.platform,
        kind=state.kind,
        rating=state.rating,
        severity=state.severity,
        personas=state.personas,
        topics=state.topics,
        language=state.language,
        verified=state.verified,
        origin=state.origin,
        published_at=state.published_at,
        rated_at=state.rated_at,
        received_at=state.received_at,
        answered_at=_answered_at(state),
        resolved_at=None if state.resolution is None else state.resolution.resolved_at,
        removed_at=recorded_at if change.after is None else None,
        is_backfill=change.backfill if known is None else known.is_backfill,
        answers=change.answers,
        person=state.person,
        ratings=tuple(each.rating for each in history),
        rated_ats=tuple(each.rated_at for each in history),
        first_answered_at=first_answered_at,
        base_rating=None if base is None else base.rating,
        base_rated_at=None if base is None else base.rated_at,
    )


def ratings_of(known: Iterable[Rating], told: Iterable[Rating]) -> tuple[Rating, ...]:
    """Return all ratings of a review in the order in which they were given, at most `MAX_RATINGS`.

    What is told of a time replaces what was known of it. A rating that repeats the one before it is none.
    """
    by_time = {each.rated_at: each for each in (*known, *told)}
    ordered = [by_time[at] for at in sorted(by_time)]
    changes = [each for number, each in enumerate(ordered) if number == 0 or each.rating != ordered[number - 1].rating]
    if len(changes) <= MAX_RATINGS:
        return tuple(changes)
    return (changes[0], *changes[1 - MAX_RATINGS :])


def base_of(history: Sequence[Rating], answered_at: datetime | None) -> Rating | None:
    """Return the rating that a later one is compared with.

    Of an answered review it is the rating that stood when the answer was published, so that what was raised before is
    no effect of it; none where that is not known. Without an answer it is the first negative rating, if there is one.
    """
    if answered_at is None:
        return next((each for each in history if each.rating < NEGATIVE_BELOW), None)
    return max((each for each in history if each.rated_at <= answered_at), default=None)


def _first_answered_at(known: Review | None, before: ReviewState | None, state: ReviewState) -> datetime | None:
    """Return when the answer that stands was first published: a changed one keeps the time of its first version."""
    at = _answered_at(state)
    if at is None:
        return None
    shown_before = None if before is None else _answered_at(before)
    earlier = shown_before if known is None else known.first_answered_at
    return at if earlier is None else min(earlier, at)


def _answered_at(state: ReviewState) -> datetime | None:
    is_public = state.answer is not None and state.answer.state == PUBLISHED_ANSWER
    return state.answer.published_at if state.answer is not None and is_public else None
