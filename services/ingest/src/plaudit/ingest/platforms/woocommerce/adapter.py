"""WooCommerce's product reviews: rows of its interface, and what a webhook of an action posts.

Its core has no topic for reviews. `date_created` is in the shop's zone, so the time in UTC is read. A rating of 0 is
none. Texts are HTML. The first post after a webhook was made has no signature.
"""

import re
from datetime import UTC
from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect_rows, read_events, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource

IS_PUBLIC: Final = {"approved": True, "hold": False, "spam": False, "trash": False}
MEMBERS: Final = ("reviewer", "review", "rating", "status")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one review, or a list of them."""
    rows = body if isinstance(body, list) else [body]
    return read_events(expect_rows(rows, *MEMBERS), source, _read)


def _read(review: Fields) -> Item:
    external_id = review.id("id")
    if not review.needed_word("status", IS_PUBLIC):
        return RemoveReview(external_id=external_id, is_standing=True)
    if review.number("rating") == 0:
        raise review.unreadable("rating", "0 stands for none, and a review without a rating is not counted")
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("date_created_gmt", UTC),
        text=review.html("review"),
        person=review.person(email="reviewer_email"),
        verified=review.flag("verified"),
        tags=tags(product=review.name("product_id")),
    )
    return CreateReview(external_id=external_id, content=content)


ADAPTER = Adapter(
    platform="woocommerce",
    title="WooCommerce",
    proof=HmacSignature(header=b"x-wc-webhook-signature", encoding="base64"),
    known="documented",
    tells=Tells(edits="poll", removals="poll", restorations="poll", verified="poll"),
    normalise=normalise,
    ping=re.compile(rb"webhook_id=[0-9]{1,20}"),
    members=MEMBERS,
)
