"""From what was said of a review to its next state."""

from datetime import datetime
from typing import Final, TypeVar, overload

import msgspec
from msgspec import UNSET, UnsetType

from plaudit.common.contracts import Answer, Kind, Origin, RawRating, ReviewState
from plaudit.ingest.domain.commands import AnswerState, Content, GivenAnswer
from plaudit.ingest.domain.instants import latest
from plaudit.ingest.domain.scales import DEFAULT_SCALES, Scale, raw_rating, severity, to_stars
from plaudit.ingest.domain.source import Source

Told = TypeVar("Told")

MAX_TITLE_CHARS: Final = 500
MAX_TEXT_CHARS: Final = 20_000
"""Of a review's text and of an answer's; the delivery keeps all of it."""


def first_state(
    external_id: str, content: Content, rating: float, source: Source, received_at: datetime, *, was_edited: bool
) -> ReviewState:
    """Return the state of a review that is seen for the first time.

    Its rating counts from its publication; if an edit is the first we see, from that edit, which may have given it.
    Raises `OffScaleError`.
    """
    kind = _or(content.kind, Kind.STARS)
    scale = _or(content.scale, DEFAULT_SCALES[kind])
    stars = to_stars(rating, scale, kind)
    limit = latest(received_at)
    told_at = _or(content.published_at, received_at)
    published_at = min(told_at, limit)
    edited_at = None if content.edited_at is UNSET else min(content.edited_at, limit)
    title, title_cut = _cut(_or(content.title, None), MAX_TITLE_CHARS)
    text, text_cut = _cut(_or(content.text, None), MAX_TEXT_CHARS)
    return ReviewState(
        subject=_or(content.subject, source.subject),
        kind=kind,
        rating=stars,
        raw_rating=raw_rating(rating, scale),
        verified=_or(content.verified, otherwise=False),
        origin=_or(content.origin, Origin.ORGANIC),
        severity=severity(stars),
        source=source.ref(),
        external_id=external_id,
        published_at=published_at,
        rated_at=edited_at if was_edited and edited_at is not None else published_at,
        received_at=received_at,
        published_at_raw=told_at if told_at > limit else None,
        edited_at=edited_at,
        title=title,
        text=text,
        language=_or(content.language, None),
        person=_or(content.person, None),
        tags=_or(content.tags, ()),
        url=_or(content.url, None),
        answer=None if content.answer is UNSET else _answer(None, content.answer, received_at),
        text_cut=title_cut or text_cut,
    )


def next_state(before: ReviewState, content: Content, received_at: datetime) -> ReviewState:
    """Return the state after an edit: what was said replaces, what was not said stays.

    A changed rating, or one of another kind, counts from the edit, else from its receipt; a text edit moves nothing.
    Where it was received first, and under which name its source was known then, stays. Raises `OffScaleError`.
    """
    limit = latest(received_at)
    edited_at = before.edited_at if content.edited_at is UNSET else min(content.edited_at, limit)
    published_at, published_at_raw = _published(before, content.published_at, limit)
    kind, stars, raw = _rating(before, content)
    rated_at = before.rated_at
    if stars != before.rating or kind is not before.kind:
        rated_at = received_at if content.edited_at is UNSET else min(content.edited_at, limit)
    title, title_cut = _next_text(before, before.title, content.title, MAX_TITLE_CHARS)
    text, text_cut = _next_text(before, before.text, content.text, MAX_TEXT_CHARS)
    return ReviewState(
        subject=_or(content.subject, before.subject),
        kind=kind,
        rating=stars,
        raw_rating=raw,
        verified=_or(content.verified, before.verified),
        origin=_or(content.origin, before.origin),
        severity=before.severity if stars == before.rating else severity(stars),
        source=before.source,
        external_id=before.external_id,
        published_at=published_at,
        rated_at=rated_at,
        received_at=before.received_at,
        published_at_raw=published_at_raw,
        edited_at=edited_at,
        title=title,
        text=text,
        language=_or(content.language, before.language),
        person=_or(content.person, before.person),
        tags=_or(content.tags, before.tags),
        url=_or(content.url, before.url),
        answer=before.answer if content.answer is UNSET else _answer(before.answer, content.answer, received_at),
        text_cut=title_cut or text_cut,
    )


def with_answer(before: ReviewState, given: GivenAnswer, received_at: datetime) -> ReviewState:
    """Return the state after an answer was given, changed or taken back."""
    answer = _answer(before.answer, given, received_at)
    return before if answer == before.answer else msgspec.structs.replace(before, answer=answer)


def differ_in_answer_only(one: ReviewState, other: ReviewState) -> bool:
    """Say whether two states are the same review, answered differently."""
    return one.answer != other.answer and msgspec.structs.replace(one, answer=other.answer) == other


def _answer(stored: Answer | None, given: GivenAnswer, received_at: datetime) -> Answer | None:
    if given.state is AnswerState.REMOVED:
        return None
    text, _ = _cut(given.text, MAX_TEXT_CHARS)
    limit = latest(received_at)
    told_at = given.published_at
    if told_at is not None and told_at <= limit:
        return Answer(text=text, published_at=told_at, state=given.state.value)
    # A time that we had to make up is made up once: told again, the same answer keeps it.
    if stored is not None and stored.text == text and stored.state == given.state.value:
        return stored
    return Answer(text=text, published_at=received_at if told_at is None else limit, state=given.state.value)


def _published(before: ReviewState, told_at: datetime | UnsetType, limit: datetime) -> tuple[datetime, datetime | None]:
    """Return when it was published, and what the platform said where that lay ahead; the same word changes nothing."""
    if told_at is UNSET or told_at == (before.published_at_raw or before.published_at):
        return before.published_at, before.published_at_raw
    return (told_at, None) if told_at <= limit else (limit, told_at)


def _rating(before: ReviewState, content: Content) -> tuple[Kind, float, RawRating]:
    if content.rating is UNSET:
        return before.kind, before.rating, before.raw_rating
    kind = _or(content.kind, before.kind)
    if content.scale is not UNSET:
        scale = content.scale
    elif kind is before.kind:
        scale = Scale(before.raw_rating.min, before.raw_rating.max)
    else:
        scale = DEFAULT_SCALES[kind]
    return kind, to_stars(content.rating, scale, kind), raw_rating(content.rating, scale)


def _next_text(
    before: ReviewState, stored: str | None, told: str | UnsetType | None, max_chars: int
) -> tuple[str | None, bool]:
    if told is not UNSET:
        return _cut(told, max_chars)
    return stored, before.text_cut and stored is not None and len(stored) == max_chars


@overload
def _cut(text: str, max_chars: int) -> tuple[str, bool]: ...
@overload
def _cut(text: str | None, max_chars: int) -> tuple[str | None, bool]: ...
def _cut(text: str | None, max_chars: int) -> tuple[str | None, bool]:
    if text is None or len(text) <= max_chars:
        return text, False
    return text[:max_chars], True


def _or(told: Told | UnsetType, otherwise: Told) -> Told:
    return otherwise if told is UNSET else told
