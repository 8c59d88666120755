"""Judge.me's review webhooks.

A review is public when it is published, not hidden and no spam; otherwise it is removed, and it comes back when that
changes. Answers are never told. There are two kinds of secret: an app's own, and the private token of a shop.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Events, Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    EditReview,
    Item,
    RemoveReview,
)
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {
    "review/created": CreateReview,
    "review/updated": EditReview,
    "review/published": CreateReview,
    "review/unpublished": EditReview,
}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    event = expect(body, "review", "event")
    review = event["review"]
    if not isinstance(review, dict) or "curated" not in review:
        raise UnusableBodyError('expected "review" with "curated"')
    return [read_event(event, source, _read)]


def _read(event: Fields) -> Item:
    name = event.name("event") or ""
    if name not in EVENTS:
        return unknown_type("event", name or "")
    review = event.inner("review")
    external_id = review.id("id")
    if name == "review/unpublished" or not _is_public(review):
        return RemoveReview(external_id=external_id, is_standing=name != "review/unpublished")
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("created_at"),
        edited_at=review.edited("updated_at", "created_at"),
        title=review.text("title"),
        text=review.text("body"),
        person=review.person(email="reviewer.email", person_id="reviewer.id"),
        verified=review.flag("verified", yes=("buyer",), no=("email", "not-yet")),
        tags=tags(product=review.name("product_external_id"), location=event.name("shop_domain")),
    )
    return EVENTS[name](external_id=external_id, content=content)


def _is_public(review: Fields) -> bool:
    is_hidden = review.flag("published") is False or review.flag("hidden") is True
    return not is_hidden and review.name("curated") != "spam"


ADAPTER = Adapter(
    platform="judge-me",
    title="Judge.me",
    proof=HmacSignature(header=b"judgeme-hmac-sha256"),
    known="recorded",
    tells=Tells(edits="push", removals="push", restorations="push", verified="push", location="push"),
    normalise=normalise,
    members=("review", "event"),
)
