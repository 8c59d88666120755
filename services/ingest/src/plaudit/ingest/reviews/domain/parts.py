"""The parts of a review that are versioned by themselves, and which of them an instruction is about."""

from itertools import compress, repeat
from operator import attrgetter, is_not
from typing import Final

import msgspec
from msgspec import UNSET

from plaudit.ingest.reviews.domain.instructions import AnswerReview, Content, CreateReview, EditReview, Instruction

VISIBILITY: Final = 1
"""Whether the review is removed."""
_CONTENT: Final = (
    "rating", "published_at", "edited_at", "text", "title", "answer", "subject", "language", "url", "person",
    "verified", "origin", "tags",
)  # fmt: skip
"""The other parts, in the order of their bits, by which they are stored: a new one comes last. A rating's kind and
scale belong to it."""
_BITS: Final = tuple(1 << place for place, _ in enumerate(_CONTENT, start=1))
RATING: Final = _BITS[_CONTENT.index("rating")]
ANSWER: Final = _BITS[_CONTENT.index("answer")]
_values = attrgetter(*_CONTENT)


def parts_of(instruction: Instruction, *, removals_are_final: bool) -> int:
    """Return which parts of a review an instruction is about, as bits.

    A creation says that the review is visible, and so does an edit where a platform takes removals back in silence.
    """
    if isinstance(instruction, CreateReview):
        return _mentioned(instruction.content) | VISIBILITY
    if isinstance(instruction, EditReview):
        return _mentioned(instruction.content) | (0 if removals_are_final else VISIBILITY)
    return ANSWER if isinstance(instruction, AnswerReview) else VISIBILITY


def without(content: Content, parts: int) -> Content:
    """Return a content that does not mention some parts."""
    left_out = {name: UNSET for bit, name in zip(_BITS, _CONTENT, strict=True) if parts & bit}
    return msgspec.structs.replace(content, **left_out)


def _mentioned(content: Content) -> int:
    return sum(compress(_BITS, map(is_not, _values(content), repeat(UNSET))))
