"""A response: what was chosen and written, and the delivery that it becomes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from plaudit.common.text import clean
from plaudit.ingest.hooks.domain import Delivery
from plaudit.ingest.platforms import ADAPTERS, answers_of
from plaudit.ingest.reviews.domain.state import Kind, ReviewState
from plaudit.ingest.sources.domain import KeyedSource
from plaudit.ingest.surveys.domain.invitations import Invitation
from plaudit.ingest.surveys.domain.survey import PLATFORM, choices

MAX_TEXT_CHARS: Final = 4_000


class SurveyResponse(msgspec.Struct, frozen=True):
    """What somebody says on a survey's page."""

    rating: int
    text: str | None = None


class InvalidResponseError(ValueError):
    """What was sent is no response: `missing` no choice, `off_scale`, or `too_long`."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def chosen(kind: Kind, text: str) -> int | None:
    """Return the value that a text names, None for none."""
    return next((value for value in choices(kind) if str(value) == text), None)


def read_response(kind: Kind, rating: str, text: str) -> SurveyResponse:
    """Return what a form says.

    Raises:
        InvalidResponseError: nothing is chosen, or the text is too long.
    """
    value = chosen(kind, rating)
    if value is None:
        raise InvalidResponseError("off_scale" if rating else "missing")
    words = clean(text).strip()
    if len(words) > MAX_TEXT_CHARS:
        raise InvalidResponseError("too_long")
    return SurveyResponse(value, words or None)


def delivery_of(
    response: SurveyResponse,
    invitation: Invitation,
    kind: Kind,
    source: KeyedSource,
    *,
    delivery_id: str,
    responded_at: datetime,
    traceparent: str | None = None,
) -> Delivery:
    """Return a response as the delivery of its source: a review of an invited and verified customer."""
    told: Mapping[str, object] = {
        "invitation": str(invitation.id),
        "kind": kind.value,
        "rating": response.rating,
        "text": response.text,
        "responded_at": responded_at,
        "subject": invitation.subject,
        "person": invitation.person,
        "reference": invitation.reference,
    }
    body = msgspec.json.encode(told)
    return Delivery(
        id=delivery_id,
        source=source,
        sent_id=str(invitation.id),
        headers="{}",
        body=body,
        events=ADAPTERS[PLATFORM].read(body, source),
        traceparent=traceparent,
        answers=answers_of(PLATFORM, None, is_polled=False),
    )


def says(state: ReviewState | None, response: SurveyResponse) -> bool:
    """Return whether a review holds this response: the same form, sent again."""
    return state is not None and (state.raw_rating.value, state.text) == (response.rating, response.text)
