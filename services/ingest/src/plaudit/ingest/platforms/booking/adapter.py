"""Booking.com's reviews, in pages of its connectivity interface.

It signs nothing and has no webhook. Ratings go from 1 to 10, in halves and quarters. Times have no zone: the source
needs one. `last_change_timestamp` moves with an answer too, so it does not say that a review was edited; the same time
of an answer is of its last change.
"""

import re
from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import Fields, expect, lines, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.sources.domain import KeyedSource

POINTS: Final = Scale(1.0, 10.0)
LIKED_AND_DISLIKED: Final = ("+ ", "- ")
_PROPERTY: Final = re.compile(r"/properties/([0-9]{1,20})/")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews; the address of the next page tells the property."""
    page = expect(body, "data", "meta")
    data, meta = page["data"], page["meta"]
    if not isinstance(data, dict) or "reviews" not in data:
        raise UnusableBodyError('expected "data" with "reviews"')
    next_page = meta.get("next_page") if isinstance(meta, dict) else None
    found = _PROPERTY.search(next_page) if isinstance(next_page, str) else None
    place = found[1] if found else None

    def read(review: Fields) -> Item:
        return _read(review, place)

    return read_events(data["reviews"], source, read, "data.reviews")


def _read(review: Fields, place: str | None) -> Item:
    content = Content(
        scale=POINTS,
        rating=review.rating("scoring.review_score", POINTS),
        published_at=review.time("created_timestamp"),
        title=review.text("content.headline"),
        text=lines(review.text("content.positive"), review.text("content.negative"), marks=LIKED_AND_DISLIKED),
        language=review.language("content.language_code"),
        verified=True,
        tags=tags(location=place, reference=review.name("reservation_id")),
        answer=review.answer("reply.text", "reply.last_change_timestamp"),
    )
    return CreateReview(external_id=review.id("review_id"), content=content)


ADAPTER = Adapter(
    platform="booking",
    title="Booking.com",
    proof=PathToken(),
    known="documented",
    tells=Tells(edits="poll", answers="poll", verified="poll", location="poll"),
    normalise=normalise,
    members=("data", "meta"),
)
