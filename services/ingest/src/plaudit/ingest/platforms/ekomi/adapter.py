"""eKomi's feedback, in the lists of its interface.

eKomi signs nothing and has no webhook. It gives no id of a review: the number of the order is the identity, of product
feedback together with the product. `comment` is the shop's answer, without a time. Line breaks come as two characters.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect_rows, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.sources.domain import KeyedSource

MEMBERS: Final = ("submitted", "order_id", "rating")


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a list of feedback."""
    return read_events(expect_rows(body, *MEMBERS), source, _read)


def _read(feedback: Fields) -> Item:
    order, product = feedback.id("order_id"), feedback.name("product_id")
    text = feedback.text("review")
    content = Content(
        rating=feedback.rating("rating"),
        published_at=feedback.time("submitted"),
        text=text.replace("\\n", "\n") if isinstance(text, str) else text,
        verified=True,
        tags=tags("product-review" if product else None, reference=order, product=product),
        answer=feedback.answer("comment"),
    )
    return CreateReview(external_id=f"{order}/{product}" if product else order, content=content)


ADAPTER = Adapter(
    platform="ekomi",
    title="eKomi",
    proof=PathToken(),
    known="shape",
    tells=Tells(answers="poll", verified="poll"),
    normalise=normalise,
    members=MEMBERS,
    in_array=True,
)
