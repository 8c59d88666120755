"""The feed of revisions in the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from plaudit.common import contracts
from plaudit.common.events import partition_of
from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.reviews.events import published_state
from plaudit.ingest.reviews.schemas import CONTENT_EXAMPLE
from plaudit.ingest.revision_feed.domain import Extent, FedRevision


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


def told_revision(fed: FedRevision, partitions: int) -> ToldRevision:
    """Return a revision as the API shows it."""
    return ToldRevision(
        review_id=fed.place.review_id,
        source_id=fed.source_id,
        revision=fed.place.revision,
        type=fed.type,
        version=fed.version,
        known_at=fed.known_at,
        partition=partition_of(fed.partition_key.encode(), partitions),
        before=_content(fed.before),
        after=_content(fed.after),
        erased=fed.is_erased,
    )


def told_position(extent: Extent) -> ToldPosition:
    """Return how far events reach, as the API shows it."""
    return ToldPosition(extent.epoch, extent.sequences)


def _content(state: ReviewState | None) -> contracts.ReviewState | None:
    return None if state is None else published_state(state)
