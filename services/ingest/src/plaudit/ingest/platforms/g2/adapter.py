"""G2's reviews, in pages of its interface: those there are, and those that were removed.

G2 signs nothing and has no webhook. Of an official response it says only that there is one, so answers are not told.
`user_updated_at` is of the author's profile, not of the review.
"""

from typing import Final

from msgspec import UNSET

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError, check_count
from plaudit.ingest.platforms.payload import Fields, expect, lines, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import Content, CreateReview, Item, RemoveReview
from plaudit.ingest.reviews.domain.state import Origin
from plaudit.ingest.sources.domain import KeyedSource

ANSWERS: Final = {"love": "+ ", "hate": "- ", "recommendations": "", "benefits": ""}
"""The questions whose answers are the text → what marks each."""


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews, or several."""
    pages = body if isinstance(body, list) else [body]
    items = [item for page in pages for item in read_events(_rows(page), source, _read, "data")]
    check_count([*items])
    return items


def _rows(page: object) -> object:
    rows = expect(page, "data", "links")["data"]
    if not isinstance(rows, list) or any(isinstance(row, dict) and row.get("type") != "reviews" for row in rows):
        raise UnusableBodyError('expected "data" to be an array of objects of the type "reviews"')
    return rows


def _read(row: Fields) -> Item:
    external_id, review = row.id("id"), row.inner("attributes")
    if review.name("removed_at") or review.flag("is_public") is False:
        return RemoveReview(external_id=external_id, is_standing=True)
    content = Content(
        rating=review.rating("star_rating"),
        published_at=review.time("published_at"),
        title=review.text("title"),
        text=lines(*(review.text(f"answers.{name}.value") for name in ANSWERS), marks=ANSWERS.values()),
        url=review.link("url"),
        person=row.person(person_id="relationships.user.data.id"),
        verified=review.flag("verified_current_user"),
        origin=Origin.INCENTIVISED if review.flag("review_incentive") is True else UNSET,
        tags=tags(product=review.name("product_name")),
    )
    return CreateReview(external_id=external_id, content=content)


ADAPTER = Adapter(
    platform="g2",
    title="G2",
    proof=PathToken(),
    known="documented",
    tells=Tells(edits="poll", removals="poll", restorations="poll", verified="poll"),
    normalise=normalise,
    members=("data", "links"),
)
