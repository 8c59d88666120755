"""The feed of revisions in the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

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


def fed_revision_out(fed: FedRevision, partitions: int) -> FedRevisionOut:
    """Return a revision as the API shows it."""
    return FedRevisionOut(
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


def position_out(extent: Extent) -> PublishedPositionOut:
    """Return how far events reach, as the API shows it."""
    return PublishedPositionOut(epoch=extent.epoch, sequences=dict(extent.sequences))


def _content(state: ReviewState | None) -> Any:
    return None if state is None else msgspec.to_builtins(published_state(state))
