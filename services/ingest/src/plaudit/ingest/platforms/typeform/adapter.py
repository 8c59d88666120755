"""Typeform's responses. A form has any questions, so the references of its questions say what they are.

`rating-1-5` is the rating and its scale, `text` the text, `title` the title. Without references, an NPS question is the
rating, from 0 to 10, and the first long text is the text. A rating whose scale is not told is quarantined.
"""

import re
from typing import Final

from msgspec import UNSET, UnsetType

from plaudit.ingest.platforms.adapter import Adapter, Tells
from plaudit.ingest.platforms.fields import unknown_type
from plaudit.ingest.platforms.payload import Fields, expect, read_event, tags
from plaudit.ingest.platforms.proofs import HmacSignature
from plaudit.ingest.reviews.domain.instructions import (
    Content,
    CreateReview,
    Item,
)
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, Scale
from plaudit.ingest.reviews.domain.state import Kind, Origin
from plaudit.ingest.sources.domain import KeyedSource

RATING_REFERENCE: Final = re.compile(r"rating-([0-9]{1,3})-([0-9]{1,3})")
RATING_TYPES: Final = frozenset({"rating", "opinion_scale"})


def normalise(body: object, source: KeyedSource) -> list[Item]:
    """Read one response."""
    return [read_event(expect(body, "event_id", "event_type", "form_response"), source, _read)]


def _read(event: Fields) -> Item:
    if event.name("event_type") != "form_response":
        return unknown_type("event_type", event.name("event_type") or "")
    response = event.inner("form_response")
    answers = list(response.each("answers"))
    rating, scale, kind = _rating(answers)
    by_email = next((each for each in answers if each.name("type") == "email"), None)
    person = UNSET if by_email is None else by_email.person(email="email")
    content = Content(
        kind=kind,
        scale=scale,
        rating=rating,
        published_at=response.time("submitted_at"),
        title=_text(answers, "title", None),
        text=_text(answers, "text", "long_text"),
        person=response.person(email="hidden.email", person_id="hidden.user_id") if person is UNSET else person,
        origin=Origin.INVITED,
        tags=tags(form=response.name("form_id")),
    )
    return CreateReview(external_id=response.id("token"), content=content)


def _rating(answers: list[Fields]) -> tuple[float | UnsetType, Scale | UnsetType, Kind | UnsetType]:
    for answer in answers:
        written = RATING_REFERENCE.fullmatch(answer.name("field.ref") or "")
        if written is not None:
            scale = Scale(float(written[1]), float(written[2]))
            return answer.rating("number", scale), scale, Kind.STARS
    for answer in answers:
        question = answer.name("field.type")
        if question == "nps":
            scale = DEFAULT_SCALES[Kind.NPS]
            return answer.rating("number", scale, Kind.NPS), scale, Kind.NPS
        if question in RATING_TYPES:
            raise answer.unreadable("field.ref", "must tell the scale, for example rating-1-5")
    return UNSET, UNSET, UNSET


def _text(answers: list[Fields], reference: str, question: str | None) -> str | UnsetType | None:
    named = [each for each in answers if each.name("field.ref") == reference]
    found = named or [each for each in answers if question and each.name("field.type") == question]
    return found[0].text("text") if found else UNSET


ADAPTER = Adapter(
    platform="typeform",
    title="Typeform",
    proof=HmacSignature(header=b"typeform-signature", encoding="base64", prefix=b"sha256="),
    known="documented",
    tells=Tells(removals_are_final=True),
    normalise=normalise,
    members=("event_id", "event_type", "form_response"),
)
