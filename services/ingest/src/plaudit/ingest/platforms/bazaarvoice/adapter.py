"""Bazaarvoice's reviews, in pages of its Conversations interface.

It has no webhook for reviews, and only its exports are signed. `LastModificationTime` moves with votes and answers too,
so it does not say that a review was edited. A syndicated review was written for another client: it counts there.
"""

from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.payload import Fields, expect, read_events, tags
from plaudit.ingest.platforms.proofs import PathToken
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerState,
    Content,
    CreateReview,
    Ignored,
    Item,
    RemoveReview,
)
from plaudit.ingest.reviews.domain.scales import STARS_MIN, Scale
from plaudit.ingest.sources.domain import KeyedSource

IS_PUBLIC: Final = {"approved": True, "submitted": False, "pending": False, "rejected": False, "removedbyclient": False}
BOUGHT: Final = "verifiedPurchaser"


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews."""
    return read_events(expect(body, "Results", "TotalResults")["Results"], source, _read, "Results")


def _read(review: Fields) -> Item:
    external_id = review.id("Id")
    if not review.needed_word("ModerationStatus", IS_PUBLIC):
        return RemoveReview(external_id=external_id, is_standing=True)
    if review.flag("IsSyndicated") is True:
        return Ignored("IsSyndicated: a copy of another client's review, which counts there")
    best = review.number("RatingRange")
    if not isinstance(best, float):
        raise review.unreadable("RatingRange", "is missing")
    scale = Scale(STARS_MIN, best)
    badges = review.get("Badges")
    content = Content(
        scale=scale,
        rating=review.rating("Rating", scale),
        published_at=review.time("SubmissionTime"),
        title=review.text("Title"),
        text=review.text("ReviewText"),
        language=review.language("ContentLocale"),
        person=review.person(person_id="AuthorId"),
        verified=True if isinstance(badges, dict) and BOUGHT in badges else UNSET,
        tags=tags(product=review.name("ProductId"), campaign=review.name("CampaignId")),
        answer=_answer(review),
    )
    return CreateReview(external_id=external_id, content=content)


def _answer(review: Fields) -> AnswerContent | UnsetType:
    """Return the first response of the client; none any more where the list is empty."""
    if review.get("ClientResponses") is UNSET:
        return UNSET
    first = next(review.each("ClientResponses"), None)
    return AnswerContent(state=AnswerState.REMOVED) if first is None else first.answer("Response", "Date")


ADAPTER = Adapter(
    platform="bazaarvoice",
    title="Bazaarvoice",
    proof=PathToken(),
    known="recorded",
    tells=Tells(edits="poll", removals="poll", restorations="poll", answers="poll", verified="poll"),
    normalise=normalise,
    members=("Results", "TotalResults"),
)
