"""Yext's review webhooks: reviews of many publishers, with the comments of the business among them."""

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
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, STARS_SCALE
from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {"REVIEW_CREATED": CreateReview, "REVIEW_UPDATED": EditReview}
REMOVED: Final = "REVIEW_DELETED"
IS_PUBLIC: Final = {"live": True, "quarantined": False, "removed": False}
THUMBS: Final = {"recommended": 1.0, "not recommended": 0.0}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    event = expect(body, "meta", "review")
    if not isinstance(event["meta"], dict) or "eventType" not in event["meta"]:
        raise UnusableBodyError('expected "meta" with "eventType"')
    return [read_event(event, source, _read)]


def _read(event: Fields) -> Item:
    name = event.name("meta.eventType") or ""
    if name not in EVENTS and name != REMOVED:
        return unknown_type("meta.eventType", name or "")
    review = event.inner("review")
    external_id = review.id("id")
    if name not in EVENTS or review.word("status", IS_PUBLIC) is False:
        return RemoveReview(external_id=external_id, is_standing=name in EVENTS)
    is_thumb = (review.name("reviewType") or "").casefold() == "recommendation"
    content = Content(
        kind=Kind.THUMBS if is_thumb else Kind.STARS,
        scale=DEFAULT_SCALES[Kind.THUMBS] if is_thumb else STARS_SCALE,
        rating=review.word("recommendation", THUMBS) if is_thumb else review.rating("rating"),
        published_at=review.time("publisherDate"),
        edited_at=review.edited("lastYextUpdateTime", "publisherDate") if name == "REVIEW_UPDATED" else UNSET,
        title=review.text("title"),
        text=review.text("content"),
        language=review.language("reviewLanguage"),
        url=review.link("url"),
        person=review.person(email="authorEmail"),
        tags=tags(
            location=review.name("entityId"),
            publisher=review.name("publisherId"),
            reference=review.name("transactionId"),
        ),
        answer=_answer(review),
    )
    return EVENTS[name](external_id=external_id, content=content)


def _answer(review: Fields) -> AnswerContent | UnsetType:
    """Return the first public comment of the business, whose time is when it answered."""
    for comment in review.each("comments"):
        if comment.name("authorRole") == "BUSINESS_OWNER" and comment.name("visibility") != "PRIVATE":
            published_at = comment.time("publisherDate")
            return AnswerContent(
                text=comment.text("content") or "", published_at=None if published_at is UNSET else published_at
            )
    return UNSET


ADAPTER = Adapter(
    platform="yext",
    title="Yext",
    proof=HmacSignature(header=b"x-yext-signature"),
    known="documented",
    tells=Tells(edits="push", removals="push", restorations="push", answers="push", location="push"),
    normalise=normalise,
    members=("meta", "review"),
)
