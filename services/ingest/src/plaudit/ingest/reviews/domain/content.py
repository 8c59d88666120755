"""From what a platform says of a review to the review's next state."""

from datetime import datetime, timedelta
from typing import Final, overload

import msgspec
from msgspec import UNSET, UnsetType

from plaudit.common.text import MAX_LETTER_CHARS, clean, cut
from plaudit.ingest.reviews.domain.instructions import AnswerContent, AnswerState, Content
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES, Scale, rate
from plaudit.ingest.reviews.domain.state import Answer, Kind, Origin, RawRating, ReviewState
from plaudit.ingest.reviews.domain.times import latest
from plaudit.ingest.sorting.domain.findings import Findings, find
from plaudit.ingest.sorting.domain.rules import CompiledRules
from plaudit.ingest.sorting.domain.severity import Severity
from plaudit.ingest.sources.domain import Source

MAX_TITLE_CHARS: Final = 500
MAX_TEXT_CHARS: Final = 20_000
"""Of a review's text and of an answer's; the delivery holds all of it."""
SETTLING: Final = timedelta(minutes=15)
"""For so long a platform's list may lack an answer that was published through its interface, or by hand."""


def first_state(
    external_id: str,
    content: Content,
    rating: float,
    source: Source,
    received_at: datetime,
    rules: CompiledRules,
    *,
    was_edited: bool,
) -> ReviewState:
    """Return the state of a review that is new to us.

    Its rating counts from its publication; if the first event that we see is an edit, from that edit, which may have
    given it.

    Raises:
        OffScaleError: the rating is not on its scale.
    """
    kind = Kind.STARS if content.kind is UNSET else content.kind
    rated = rate(rating, DEFAULT_SCALES[kind] if content.scale is UNSET else content.scale, kind)
    limit = latest(received_at)
    stated_at = received_at if content.published_at is UNSET else content.published_at
    published_at, published_at_raw = (stated_at, None) if stated_at <= limit else (limit, stated_at)
    edited_at = None if content.edited_at is UNSET else min(content.edited_at, limit)
    title, title_cut = _kept(None if content.title is UNSET else content.title, MAX_TITLE_CHARS)
    text, text_cut = _kept(None if content.text is UNSET else content.text, MAX_TEXT_CHARS)
    subject = source.subject if content.subject is UNSET else content.subject
    language = None if content.language is UNSET else content.language
    severity, found = find(title, text, rated.stars, rules, subject=subject, stated_language=language)
    # By position up to here: Python passes more than 15 keywords through a dict, which takes three times as long.
    return ReviewState(
        subject,
        kind,
        rated.stars,
        rated.raw,
        False if content.verified is UNSET else content.verified,
        Origin.ORGANIC if content.origin is UNSET else content.origin,
        severity,
        source.ref,
        external_id,
        published_at,
        edited_at if was_edited and edited_at is not None else published_at,
        received_at,
        published_at_raw,
        edited_at,
        title,
        text,
        language,
        person=None if content.person is UNSET else content.person,
        tags=() if content.tags is UNSET else content.tags,
        url=None if content.url is UNSET else content.url,
        answer=None if content.answer is UNSET else _next_answer(None, content.answer, received_at),
        text_cut=title_cut or text_cut,
        found=found,
    )


def next_state(
    before: ReviewState,
    content: Content,
    received_at: datetime,
    stated_at: datetime | UnsetType,
    rules: CompiledRules,
) -> ReviewState:
    """Return the state after an edit: what it mentions is replaced, everything else stays.

    A changed rating, or one of another kind, counts from the edit, else from its receipt; a text edit moves nothing.
    The first receipt and the name that the source had then stay.

    Args:
        before: the state.
        content: what replaces parts of it.
        received_at: when its delivery was received.
        stated_at: when the platform says that the edit was made, also where `content` does not replace that time.
        rules: what its words are sorted by, where they or what they are read with have changed.

    Raises:
        OffScaleError: the rating is not on its scale.
    """
    limit = latest(received_at)
    edited_at = before.edited_at if content.edited_at is UNSET else min(content.edited_at, limit)
    published_at, published_at_raw = _next_publication(before, content.published_at, limit)
    kind, stars, raw = _next_rating(before, content)
    rated_at = before.rated_at
    if stars != before.rating or kind is not before.kind:
        rated_at = received_at if stated_at is UNSET else min(stated_at, limit)
    title, title_cut = _next_text(before, before.title, content.title, MAX_TITLE_CHARS)
    text, text_cut = _next_text(before, before.text, content.text, MAX_TEXT_CHARS)
    subject = before.subject if content.subject is UNSET else content.subject
    language = before.language if content.language is UNSET else content.language
    severity, found = _next_findings(before, title, text, stars, subject, language, rules)
    return ReviewState(
        subject=subject,
        kind=kind,
        rating=stars,
        raw_rating=raw,
        verified=before.verified if content.verified is UNSET else content.verified,
        origin=before.origin if content.origin is UNSET else content.origin,
        severity=severity,
        source=before.source,
        external_id=before.external_id,
        published_at=published_at,
        rated_at=rated_at,
        received_at=before.received_at,
        published_at_raw=published_at_raw,
        edited_at=edited_at,
        title=title,
        text=text,
        language=language,
        person=before.person if content.person is UNSET else content.person,
        tags=before.tags if content.tags is UNSET else content.tags,
        url=before.url if content.url is UNSET else content.url,
        answer=before.answer if content.answer is UNSET else _listed_answer(before.answer, content.answer, received_at),
        text_cut=title_cut or text_cut,
        resolution=before.resolution,
        found=found,
        backfilled=before.backfilled and stars >= before.rating,
    )


