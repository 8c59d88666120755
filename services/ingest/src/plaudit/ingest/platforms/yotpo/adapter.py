"""Yotpo's review webhooks, in both generations: every value a text, and typed.

Yotpo signs nothing. `deleted` and `archived` take a review down, and can be taken back. Answers are not told.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Events, Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    EditReview,
    Item,
    RemoveReview,
)
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {"review_create": CreateReview, "review_updated": EditReview}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    event = expect(body, "event", "data")
    data = event["data"]
    if not isinstance(data, dict) or "app_key" not in data:
        raise UnusableBodyError('expected "data" with the "app_key" of a Yotpo shop')
    return [read_event(event, source, _read)]


def _read(event: Fields) -> Item:
    name = event.name("event") or ""
    if name not in EVENTS:
        return unknown_type("event", name or "")
    data = event.inner("data")
    external_id = data.id("id")
    if data.flag("deleted") is True or data.flag("archived") is True:
        return RemoveReview(external_id=external_id)
    order = data.name("external_order_id") or data.name("order.external_id")
    content = Content(
        rating=data.rating("score"),
        published_at=data.time("created_at"),
        edited_at=data.edited("updated_at", "created_at"),
        title=data.text("title"),
        text=data.text("content"),
        person=data.person(email="customer_email", person_id="user_id"),
        verified=data.flag("verified_buyer"),
        tags=tags(reference=order, product=data.name("external_product_id")),
    )
    return EVENTS[name](external_id=external_id, content=content)


ADAPTER = Adapter(
    platform="yotpo",
    title="Yotpo",
    proof=PathToken(id_header=b"eventid"),
    known="documented",
    tells=Tells(edits="push", removals="push", restorations="push", verified="push"),
    normalise=normalise,
    members=("event", "data"),
)
