"""Replays in the API."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from msgspec.structs import asdict
from pydantic import BaseModel, Field, model_validator

from plaudit.common.http import WHOLE, Body, Instant
from plaudit.common.http.openapi_examples import AN_ID
from plaudit.ingest.platforms.adapter import MAX_EVENTS
from plaudit.ingest.replays.domain import Replay

MAX_REASON_CHARS = 2_000


class ReplayIn(Body):
    """What to replay: one delivery, or what came to a source."""

    delivery_id: UUID | None = Field(default=None, description="A delivery. This, or `source_id`.")
    event_index: Annotated[int, Field(ge=0, lt=MAX_EVENTS), WHOLE] | None = Field(
        default=None, description="Only this event of the delivery, from 0."
    )
    source_id: UUID | None = Field(default=None, description="A source: all that came to it, or a range of it.")
    received_from: Instant | None = Field(default=None, description="Of the source, only what came since.")
    received_before: Instant | None = Field(default=None, description="Of the source, only what came before.")
    quarantined_only: bool = Field(default=False, strict=True, description="Only what could not be taken.")
    reason: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_REASON_CHARS,
        pattern=r"^[^\x00]*$",
        description="Only events that are quarantined for exactly this reason.",
    )

    @model_validator(mode="after")
    def _check_that_one_is_named(self) -> Self:
        if (self.delivery_id is None) == (self.source_id is None):
            raise ValueError("name `delivery_id` or `source_id`, not both")
        if self.event_index is not None and self.delivery_id is None:
            raise ValueError("`event_index` is a place in a delivery: name `delivery_id`")
        if self.delivery_id is not None and (self.received_from or self.received_before):
            raise ValueError("a range of time is for a source: name `source_id`")
        return self


class ReplayCountsOut(BaseModel):
    """What has become of what a replay has come to."""

    deliveries: int = Field(description="Deliveries that it has come to.", examples=[0])
    taken: int = Field(
        description="Events that are taken now and were not before, or are read otherwise.", examples=[0]
    )
    unchanged: int = Field(description="Events that say nothing new: taken before, stale or repeated.", examples=[0])
    held: int = Field(description="Events that wait for their reviews.", examples=[0])
    ignored: int = Field(description="Events that are not for us.", examples=[0])
    quarantined: int = Field(description="Events that can still not be taken.", examples=[0])
    erased: int = Field(description="Deliveries whose bytes are gone, for something in them was erased.", examples=[0])
    unreadable: int = Field(description="Deliveries that can still not be read.", examples=[0])
    failed: int = Field(description="Deliveries that the database refuses with their content.", examples=[0])


class ReplayOut(BaseModel):
    """A replay, and how far it is."""

    id: UUID = Field(description="Its id.")
    source_id: UUID = Field(description="The source whose deliveries it reads again.")
    delivery_id: UUID | None = Field(description="The one delivery that it is about.", examples=[AN_ID])
    event_index: int | None = Field(description="The one event of it.")
    received_from: datetime | None = Field(description="Only what came since.")
    received_before: datetime = Field(description="Only what came before; at the latest, when it was asked for.")
    quarantined_only: bool = Field(description="Whether it is about what could not be taken only.", examples=[False])
    requested_by: str = Field(description="Who asked for it.", examples=["key:2ddq7sf7p7fb6c7r"])
    requested_at: datetime = Field(description="When.")
    total: int | None = Field(description="How many deliveries it is about; null until they are counted.")
    counts: ReplayCountsOut = Field(description="What has become of them so far.")
    finished_at: datetime | None = Field(description="When it was done; null while it goes on.")


def replay_out(replay: Replay) -> ReplayOut:
    """Return a replay as the API shows it."""
    return ReplayOut.model_validate(asdict(replay))
