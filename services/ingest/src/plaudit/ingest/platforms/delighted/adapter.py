"""Delighted's survey responses. The first one often has no comment yet; it follows in an update.

Only surveys whose scale is known are read: NPS from 0 to 10, CSAT from 1 to 5.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Events, Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    EditReview,
    Item,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {"survey_response.created": CreateReview, "survey_response.updated": EditReview}
KINDS: Final = {"nps": Kind.NPS, "csat": Kind.CSAT}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    return [read_event(expect(body, "event_type", "event_id", "event_data"), source, _read)]


def _read(event: Fields) -> Item:
    name = event.name("event_type") or ""
    if name not in EVENTS:
        return unknown_type("event_type", name or "")
    data = event.inner("event_data")
    kind = data.word("survey_type", KINDS)
    if not isinstance(kind, Kind):
        raise data.unreadable("survey_type", "is missing")
    scale = DEFAULT_SCALES[kind]
    content = Content(
        kind=kind,
        scale=scale,
        rating=data.rating("score", scale, kind),
        published_at=data.time("created_at"),
        edited_at=data.edited("updated_at", "created_at"),
        text=data.text("comment"),
        url=data.link("permalink"),
        person=data.person(email="person.email", person_id="person.id"),
        origin=Origin.INVITED,
        tags=tags(*data.texts("tags")),
    )
    return EVENTS[name](external_id=data.id("id"), content=content)


ADAPTER = Adapter(
    platform="delighted",
    title="Delighted",
    proof=HmacSignature(header=b"x-delighted-webhook-signature", prefix=b"sha256="),
    known="documented",
    tells=Tells(edits="push"),
    normalise=normalise,
    members=("event_type", "event_id", "event_data"),
)
