"""REVIEWS.io: webhooks for company and product reviews, and pages of its interface.

A webhook holds no time, so its review counts from its receipt. Product reviews have numbers of their own, which are
marked so that they never meet those of company reviews.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import Fields, expect, read_event, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    Item,
)
from plaudit.ingest.sources.domain import KeyedSource

ID_PREFIXES: Final = {"company": "", "product": "product-"}


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one review of a webhook, or a page of reviews."""
    if isinstance(body, dict) and "store" in body:
        page = body.get("reviews")
        return read_events(page.get("data") if isinstance(page, dict) else None, source, _read_row, "reviews.data")
    event = expect(body, "id", "review_type", "rating")
    if event["review_type"] not in [*ID_PREFIXES]:
        raise UnusableBodyError('expected "review_type" to be company or product')
    return [read_event(event, source, _read)]


def _read(review: Fields) -> Item:
    prefix = ID_PREFIXES[str(review.name("review_type"))]
    content = Content(
        rating=review.rating("rating"),
        text=review.text("comments"),
        person=review.person(email="user.email_address"),
        tags=tags(
            "product-review" if prefix else None, reference=review.name("order_id"), product=review.name("product.sku")
        ),
    )
    return CreateReview(external_id=prefix + review.id("id"), content=content)


def _read_row(review: Fields) -> Item:
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("date_created"),
        text=review.text("review"),
        verified=review.flag("reviewer.verified_buyer"),
    )
    return CreateReview(external_id=review.id("store_review_id"), content=content)


ADAPTER = Adapter(
    platform="reviews-io",
    title="REVIEWS.io",
    proof=PathToken(),
    known="documented",
    tells=Tells(edits="push", verified="poll"),
    normalise=normalise,
    members=("id", "review_type", "rating"),
)
