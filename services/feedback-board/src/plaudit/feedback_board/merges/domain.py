"""When a request may be merged into another one, and what a preview of that tells."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError, MergedRequestError
from plaudit.feedback_board.requests.domain.request import Request

MAX_SET_REQUESTS: Final = 1_000
"""Requests of one set. A merge locks all of both sets, and changes a row of each."""


class MergeNotPossibleError(BoardRefusedError):
    """These two requests cannot be merged so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """One merge that stands, as it was made."""

    tenant_id: str
    request_id: UUID
    into_id: UUID
    """What was the root then. It may have been merged into another one since."""
    reason: str
    actor: str
    merged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a merge changes of the figures of a request, counted at one instant."""

    votes: int
    anonymous_votes: int
    """Of `votes`, those of visitors who did not sign in."""
    reach: int
    linked_reviews: int
    merged_requests: int
    """How many requests are merged into it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a merge would do."""

    request: Request
    """What would be merged."""
    into: Request
    """The root that it would be merged into."""
    request_now: Counts
    into_now: Counts
    into_after: Counts

    @property
    def voted_for_both(self) -> int:
        """How many people have voted for both: they count once."""
        return self.request_now.votes + self.into_now.votes - self.into_after.votes


def check_merge(request: Request, into: Request, root_id: UUID) -> None:
    """Check that a request may be merged into another one, or into the root of its set.

    Raises:
        InvalidInputError: both are the same request.
        MergedRequestError: the request is merged already, into another root.
        MergeNotPossibleError: the other one is merged into this one.
    """
    if request.id == into.id:
        raise InvalidInputError("into", "a request cannot be merged into itself; name another one")
    if request.merged_into is not None:
        raise MergedRequestError(request.merged_into)
    if root_id == request.id:
        raise MergeNotPossibleError(
            f"{into.id} is merged into this request. Undo that merge first, and then merge the other way round."
        )


def check_size(*sets: Collection[UUID]) -> None:
    """Check that these sets are not too large to become one.

    Raises:
        MergeNotPossibleError: they are.
    """
    if (size := sum(map(len, sets))) > MAX_SET_REQUESTS:
        raise MergeNotPossibleError(
            f"These would be {size} requests in one; at most {MAX_SET_REQUESTS} can be merged with each other."
        )
