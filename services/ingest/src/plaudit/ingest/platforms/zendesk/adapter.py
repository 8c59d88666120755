"""Zendesk's satisfaction ratings of tickets: good or bad, in event webhooks and in pages of its interface.

There is one rating for each ticket; another event for it is an edit.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Fields, expect, read_event, read_events, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    Ignored,
    Item,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

EVENT_PREFIX: Final = "zen:event-type:"
RATED: Final = "zen:event-type:ticket.csat_received"
SCORES: Final = {"good": 1.0, "bad": 0.0}
NO_SCORES: Final = frozenset({"offered", "unoffered"})


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event, or a page of ratings."""
    if isinstance(body, dict) and "satisfaction_ratings" in body:
        return read_events(body["satisfaction_ratings"], source, _read_row, "satisfaction_ratings")
    event = expect(body, "type", "subject", "zendesk_event_version")
    if not str(event["type"]).startswith(EVENT_PREFIX):
        raise UnusableBodyError(f'expected "type" to begin with {EVENT_PREFIX}')
    return [read_event(event, source, _read)]


def _read(event: Fields) -> Item:
    if event.name("type") != RATED:
        return unknown_type("type", event.name("type") or "")
    score = event.inner("event").inner("satisfaction_score")
    return _rated(event, score, "time", "detail.requester_id", event.id("detail.id"))


def _read_row(rating: Fields) -> Item:
    return _rated(rating, rating, "updated_at", "requester_id", rating.id("ticket_id"))


def _rated(event: Fields, score: Fields, time: str, requester: str, ticket: str) -> Item:
    if (score.name("score") or "").casefold() in NO_SCORES:
        return Ignored("score: the customer has not rated")
    content = Content(
        kind=Kind.THUMBS,
        scale=DEFAULT_SCALES[Kind.THUMBS],
        rating=score.word("score", SCORES),
        published_at=event.time(time),
        edited_at=event.time(time),
        text=score.text("comment"),
        person=event.person(person_id=requester),
        origin=Origin.INVITED,
        tags=tags(reference=ticket),
    )
    return CreateReview(external_id=f"zen:ticket:{ticket}", content=content)


ADAPTER = Adapter(
    platform="zendesk",
    title="Zendesk",
    proof=HmacSignature(
        header=b"x-zendesk-webhook-signature",
        encoding="base64",
        timestamp_header=b"x-zendesk-webhook-signature-timestamp",
        timestamp_form="iso",
        separator=b"",
        id_header=b"x-zendesk-webhook-invocation-id",
    ),
    known="documented",
    tells=Tells(edits="push"),
    normalise=normalise,
    members=("type", "subject", "zendesk_event_version"),
)
