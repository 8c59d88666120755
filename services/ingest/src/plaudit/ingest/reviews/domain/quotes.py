"""The words of a review that stand for something drastic, in what stands around them."""

from typing import Final, NamedTuple

from plaudit.ingest.reviews.domain.state import ReviewState
from plaudit.ingest.sorting.domain.words import statement

CONTEXT_CHARS: Final = 60


class Quote(NamedTuple):
    """Words of a review, with what stands before and after them."""

    category: str
    before: str
    words: str
    after: str


def quotes(state: ReviewState) -> list[Quote]:
    """Return what makes a review drastic, or asks for a look."""
    if state.found is None or not state.found.said:
        return []
    text = statement(state.title, state.text)
    return [quote(said.category, text, said.start, said.end) for said in state.found.said]


def quote(category: str, text: str, start: int, end: int) -> Quote:
    """Return the words of a text from one place to another, with what stands around them."""
    return Quote(category, _end(text[:start]), text[start:end], _beginning(text[end:]))


def _end(text: str) -> str:
    if len(text) <= CONTEXT_CHARS:
        return text
    return f"\u2026{text[-CONTEXT_CHARS:].partition(' ')[2]}"


def _beginning(text: str) -> str:
    if len(text) <= CONTEXT_CHARS:
        return text
    return f"{text[:CONTEXT_CHARS].rpartition(' ')[0]}\u2026"
