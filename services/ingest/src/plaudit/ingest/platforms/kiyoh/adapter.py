"""Kiyoh's and Klantenvertellen's reviews, in the feed that a location publishes.

They sign nothing and have no webhook. Ratings go from 1 to 10. `reviewComments` is the answer, without a time; and
`updatedSince` moves with an answer too, so it does not say that a review was edited.
"""

from typing import Final

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item
from plaudit.ingest.reviews.domain.scales import Scale
from plaudit.ingest.sources.domain import KeyedSource

POINTS: Final = Scale(1.0, 10.0)
TITLE: Final = "DEFAULT_ONELINER"
TEXT: Final = "DEFAULT_OPINION"


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read the feed of a location."""
    feed = expect(body, "reviews", "locationId")
    location = feed["locationId"]

    def read(review: Fields) -> Item:
        return _read(review, Fields({"locationId": location}, source))

    return read_events(feed["reviews"], source, read, "reviews")


def _read(review: Fields, feed: Fields) -> Item:
    said = {answer.name("questionGroup"): answer for answer in review.each("reviewContent")}
    content = Content(
        scale=POINTS,
        rating=review.rating("rating", POINTS),
        published_at=review.time("dateSince"),
        title=said[TITLE].text("rating") if TITLE in said else None,
        text=said[TEXT].text("rating") if TEXT in said else None,
        tags=tags(location=feed.name("locationId")),
        answer=review.answer("reviewComments"),
    )
    return CreateReview(external_id=review.id("reviewId"), content=content)


ADAPTER = Adapter(
    platform="kiyoh",
    title="Kiyoh",
    proof=PathToken(),
    known="recorded",
    tells=Tells(edits="poll", answers="poll", location="poll"),
    normalise=normalise,
    members=("reviews", "locationId"),
)
