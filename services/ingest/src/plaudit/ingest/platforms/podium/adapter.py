"""Podium's review webhooks: one of the few platforms that tell of an answer at once.

A recommendation is kept by Podium as 5 or 1, and so it is here.
"""

from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Events, Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    Content,
    CreateReview,
    EditReview,
    Item,
)
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {
    "review.created": CreateReview,
    "review.updated": EditReview,
    "review.response_created": EditReview,
    "review.response_updated": EditReview,
}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    event = expect(body, "data", "metadata")
    metadata = event["metadata"]
    if not isinstance(metadata, dict) or not {"event_type", "eventType"} & metadata.keys():
        raise UnusableBodyError('expected "metadata" with "event_type"')
    return [read_event(event, source, _read)]


def _read(event: Fields) -> Item:
    name = event.name("metadata.event_type") or event.name("metadata.eventType") or ""
    if name not in EVENTS:
        return unknown_type("metadata.event_type", name or "")
    data = event.inner("data")
    places = [place.name("uid") for place in data.each("locations")]
    content = Content(
        rating=data.rating("review.rating"),
        published_at=data.time("createdAt"),
        edited_at=data.edited("updatedAt", "createdAt") if name == "review.updated" else UNSET,
        text=data.text("review.body"),
        url=data.link("review.url"),
        person=data.person(person_id="author.id"),
        tags=tags(location=places[0] if places else None, site=data.name("review.siteName")),
        answer=_answer(data),
    )
    return EVENTS[name](external_id=data.id("uid"), content=content)


def _answer(data: Fields) -> AnswerContent | UnsetType:
    """Return the first response, whose time is when the business answered."""
    for response in data.each("responses"):
        published_at = response.time("createdAt")
        return AnswerContent(
            text=response.text("body") or "", published_at=None if published_at is UNSET else published_at
        )
    return UNSET


ADAPTER = Adapter(
    platform="podium",
    title="Podium",
    proof=HmacSignature(header=b"podium-signature", timestamp_header=b"podium-timestamp", timestamp_form="either"),
    known="documented",
    tells=Tells(edits="push", answers="push", location="push"),
    normalise=normalise,
    members=("data", "metadata"),
)
