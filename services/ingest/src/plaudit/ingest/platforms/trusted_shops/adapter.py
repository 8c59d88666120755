"""Trusted Shops' reviews, in pages of its eTrusted interface.

Trusted Shops signs nothing and has no webhook for reviews: pages are posted to the secret address, or pulled. Only an
approved review is public; the state can change in both directions. An edit has a time of its own.
"""

from typing import Final

from msgspec import UNSET

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import Fields, expect, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Ignored, Item, RemoveReview
from plaudit.ingest.sources.domain import KeyedSource

IS_PUBLIC: Final = {"approved": True, "submitted": False, "moderation": False, "rejected": False, "discarded": False}
STATEMENT: Final = "STATEMENT"


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews."""
    page = expect(body, "items", "paging")
    if not isinstance(page["paging"], dict):
        raise UnusableBodyError('expected "paging" to be an object')
    return read_events(page["items"], source, _read, "items")


def _read(review: Fields) -> Item:
    if review.name("feedbackType") == STATEMENT:
        return Ignored("feedbackType: a statement is no review")
    external_id = review.id("id")
    if not review.needed_word("state", IS_PUBLIC):
        return RemoveReview(external_id=external_id, is_standing=True)
    content = Content(
        rating=review.rating("rating"),
        published_at=review.time("submittedAt"),
        edited_at=review.time("editedAt"),
        title=review.text("title"),
        text=review.text("comment"),
        language=review.language("questionnaire.locale"),
        person=review.person(email="customer.email"),
        verified=True if review.name("verificationType") == "VERIFIED" else UNSET,
        tags=tags(
            "product-review" if review.name("type") == "PRODUCT_REVIEW" else None,
            location=review.name("channelRef"),
            reference=review.name("transaction.reference"),
        ),
        answer=review.answer("reply.comment", "reply.createdAt"),
    )
    return CreateReview(external_id=external_id, content=content)


ADAPTER = Adapter(
    platform="trusted-shops",
    title="Trusted Shops",
    proof=PathToken(),
    known="shape",
    tells=Tells(edits="poll", removals="poll", restorations="poll", answers="poll", verified="poll", location="poll"),
    normalise=normalise,
    members=("items", "paging"),
)
