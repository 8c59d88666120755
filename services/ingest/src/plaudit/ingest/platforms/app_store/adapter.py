"""App Store Connect: pages of customer reviews, each with the developer's response. Apple posts nothing.

A review has one time, that of its creation: an edit is seen by its content alone. A response has the time of its last
change, and is published some time after it was sent.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.payload import Fields, UnreadableFieldError, read_events, tags
from plaudit.ingest.platforms.proofs import NoDeliveries
from plaudit.ingest.reviews.domain.instructions import AnswerContent, AnswerState, Content, CreateReview, Item
from plaudit.ingest.sources.domain import KeyedSource

REVIEWS: Final = "customerReviews"
RESPONSES: Final = "customerReviewResponses"
RESPONSE_STATES: Final = {"published": AnswerState.PUBLISHED, "pending_publish": AnswerState.PENDING}
NO_RESPONSE: Final = AnswerContent(state=AnswerState.REMOVED)


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a page of reviews."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(data, list) or not all(map(_is_review, data)):
        raise UnusableBodyError(f'expected an object with "data", an array of {REVIEWS}')
    responses = _responses(body.get("included"), source)
    return read_events(data, source, lambda review: _read(review, responses), "data")


def _is_review(row: object) -> bool:
    return isinstance(row, dict) and row.get("type") == REVIEWS


def _responses(included: object, source: KeyedSource) -> Mapping[str, Fields]:
    """Return the responses of a page by their own ids and by the ids of their reviews: each is named in one way."""
    found: dict[str, Fields] = {}
    for row in included if isinstance(included, list) else ():
        if isinstance(row, dict) and row.get("type") == RESPONSES:
            response = Fields(row, source, "included")
            found[f"response/{row.get('id')}"] = response
            with suppress(UnreadableFieldError):
                found[f"review/{response.name('relationships.review.data.id')}"] = response
    return found


def _read(review: Fields, responses: Mapping[str, Fields]) -> Item:
    content = Content(
        rating=review.rating("attributes.rating"),
        published_at=review.time("attributes.createdDate"),
        title=review.text("attributes.title"),
        text=review.text("attributes.body"),
        tags=tags(territory=review.name("attributes.territory")),
        answer=_answer(review, responses),
    )
    return CreateReview(external_id=review.id("id"), content=content)


def _answer(review: Fields, responses: Mapping[str, Fields]) -> AnswerContent | UnsetType:
    named = review.name("relationships.response.data.id")
    response = responses.get(f"response/{named}") or responses.get(f"review/{review.id('id')}")
    if response is None:
        told = review.get("relationships.response.data") if named is None else UNSET
        return NO_RESPONSE if told is None else UNSET
    text = response.text("attributes.responseBody")
    if not isinstance(text, str):
        return UNSET
    at = response.time("attributes.lastModifiedDate")
    state = response.word("attributes.state", RESPONSE_STATES)
    return AnswerContent(
        text=text,
        published_at=None if at is UNSET else at,
        state=AnswerState.PUBLISHED if state is UNSET else state,
    )


ADAPTER = Adapter(
    platform="app-store",
    title="App Store Connect",
    proof=NoDeliveries(),
    known="recorded",
    tells=Tells(edits="poll", removals="poll", restorations="poll", answers="poll", location="poll"),
    normalise=normalise,
    members=("data",),
)
