"""Events about requests on the public board: `board.v1`, written by feedback-board."""

import msgspec

from plaudit.common.contracts.time import Instant


class RequestState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request as the public sees it."""

    request_id: str
    slug: str
    title: str
    status: str
    votes: int
    reach: int
    created_at: Instant
    impact: str | None = None
    effort_weeks: str | None = None
    priority: str | None = None
    """Impact × reach ÷ effort as a decimal string; null while unsized."""
    anonymous_votes: int = 0
    """Of `votes`, those of visitors who did not sign in."""
    anonymous_reach: int = 0
    """Visitors who voted lately and did not sign in; not in `reach`."""


class RequestChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request was created or sized, or its status was set, with the public reason."""

    request: RequestState
    previous_status: str | None = None
    reason: str | None = None
    backfill: bool = False
    """It came from a file of another board: nobody is told of it."""


class RequestMerge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request was merged into another one, or such a merge was undone.

    `request` is the one that was merged: while it is, its figures stay as they were. `into` is the root that it was
    merged into, whose figures count the people of all that is merged into it.
    """

    request: RequestState
    into: RequestState
    reason: str | None = None
    """Of the merge; none when it was undone."""


class RequestVote(msgspec.Struct, frozen=True, kw_only=True):
    """A person voted, once, or took the vote back. `person` is a person key."""

    request: RequestState
    person: str


class LinkChange(msgspec.Struct, frozen=True, kw_only=True):
    """A review was linked to a request, or the link was removed."""

    request: RequestState
    review_id: str
    review_subject: str


class CommentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A comment became public, was edited, or is public no more. Its words are not on the bus."""

    request: RequestState
    comment_id: str
    by_staff: bool


class ResponseChange(msgspec.Struct, frozen=True, kw_only=True):
    """The official response to a request was written or rewritten; null when it was taken back."""

    request: RequestState
    revision: int
    text: str | None


class ErasureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A person who has proved who it is wants all about them deleted, in every store: ingest begins the erasure."""

    person: str
    requested_at: Instant
