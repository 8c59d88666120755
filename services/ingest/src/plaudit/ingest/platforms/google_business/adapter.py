"""Google Business Profile: notifications through Pub/Sub that only name a review, and what its interface answers.

A review's version is its `updateTime`. Its answer has a time of its own, of the last change, and a state: only an
approved one is public. No notification tells of a removal: it is seen when a review is asked for, or missing in lists.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells, UnusableBodyError
from plaudit.ingest.platforms.fields import as_written
from plaudit.ingest.platforms.payload import Fields, read_event, read_events, tags, version_of, with_answers
from plaudit.ingest.platforms.proofs import OidcBearer
from plaudit.ingest.reviews.domain.instructions import (
    AnswerContent,
    AnswerState,
    Content,
    CreateReview,
    Ignored,
    Item,
    Noticed,
)
from plaudit.ingest.sources.domain import KeyedSource

STARS: Final = {"ONE": 1.0, "TWO": 2.0, "THREE": 3.0, "FOUR": 4.0, "FIVE": 5.0}
NO_STARS: Final = "STAR_RATING_UNSPECIFIED"
ANSWER_STATES: Final = {
    "pending": AnswerState.PENDING,
    "approved": AnswerState.PUBLISHED,
    "rejected": AnswerState.REJECTED,
}
KINDS: Final = ("NEW_REVIEW", "UPDATED_REVIEW")
NAME: Final = re.compile(r"accounts/[\w-]{1,64}/locations/[\w-]{1,64}/reviews/[\w-]{1,128}", re.ASCII)
_KIND_NAMES: Final = ("notificationType", "notification_type", "type")
_REVIEW_NAMES: Final = ("reviewName", "review_name", "review", "name", "reviewResourceName")
"""Spellings that were seen; none is certain."""


class _Message(msgspec.Struct, rename="camel"):
    message_id: str | None = None


class _Push(msgspec.Struct):
    message: _Message


_decode_push = msgspec.json.Decoder(_Push).decode


def message_id(body: bytes) -> str | None:
    """Return the id of a notification, the same in each attempt; None where there is none."""
    try:
        return _decode_push(body).message.message_id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read a notification, one review, or a page of reviews; of a location without reviews the page is empty."""
    if not isinstance(body, dict):
        raise UnusableBodyError('expected an object with "message", "reviews" or "starRating"')
    if isinstance(body.get("message"), dict):
        return [_notification(body["message"])]
    if "starRating" in body:
        return with_answers([read_event(body, source, _read)])
    if "reviews" not in body and body.keys() - {"averageRating", "totalReviewCount"}:
        raise UnusableBodyError('expected an object with "message", "reviews" or "starRating"')
    reviews = body.get("reviews", [])
    found = [each for each in reviews if each is not None] if isinstance(reviews, list) else reviews
    return with_answers(read_events(found, source, _read, "reviews"))


def _notification(message: Mapping[str, object]) -> Item:
    """Return which review a notification names. One that names none is never refused: it would come for days."""
    told = _data(message.get("data"))
    kind = next((told[name] for name in _KIND_NAMES if name in told), None)
    named = next((value for name in _REVIEW_NAMES if isinstance(value := told.get(name), str)), "")
    found = NAME.fullmatch(named.strip("/"))
    if found is None or kind not in {*KINDS, None}:
        return Ignored("message.data: names no review that is new or changed")
    return Noticed(found.group())


def _data(written: object) -> Mapping[str, object]:
    try:
        told = msgspec.json.decode(b64decode(written if isinstance(written, str) else ""))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _read(review: Fields) -> Item:
    name = review.id("name")
    if not NAME.fullmatch(name):
        raise review.unreadable("name", "must be accounts/…/locations/…/reviews/…")
    changed_at = review.time("updateTime")
    written = review.text("comment")
    content = Content(
        rating=_stars(review),
        published_at=review.time("createTime"),
        edited_at=review.edited("updateTime", "createTime"),
        text=as_written(written) if isinstance(written, str) else None,
        tags=tags(location=name.split("/")[3]),
        answer=_answer(review),
    )
    return CreateReview(external_id=name, version=version_of(changed_at), content=content)


def _stars(review: Fields) -> float | UnsetType:
    word = review.text("starRating")
    if word == NO_STARS:
        return UNSET
    if word not in STARS:
        raise review.unreadable("starRating", f"must be one of {', '.join(STARS)}")
    return STARS[word]


def _answer(review: Fields) -> AnswerContent | UnsetType:
    text = review.text("reviewReply.comment")
    if not isinstance(text, str):
        return UNSET
    at = review.time("reviewReply.updateTime")
    stated = review.word("reviewReply.reviewReplyState", ANSWER_STATES)
    state = AnswerState.PUBLISHED if stated is UNSET else stated
    return AnswerContent(text=as_written(text), published_at=None if at is UNSET else at, state=state)


ADAPTER = Adapter(
    platform="google-business",
    title="Google Business Profile",
    proof=OidcBearer(
        issuers=("https://accounts.google.com", "accounts.google.com"),
        keys_url="https://www.googleapis.com/oauth2/v3/certs",
        sent_id=message_id,
    ),
    known="documented",
    tells=Tells(edits="push", removals="poll", restorations="poll", answers="poll", versions="poll", location="poll"),
    normalise=normalise,
    members=("message",),
)
