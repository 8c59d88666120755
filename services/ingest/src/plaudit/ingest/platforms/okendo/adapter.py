"""Okendo's review webhooks. They are not sent in order; `sequenceNumber` tells it.

It has more digits than a version here, and a large constant part. So the numbers from 10^20 on count from there, and
one that fits neither way leaves the order of receipt.
"""

import re
from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.fields import MAX_VERSION, unknown_type
from plaudit.ingest.platforms.payload import Events, Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import StandardWebhooks
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    EditReview,
    Item,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.state import Origin
from plaudit.ingest.sources.domain import KeyedSource

EVENTS: Final[Events] = {"create": CreateReview, "update": EditReview}
REMOVED: Final = "delete"
IS_PUBLIC: Final = {"approved": True, "published": True, "pending": False, "rejected": False, "hidden": False}
FIRST_LARGE: Final = 10**20

_SEQUENCE_NUMBER: Final = re.compile(r"[0-9]{1,40}")
_PRODUCT_PREFIX: Final = re.compile(r"^(?:shopify-|gid://shopify/Product/)")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one event."""
    return [read_event(expect(body, "resource", "resourceType", "topic"), source, _read)]


def _read(event: Fields) -> Item:
    topic, kind = event.name("topic"), event.name("resourceType")
    if kind != "review" or topic not in {*EVENTS, REMOVED}:
        return unknown_type("type and topic", f"{kind}/{topic}")
    review = event.inner("resource")
    external_id, version = review.id("reviewId"), _version(event)
    if topic == REMOVED or review.word("status", IS_PUBLIC) is False:
        return RemoveReview(external_id=external_id, version=version)
    product = review.name("productId")
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("dateCreated"),
        edited_at=review.edited("dateUpdated", "dateCreated"),
        title=review.text("title"),
        text=review.text("body"),
        person=review.person(email="reviewer.email", person_id="subscriberId"),
        verified=review.flag("isVerifiedBuyer"),
        origin=Origin.INCENTIVISED if review.flag("isIncentivized") is True else Origin.ORGANIC,
        tags=tags(product=_PRODUCT_PREFIX.sub("", product) if product else None),
    )
    return EVENTS[str(topic)](external_id=external_id, version=version, content=content)


def _version(event: Fields) -> int | None:
    written = event.name("sequenceNumber")
    if written is None:
        return None
    if not _SEQUENCE_NUMBER.fullmatch(written):
        raise event.unreadable("sequenceNumber", "must be a whole number")
    number = int(written)
    version = number if number <= MAX_VERSION else number - FIRST_LARGE
    return version if 0 <= version <= MAX_VERSION else None


ADAPTER = Adapter(
    platform="okendo",
    title="Okendo",
    proof=StandardWebhooks(),
    known="documented",
    tells=Tells(edits="push", removals="push", restorations="push", versions="push", verified="push"),
    normalise=normalise,
    members=("resource", "resourceType", "topic"),
)
