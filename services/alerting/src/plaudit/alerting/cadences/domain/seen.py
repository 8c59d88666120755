"""What is read of reviews, scores and requests, and what of it is kept: no word, no author."""

import math
from datetime import datetime
from typing import Final

import msgspec

from plaudit.alerting.cadences.domain.digest import SeenReview
from plaudit.alerting.cadences.domain.person import Happening, Told, latest
from plaudit.common.contracts import Answer, Kind
from plaudit.common.contracts.time import Instant

STARS: Final = frozenset({Kind.STARS, Kind.THUMBS})
"""Kinds of reviews that count in stars."""
TRUST: Final = "trust"
"""The profile whose score the digest tells."""
PUBLISHED: Final = "published"


class ReviewState(msgspec.Struct, frozen=True, gc=False):
    """What is read of a review's state."""

    subject: str
    kind: Kind
    rating: float
    published_at: Instant
    rated_at: Instant
    edited_at: Instant | None = None
    person: str | None = None
    answer: Answer | None = None
    topics: tuple[str, ...] = ()


class ReviewFacts(msgspec.Struct, frozen=True, gc=False):
    """What is read of a review's change."""

    review_id: str
    revision: int
    before: ReviewState | None
    after: ReviewState | None
    backfill: bool = False

    @property
    def author(self) -> str | None:
        """The person key of whoever wrote it."""
        state = self.after or self.before
        return None if state is None else state.person


class ProfileFigure(msgspec.Struct, frozen=True):
    """What is read of a score by one profile."""

    score: float | None
    count: int


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The last score of a subject."""

    tenant_id: str
    subject: str
    number: int
    score: float | None
    count: int


class Scores(msgspec.Struct, frozen=True):
    """What is read of a change of scores."""

    subject: str
    number: int
    profiles: dict[str, ProfileFigure]

    def trust(self, tenant_id: str) -> Score:
        """Return the score that the digest tells."""
        found = self.profiles.get(TRUST) or ProfileFigure(None, 0)
        return Score(
            tenant_id=tenant_id, subject=self.subject, number=self.number, score=found.score, count=found.count
        )


class RequestFacts(msgspec.Struct, frozen=True):
    """What is read of a request of the board."""

    request_id: str
    title: str
    status: str
    votes: int
    created_at: Instant


class Request(msgspec.Struct, frozen=True):
    """What is read of an event of the board."""

    request: RequestFacts


class SeenRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is kept."""

    tenant_id: str
    request_id: str
    title: str
    status: str
    votes: int
    created_at: datetime


class KeptReview(SeenReview, frozen=True, kw_only=True):
    """A review as it is kept for the digest."""

    tenant_id: str
    revision: int
    changed_at: datetime


def wrote(tenant_id: str, change: ReviewFacts, told_at: datetime) -> Happening | None:
    """Return that a customer has written; None where nobody knows which, or nothing is published."""
    state = change.after
    if state is None or state.person is None:
        return None
    written_at = latest(state.published_at, state.rated_at, state.edited_at)
    return Happening(
        tenant_id=tenant_id,
        person=state.person,
        told=Told.REVIEWED,
        subject=state.subject,
        happened_at=written_at or told_at,
        received_at=told_at,
    )


def kept_review(tenant_id: str, change: ReviewFacts, told_at: datetime) -> KeptReview | None:
    """Return what the digest needs of a review; None of one that is not published, old, or counts in no stars."""
    state, before = change.after, change.before
    if state is None or change.backfill or state.kind not in STARS:
        return None
    answer = state.answer
    is_raised = before is not None and _stars(before) < _stars(state)
    return KeptReview(
        tenant_id=tenant_id,
        review_id=change.review_id,
        revision=change.revision,
        subject=state.subject,
        stars=_stars(state),
        topics=state.topics,
        published_at=state.published_at,
        raised_from=_stars(before) if before is not None and is_raised else None,
        raised_at=state.rated_at if is_raised else None,
        answered_at=answer.published_at if answer is not None and answer.state == PUBLISHED else None,
        changed_at=told_at,
    )


def seen_request(tenant_id: str, event: Request) -> SeenRequest:
    """Return how a request stands after an event."""
    request = event.request
    return SeenRequest(
        tenant_id=tenant_id,
        request_id=request.request_id,
        title=request.title,
        status=request.status,
        votes=request.votes,
        created_at=request.created_at,
    )


def _stars(state: ReviewState) -> int:
    """Return the whole stars of a rating: half a star counts up."""
    return math.floor(state.rating + 0.5)
