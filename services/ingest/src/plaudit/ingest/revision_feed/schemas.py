"""The feed of revisions in the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from plaudit.common import contracts
from plaudit.common.events import partition_of
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.reviews.domain.state import Kind, Origin, ReviewState
from plaudit.ingest.reviews.events import published_state
from plaudit.ingest.reviews.schemas import CONTENT_EXAMPLE
from plaudit.ingest.revision_feed.domain import PAGES_AHEAD, Extent, FedRevision


class FedRevisionOut(BaseModel):
    """One revision, with what the public saw before and after it."""

    review_id: UUID = Field(description="The review.")
    source_id: UUID = Field(description="The source that it came from.")
    revision: int = Field(description="Counted from 1, for each review.", examples=[1])
    type: str = Field(description="The type of the event that tells it, if one does.", examples=["review.created"])
    version: int | None = Field(description="The platform's number of this state, where it sends one.")
    known_at: datetime = Field(description="When we learned of it.")
    partition: int = Field(description="The partition of the review's events on the bus.", examples=[5])
    before: dict[str, Any] | None = Field(
        description="The review as events tell it before; null where it was not published."
    )
    after: dict[str, Any] | None = Field(
        description="The same after it. Equal to `before` where only a version was noted; no event tells of that.",
        examples=[CONTENT_EXAMPLE],
    )
    erased: bool = Field(
        description="Whether the review was erased, by this revision or since. Then neither `before` nor `after` is "
        "known any more, and what was made of earlier readings of it is to be taken away.",
        examples=[False],
    )


class PublishedPositionOut(BaseModel):
    """How far the events reach that the feed holds."""

    epoch: int = Field(description="Of the numbers. With another one, begin anew.", examples=[1])
    sequences: dict[str, int] = Field(
        description="Partition → `sequence` of its last event that the feed holds. Apply only later ones; a partition "
        "that is not here begins at 1.",
        examples=[{"5": 1}],
    )


class RevisionPageOut(BaseModel):
    """One page of the feed."""

    items: list[FedRevisionOut] = Field(description="In the order of commits; those of a review in their order.")
    position: PublishedPositionOut = Field(description="The same on all pages of one reading.")
    next: str | None = Field(description="Send it as `after` to get the next page; null at the end.")


_FIGURED: Final = {
    **{name: CONTENT_EXAMPLE[name] for name in ("subject", "kind", "rating", "verified", "origin", "rated_at")},
    "source": {"id": AN_ID},
    "topics": [],
}


class FiguredSourceOut(BaseModel):
    """The account on a platform that a review came from."""

    id: UUID = Field(description="The source.")


class FiguredStateOut(BaseModel):
    """What figures are made of, of a review as events tell it."""

    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    kind: str = Field(description="What sort of statement its rating is.", examples=["stars"])
    rating: float = Field(description="From 1 to 5, perhaps fractional.", examples=[4.0])
    verified: bool = Field(description="Whether the platform knows of the purchase.", examples=[True])
    origin: str = Field(description="Why the customer wrote.", examples=["organic"])
    rated_at: datetime = Field(description="When the present rating was given.")
    source: FiguredSourceOut = Field(description="The account on a platform that it came from.")
    topics: list[str] = Field(description="What it mentions.", examples=[["delivery"]])


class FiguredRevisionOut(BaseModel):
    """One revision, with what figures are made of before and after it."""

    review_id: UUID = Field(description="The review.")
    revision: int = Field(description="Counted from 1, for each review.", examples=[1])
    type: str = Field(description="The type of the event that tells it, if one does.", examples=["review.created"])
    known_at: datetime = Field(description="When we learned of it.")
    partition: int = Field(description="The partition of the review's events on the bus.", examples=[5])
    before: FiguredStateOut | None = Field(description="Before it; null where the review was not published.")
    after: FiguredStateOut | None = Field(description="The same after it.", examples=[_FIGURED])
    erased: bool = Field(
        description="Whether the review was erased, by this revision or since. Then neither `before` nor `after` is "
        "known any more, and what was made of earlier readings of it is to be taken away.",
        examples=[False],
    )


class FiguredPageOut(BaseModel):
    """One page of what figures are made of."""

    items: list[FiguredRevisionOut] = Field(description="In the order of commits; those of a review in their order.")
    position: PublishedPositionOut = Field(description="The same on all pages of one reading.")
    next: str | None = Field(description="Send it as `after` to get the next page; null at the end.")
    ahead: list[str] = Field(
        description="The `next` of the pages that follow, as far as it is known by now: with the same `limit`, these "
        "pages may be asked for at the same time. What follows a page is what its own `next` says.",
        max_length=PAGES_AHEAD,
        examples=[[]],
    )


class ToldRevision(msgspec.Struct, frozen=True, gc=False):
    """`FedRevisionOut` as it is written: made once for each revision, without being checked again."""

    review_id: UUID
    source_id: UUID
    revision: int
    type: str
    version: int | None
    known_at: datetime
    partition: int
    before: contracts.ReviewState | None
    after: contracts.ReviewState | None
    erased: bool


class ToldPosition(msgspec.Struct, frozen=True):
    """`PublishedPositionOut` as it is written."""

    epoch: int
    sequences: Mapping[str, int]


class ToldPage(msgspec.Struct, frozen=True):
    """`RevisionPageOut` as it is written."""

    items: list[ToldRevision]
    position: ToldPosition
    next: str | None


class FiguredSource(msgspec.Struct, frozen=True, gc=False):
    """`FiguredSourceOut` as it is written; as the rest."""

    id: str


class FiguredState(msgspec.Struct, frozen=True, gc=False):
    """`FiguredStateOut` as it is written."""

    subject: str
    kind: Kind
    rating: float
    verified: bool
    origin: Origin
    rated_at: datetime
    source: FiguredSource
    topics: tuple[str, ...]


class FiguredRevision(msgspec.Struct, frozen=True, gc=False):
    """`FiguredRevisionOut` as it is written."""

    review_id: UUID
    revision: int
    type: str
    known_at: datetime
    partition: int
    before: FiguredState | None
    after: FiguredState | None
    erased: bool


class FiguredPage(msgspec.Struct, frozen=True):
    """`FiguredPageOut` as it is written."""

    items: list[FiguredRevision]
    position: ToldPosition
    next: str | None
    ahead: list[str]


def told_revision(fed: FedRevision, partitions: int) -> ToldRevision:
    """Return a revision as the API shows it."""
    return ToldRevision(
        review_id=fed.review_id,
        source_id=fed.source_id,
        revision=fed.revision,
        type=fed.type,
        version=fed.version,
        known_at=fed.known_at,
        partition=partition_of(fed.partition_key.encode(), partitions),
        before=_content(fed.before),
        after=_content(fed.after),
        erased=fed.is_erased,
    )


def figured_revision(fed: FedRevision, partitions: int) -> FiguredRevision:
    """Return what figures are made of, of a revision, as the API shows it."""
    return FiguredRevision(
        fed.review_id,
        fed.revision,
        fed.type,
        fed.known_at,
        partition_of(fed.partition_key.encode(), partitions),
        _figured(fed.before),
        _figured(fed.after),
        fed.is_erased,
    )


def told_position(extent: Extent) -> ToldPosition:
    """Return how far events reach, as the API shows it."""
    return ToldPosition(extent.epoch, extent.sequences)


def _content(state: ReviewState | None) -> contracts.ReviewState | None:
    return None if state is None else published_state(state)


def _figured(state: ReviewState | None) -> FiguredState | None:
    if state is None:
        return None
    return FiguredState(
        state.subject,
        state.kind,
        state.rating,
        state.verified,
        state.origin,
        state.rated_at,
        FiguredSource(state.source.id),
        state.topics,
    )
