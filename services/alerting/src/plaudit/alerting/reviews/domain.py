"""A review without its words: what conditions look at, and when it was published, answered and settled."""

from datetime import datetime
from typing import Final

import msgspec

from plaudit.common.contracts import Answers, ReviewChange, ReviewState

PUBLISHED_ANSWER: Final = "published"
MAX_COUNTED: Final = 1_000
"""Reviews of one person are counted no further."""
SHOWN: Final = 4
"""Reviews of one person that are looked at closer, the last ones."""


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


def review_of(tenant_id: str, change: ReviewChange, recorded_at: datetime) -> Review | None:
    """Return what a change makes of a review; none where it shows no state of it."""
    state = change.after or change.before
    if state is None:
        return None
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
        is_backfill=change.backfill,
        answers=change.answers,
        person=state.person,
    )


def _answered_at(state: ReviewState) -> datetime | None:
    is_public = state.answer is not None and state.answer.state == PUBLISHED_ANSWER
    return state.answer.published_at if state.answer is not None and is_public else None
