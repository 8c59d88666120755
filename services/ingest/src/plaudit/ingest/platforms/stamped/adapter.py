"""Stamped's reviews. It sends the secret itself in a header, and times without a zone: the source needs one."""

from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import SharedSecretHeader
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    Content,
    CreateReview,
    Item,
)
from plaudit.ingest.sources.domain import KeyedSource

BOUGHT: Final = ("2",)
"""`reviewVerifiedType` of a buyer; 0 is none."""


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one review."""
    return [read_event(expect(body, "id", "reviewRating", "reviewMessage"), source, _read)]


def _read(review: Fields) -> Item:
    content = Content(
        rating=review.rating("reviewRating"),
        published_at=review.time("dateCreated"),
        title=review.text("reviewTitle"),
        text=review.text("reviewMessage"),
        person=review.person(email="customerEmail"),
        verified=review.flag("reviewVerifiedType", yes=BOUGHT),
        tags=tags(product=review.name("productSKU") or review.name("productId")),
        answer=_answer(review),
    )
    return CreateReview(external_id=review.id("id"), content=content)


def _answer(review: Fields) -> AnswerContent | UnsetType:
    text = review.text("reviewReply")
    if not isinstance(text, str):
        return UNSET
    published_at = review.time("reviewReplyDate")
    return AnswerContent(text=text, published_at=None if published_at is UNSET else published_at)


ADAPTER = Adapter(
    platform="stamped",
    title="Stamped",
    proof=SharedSecretHeader(header=b"x-stamped-webhook-secret"),
    known="shape",
    tells=Tells(edits="push", answers="push", verified="push"),
    normalise=normalise,
    members=("id", "reviewRating", "reviewMessage"),
)
