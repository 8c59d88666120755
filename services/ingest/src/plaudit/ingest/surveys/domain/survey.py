"""A survey: one question with a scale, one for words, and the words around them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.text import clean, one_line, shows
from plaudit.ingest.reviews.domain.scales import DEFAULT_SCALES
from plaudit.ingest.reviews.domain.state import Kind

PLATFORM: Final = "survey"
KINDS: Final = (Kind.STARS, Kind.NPS, Kind.CSAT, Kind.CES)
"""The kinds of questions that a survey can ask."""
BRAND: Final = "{brand}"
"""Stands in words for whoever asks."""
MAX_LINE_CHARS: Final = 200
MAX_THANKS_CHARS: Final = 600
MAX_BRAND_CHARS: Final = 100
MAX_CHARS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("title", "question", "text_question"), MAX_LINE_CHARS),
    "thanks": MAX_THANKS_CHARS,
    "brand": MAX_BRAND_CHARS,
}
"""Field → how much fits."""


class Language(StrEnum):
    """The language of a survey's page."""

    ENGLISH = "en"
    GERMAN = "de"


class InvalidSurveyError(ValueError):
    """Words that a survey cannot have; the text says which and why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field = field
        self.reason = reason


class SurveyClosedError(ValueError):
    """Nobody can respond any more, so nobody is invited."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a survey. `{brand}` in them stands for whoever asks."""

    title: str
    question: str
    """To be chosen on the scale of the survey's kind."""
    text_question: str
    """For words, if any."""
    thanks: str
    """After the response."""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A survey. It has the id of its source, which says its name and what it is about."""

    tenant_id: str
    id: UUID
    name: str
    subject: str
    template: str
    kind: Kind
    language: Language
    brand: str | None
    """Whoever asks; the tenant's name where it is None."""
    wording: Wording
    closed_at: datetime | None
    """Since when nobody can respond any more."""
    invited: int
    """How many invitations were made."""
    created_at: datetime
    changed_at: datetime


def choices(kind: Kind) -> range:
    """Return the values that can be chosen, the worst first."""
    scale = DEFAULT_SCALES[kind]
    return range(int(scale.min), int(scale.max) + 1)


def checked_wording(wording: Wording) -> Wording:
    """Return words as they are stored.

    Raises:
        InvalidSurveyError: one of them is empty or too long.
    """
    cleaned = _cleaned(wording)
    _check(msgspec.structs.asdict(cleaned))
    return cleaned


def checked_brand(brand: str | None) -> str | None:
    """Return the name of whoever asks, None for that of the tenant.

    Raises:
        InvalidSurveyError: it is too long, or nothing of it can be seen.
    """
    line = one_line(brand or "")
    if line:
        _check({"brand": line})
    return line or None


def wrong_words(wording: Wording, brand: str | None) -> dict[str, str]:
    """Return what is wrong with the words of a survey: the field of each → why."""
    line = one_line(brand or "")
    return _wrong(({"brand": line} if line else {}) | msgspec.structs.asdict(_cleaned(wording)))


def with_brand(wording: Wording, brand: str) -> Wording:
    """Return words that name whoever asks."""
    return Wording(**{name: text.replace(BRAND, brand) for name, text in msgspec.structs.asdict(wording).items()})


def _cleaned(wording: Wording) -> Wording:
    lines = {name: one_line(getattr(wording, name)) for name in ("title", "question", "text_question")}
    return Wording(**lines, thanks=clean(wording.thanks).strip())


def _check(texts: Mapping[str, str]) -> None:
    for field, reason in _wrong(texts).items():
        raise InvalidSurveyError(field, reason)


def _wrong(texts: Mapping[str, str]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for field, text in texts.items():
        if not shows(text):
            wrong[field] = "is missing"
        elif len(text) > MAX_CHARS[field]:
            wrong[field] = f"has {len(text):,} characters; at most {MAX_CHARS[field]} fit"
    return wrong