def sorted_by(state: ReviewState, rules: CompiledRules) -> ReviewState:
    """Return a state with what other rules say of it."""
    severity, found = find(
        state.title, state.text, state.rating, rules, subject=state.subject, stated_language=state.language
    )
    return msgspec.structs.replace(state, severity=severity, found=found)


def rated_earlier(before: ReviewState, content: Content, stated_at: datetime | UnsetType) -> ReviewState:
    """Return the state after an older event has told a rating: when it is the present one, it was given by then.

    Raises:
        OffScaleError: the rating is not on its scale.
    """
    kind, stars, _ = _next_rating(before, content)
    if stated_at is UNSET or stated_at >= before.rated_at or (kind, stars) != (before.kind, before.rating):
        return before
    return msgspec.structs.replace(before, rated_at=stated_at)


def check_rating(before: ReviewState, content: Content) -> None:
    """Check the rating of a content that does not replace the present one.

    Raises:
        OffScaleError: the rating is not on its scale.
    """
    _next_rating(before, content)


def with_answer(before: ReviewState, content: AnswerContent, received_at: datetime) -> ReviewState:
    """Return the state after the company published, changed or withdrew its answer."""
    answer = _next_answer(before.answer, content, received_at)
    return before if answer == before.answer else msgspec.structs.replace(before, answer=answer)


def differ_in_answer_only(one: ReviewState, other: ReviewState) -> bool:
    """Say whether two states are the same review with different answers."""
    return one.answer != other.answer and msgspec.structs.replace(one, answer=other.answer) == other


def _listed_answer(stored: Answer | None, content: AnswerContent, received_at: datetime) -> Answer | None:
    """Return the answer after a platform has told the whole review.

    It may have done so before the answer that was given here was to be seen there.
    """
    if content.state is AnswerState.REMOVED and stored is not None and stored.ours:
        return stored if received_at < stored.published_at + SETTLING else None
    return _next_answer(stored, content, received_at)


def _next_answer(stored: Answer | None, content: AnswerContent, received_at: datetime) -> Answer | None:
    if content.state is AnswerState.REMOVED:
        return None
    text, _ = _kept(content.text, MAX_TEXT_CHARS)
    # The platform tells what was answered here: it is one answer, and keeps the time that we know of it.
    if stored is not None and stored.ours and stored.state == content.state.value and stored.says_as(text):
        return stored
    limit = latest(received_at)
    stated_at = content.published_at
    if stated_at is not None and stated_at <= limit:
        return Answer(text=text, published_at=stated_at, state=content.state.value)
    # We make up a missing time once: when the same answer comes again, it keeps that time.
    if stored is not None and stored.text == text and stored.state == content.state.value:
        return stored
    return Answer(text=text, published_at=received_at if stated_at is None else limit, state=content.state.value)


def _next_publication(
    before: ReviewState, stated_at: datetime | UnsetType, limit: datetime
) -> tuple[datetime, datetime | None]:
    """Return when it was published, and what the platform said where that lies ahead; a repetition changes nothing."""
    if stated_at is UNSET or stated_at == (before.published_at_raw or before.published_at):
        return before.published_at, before.published_at_raw
    return (stated_at, None) if stated_at <= limit else (limit, stated_at)


def _next_rating(before: ReviewState, content: Content) -> tuple[Kind, float, RawRating]:
    if content.rating is UNSET:
        return before.kind, before.rating, before.raw_rating
    kind = before.kind if content.kind is UNSET else content.kind
    if content.scale is not UNSET:
        scale = content.scale
    elif kind is before.kind:
        scale = Scale(before.raw_rating.min, before.raw_rating.max)
    else:
        scale = DEFAULT_SCALES[kind]
    rated = rate(content.rating, scale, kind)
    return kind, rated.stars, rated.raw


def _next_findings(
    before: ReviewState,
    title: str | None,
    text: str | None,
    stars: float,
    subject: str,
    language: str | None,
    rules: CompiledRules,
) -> tuple[Severity, Findings | None]:
    """Return what a review's words say after an edit. Other rules alone change nothing: a job applies them."""
    read = before.title, before.text, before.rating, before.subject, before.language
    if read == (title, text, stars, subject, language):
        return before.severity, before.found
    return find(title, text, stars, rules, subject=subject, stated_language=language)


def _next_text(
    before: ReviewState, stored: str | None, stated: str | UnsetType | None, max_chars: int
) -> tuple[str | None, bool]:
    if stated is not UNSET:
        return _kept(stated, max_chars)
    # A cut text is as long as it may be, but for the letter that did not fit.
    return stored, before.text_cut and stored is not None and len(stored) >= max_chars - MAX_LETTER_CHARS


@overload
def _kept(text: str, max_chars: int) -> tuple[str, bool]: ...
@overload
def _kept(text: str | None, max_chars: int) -> tuple[str | None, bool]: ...
def _kept(text: str | None, max_chars: int) -> tuple[str | None, bool]:
    """Return what is kept of a text, and whether it was too long."""
    if text is None:
        return None, False
    cleaned = clean(text)
    if len(cleaned) <= max_chars:
        return cleaned, False
    return cut(cleaned, max_chars), True
