"""Yelp's reviews: the webhook for partners, and the excerpts of its interface.

Nothing is known of a signature. The webhook holds no text, and a time without a zone, which is that of the message: the
source needs a zone. A page holds three excerpts at most, so what is not in it was not removed.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Fields, expect, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.sources.domain import KeyedSource

NEW: Final = "NEW_REVIEW_EVENT"


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read the updates of one business, or a page of excerpts."""
    if isinstance(body, dict) and "possible_languages" in body and "reviews" in body:
        return read_events(body["reviews"], source, _read_row, "reviews")
    message = expect(body, "object", "data", "time")
    data = message["data"]
    if message["object"] != "business" or not isinstance(data, dict) or "updates" not in data:
        raise UnusableBodyError('expected "object" to be business, and "data" with "updates"')
    whole = Fields(message, source)

    def read(update: Fields) -> Item:
        return _read(update, whole)

    return read_events(data["updates"], source, read, "data.updates")


def _read(update: Fields, message: Fields) -> Item:
    event = update.name("event_type") or ""
    if event != NEW:
        return unknown_type("event_type", event)
    content = Content(
        rating=update.rating("rating"),
        published_at=message.time("time"),
        language=update.language("language"),
        person=update.person(person_id="user_id"),
        tags=tags(location=message.name("data.id")),
    )
    return CreateReview(external_id=update.id("review_id"), content=content)


def _read_row(review: Fields) -> Item:
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("time_created"),
        text=review.text("text"),
        url=review.link("url"),
        person=review.person(person_id="user.id"),
        tags=tags("excerpt"),
    )
    return CreateReview(external_id=review.id("id"), content=content)


ADAPTER = Adapter(
    platform="yelp",
    title="Yelp",
    proof=PathToken(),
    known="documented",
    tells=Tells(location="push"),
    normalise=normalise,
    members=("object", "data", "time"),
)
