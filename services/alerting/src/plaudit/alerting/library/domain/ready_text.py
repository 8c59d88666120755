"""Whether a text could be sent to a customer as it is. The library holds none: answers are written anew each time.

A text reads so when it greets, when it closes, when it has a gap for a name, when it speaks to the customer ("we … you"
in one sentence), or when a point has several sentences. Decision: `docs/decisions/0050-a-library-without-texts.md`.
"""

import re
from types import MappingProxyType
from typing import Final

from plaudit.alerting.answers.domain.masking import parts_of
from plaudit.alerting.answers.domain.phrases import level
from plaudit.alerting.answers.domain.readability import sentences

MIN_SPOKEN_WORDS: Final = 5
"""Of a sentence that speaks to the customer."""
MAX_QUOTED_CHARS: Final = 60
_GAP: Final = re.compile(r"\{\{?[^{}\n]{1,40}\}\}?|\[[^\[\]\n]{1,40}\]|<[^<>\n]{1,40}>|%\w{1,20}%|_{3,}|X{3,}")
_QUOTATION: Final = re.compile(r"[“„\"][^“”„\"\n]{1,40}[”“\"]")
"""A few words in quotation marks are spoken of, not spoken."""
_FIRST: Final = MappingProxyType(
    {
        "en": r"\b(?:i|i'm|i'll|i've|we|we're|we'll|we've|us|our|my)\b",
        "de": r"\b(?:ich|wir|uns|unser\w*|mein\w*|mir|mich)\b",
        "fr": r"\b(?:je|j'|nous|notre|nos|mon|ma|mes)(?=\W)",
        "es": r"\b(?:yo|nosotros|nos|nuestr[oa]s?|mi|mis)\b|\w{2,}(?:amos|emos|imos)\b",
        "it": r"\b(?:io|noi|ci|nostr[oaie]|mio|mia)\b|\w{2,}iamo\b",
        "nl": r"\b(?:ik|wij|we|ons|onze|mijn)\b",
    }
)
_SECOND: Final = MappingProxyType(
    {
        "en": r"\b(?:you|your|you're|you've|you'll|yours)\b",
        "de": r"(?<=[^\s.!?:;] )(?:Sie|Ihnen|Ihr|Ihre[mnrs]?)\b|\b(?:[Dd]u|[Dd]ir|[Dd]ich|[Dd]eine?[mnrs]?)\b",
        "fr": r"\b(?:[Vv]ous|[Vv]otre|[Vv]os|[Tt]u|[Tt]oi)\b",
        "es": r"\b(?:[Uu]sted(?:es)?|[Ll]e|[Tt]e|[Tt]u|[Tt]us|[Ss]u|[Ss]us)\b",
        "it": r"\b(?:[Ll]ei|Le|La|[Ss]uo|[Ss]ua|[Tt]i|[Tt]uo|[Tt]ua|[Vv]oi|[Vv]ostr[oaie])\b",
        "nl": r"\b(?:[Uu]|[Uu]w|[Jj]e|[Jj]ij|[Jj]ouw|[Jj]ullie)\b",
    }
)
_WE: Final = {language: re.compile(pattern, re.IGNORECASE) for language, pattern in _FIRST.items()}
_YOU: Final = {
    language: re.compile(pattern, re.IGNORECASE if language == "en" else 0) for language, pattern in _SECOND.items()
}


def why_ready(text: str, language: str, *, is_point: bool) -> str | None:
    """Return why a text reads as if it could be sent, None where it does not.

    Args:
        text: a clean text.
        language: its code.
        is_point: whether it is a point of an outline, which is one sentence at most.
    """
    parts = parts_of(text)
    if parts.body_start and _is_closed_by_a_sign(text[: parts.body_start]):
        return f"{_quoted(text[: parts.body_start])} greets a customer."
    if closing := text[parts.body_end :].strip():
        return f"{_quoted(closing)} closes a letter."
    if gap := _GAP.search(text):
        return f"{_quoted(gap[0])} is a gap to be filled in."
    said = list(sentences(text))
    for each in said:
        words = text[each.start : each.end]
        if each.words >= MIN_SPOKEN_WORDS and _speaks_to_customer(_QUOTATION.sub("", words), language):
            return f"{_quoted(words)} speaks to the customer."
    if is_point and len(said) > 1:
        return f"{_quoted(text)} has several sentences, and a point has one."
    return None


def _speaks_to_customer(sentence: str, language: str) -> bool:
    return _WE[language].search(level(sentence)) is not None and _YOU[language].search(sentence) is not None


def _is_closed_by_a_sign(greeting: str) -> bool:
    """Say whether it is a greeting, and not a sentence that happens to begin with such a word."""
    return not greeting[-1:].isalpha()


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= MAX_QUOTED_CHARS else line[: MAX_QUOTED_CHARS - 1] + '…'}”"
