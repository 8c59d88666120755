"""The responses to our own surveys: each is one body, made by the survey's page, or by a form of the tenant's own."""

import re
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.common.contracts.subjects import is_subject_within
from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import StandardWebhooks
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

KINDS: Final = {kind.value: kind for kind in (Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES)}
_PERSON: Final = re.compile(r"[0-9a-f]{64}|[a-z0-9-]{1,64}:[^@\s\x00-\x1f\x7f]{1,128}")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one response."""
    return [read_event(expect(body, "invitation", "kind", "rating"), source, _read)]


def _read(event: Fields) -> Item:
    kind = event.word("kind", KINDS)
    if not isinstance(kind, Kind):
        raise event.unreadable("kind", "is missing")
    scale = DEFAULT_SCALES[kind]
    content = Content(
        subject=_subject(event),
        kind=kind,
        scale=scale,
        rating=event.rating("rating", scale, kind),
        published_at=event.time("responded_at"),
        text=event.text("text"),
        person=_person(event),
        verified=True,
        origin=Origin.INVITED,
        tags=tags(reference=event.name("reference")),
    )
    return CreateReview(external_id=event.id("invitation"), content=content)


def _subject(event: Fields) -> str | UnsetType:
    subject = event.name("subject")
    if subject is None:
        return UNSET
    if not is_subject_within(subject, event.source.subject):
        raise event.unreadable("subject", f"must be {event.source.subject!r} or below it")
    return subject


def _person(event: Fields) -> str | UnsetType:
    person = event.name("person")
    if person is not None and not _PERSON.fullmatch(person):
        raise event.unreadable("person", "must be a person key")
    return UNSET if person is None else person


ADAPTER = Adapter(
    platform="survey",
    title="Surveys of Plaudit",
    proof=StandardWebhooks(),
    known="recorded",
    tells=Tells(verified="push", location="push"),
    normalise=normalise,
    members=("invitation", "kind", "rating"),
)
