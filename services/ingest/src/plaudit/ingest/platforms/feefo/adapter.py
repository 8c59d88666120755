"""Feefo's reviews, in pages of its interface: one entry for each order, with a service and several product reviews.

Feefo signs nothing and has no webhook. A change of a rating or a title stands in the thread, with its time. The
recommendation from 0 to 10 of an order has no id of its own, and is not read.
"""

from datetime import datetime
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError, check_count
from plaudit.ingest.platforms.fields import not_an_object
from plaudit.ingest.platforms.payload import Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    Content,
    CreateReview,
    Ignored,
    Item,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.sources.domain import KeyedSource

IS_PUBLIC: Final = {"published": True, "pending": False, "rejected": False}
EDITS: Final = frozenset({"customer_rerate", "customer_retitle"})


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of orders: the service review of each, then those of its products."""
    orders = expect(body, "reviews", "summary")["reviews"]
    if not isinstance(orders, list):
        raise UnusableBodyError('expected "reviews" to be an array')
    items = [item for index, order in enumerate(orders) for item in _of_order(order, source, f"reviews.{index}")]
    check_count([*items])
    return items


def _of_order(order: object, source: KeyedSource, root: str) -> list[Item]:
    if not isinstance(order, dict):
        return [not_an_object(order, f"{root}: must be an object")]
    products = order.get("products")
    parts = {"service": order.get("service")} if order.get("service") is not None else {}
    if isinstance(products, list):
        parts.update({f"products.{index}": product for index, product in enumerate(products)})
    if not parts:
        return [Ignored(f"{root}: holds no review")]
    return [
        read_event({"order": order, "review": part}, source, _read, f"{root}.{name}") for name, part in parts.items()
    ]


def _read(event: Fields) -> Item:
    order, review = event.inner("order"), event.inner("review")
    external_id = review.id("id")
    if not review.needed_word("moderation_status", IS_PUBLIC):
        return RemoveReview(external_id=external_id, is_standing=True)
    scale = _scale(review)
    content = Content(
        scale=scale,
        rating=review.rating("rating.rating", scale),
        published_at=review.time("created_at"),
        edited_at=_edited_at(review),
        title=review.text("title"),
        text=review.text("review"),
        url=review.link("url") or order.link("url"),
        person=order.person(email="customer.email"),
        verified=True,
        tags=tags(
            "product-review" if review.get("product") is not UNSET else None,
            location=order.name("merchant.identifier"),
            reference=order.name("customer.order_ref"),
            product=review.name("product.sku"),
        ),
        answer=_answer(review),
    )
    return CreateReview(external_id=external_id, content=content)


def _scale(review: Fields) -> Scale:
    worst, best = review.number("rating.min"), review.number("rating.max")
    if not isinstance(worst, float) or not isinstance(best, float):
        raise review.unreadable("rating", "must have min and max")
    return Scale(worst, best)


def _edited_at(review: Fields) -> datetime | UnsetType:
    times = [entry.time("created_at") for entry in review.each("thread") if entry.name("type") in EDITS]
    return max((time for time in times if time is not UNSET), default=UNSET)


def _answer(review: Fields) -> AnswerContent | UnsetType:
    """Return the merchant's first comment, whose time is when it answered."""
    comments = [entry for entry in review.each("thread") if entry.name("type") == "merchant_comment"]
    return comments[0].answer("comment", "created_at") if comments else UNSET


ADAPTER = Adapter(
    platform="feefo",
    title="Feefo",
    proof=PathToken(),
    known="shape",
    tells=Tells(edits="poll", removals="poll", restorations="poll", answers="poll", verified="poll", location="poll"),
    normalise=normalise,
    members=("reviews", "summary"),
)
