"""What lists ask of a review, as one number: the indexes of lists hold it, and a filter looks at some of its bits.

Of what has many values, a few bits of a digest are there: such a filter lets some others through. So whoever finds a
review by its number asks the review itself again.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from plaudit.common.contracts.subjects import first_segment
from plaudit.ingest.reviews.domain.traits import asked, traits

if TYPE_CHECKING:
    from plaudit.ingest.reviews.domain.filters import Wanted
    from plaudit.ingest.reviews.domain.state import ReviewState


class _Field(NamedTuple):
    """Where a value stands in the number."""

    at: int
    bits: int

    @property
    def mask(self) -> int:
        return ((1 << self.bits) - 1) << self.at


# Numbers are stored: what has a place keeps it. The first 22 bits are those of `traits.py`.
_KIND: Final = _Field(22, 3)
_SEVERITY: Final = _Field(25, 2)
_ORIGIN: Final = _Field(27, 2)
_VERIFIED: Final = _Field(29, 1)
_ANSWERED: Final = _Field(30, 1)
_TENTHS: Final = _Field(32, 6)
_LANGUAGE: Final = _Field(38, 7)
_SOURCE: Final = _Field(45, 9)
_SEGMENT: Final = _Field(54, 9)
_KINDS: Final = {
    name: code << _KIND.at for name, code in {"stars": 1, "nps": 2, "csat": 3, "ces": 4, "thumbs": 5}.items()
}
_SEVERITIES: Final = {name: code << _SEVERITY.at for name, code in {"normal": 1, "negative": 2, "drastic": 3}.items()}
_ORIGINS: Final = {name: code << _ORIGIN.at for name, code in {"organic": 1, "invited": 2, "incentivised": 3}.items()}
_TENTHS_AT: Final = _TENTHS.at
IS_KNOWN: Final = _KIND.mask
"""Where none of these bits is set, only the traits are known: the number is from before the rest was in it."""
MAX_CODES: Final = 100
"""Of more sources, nearly every number has one."""


@lru_cache(10_000)
def _code(text: str | None, at: int, bits: int) -> int:
    return 0 if text is None else (crc32(text.encode()) % ((1 << bits) - 1) + 1) << at


def facts(state: "ReviewState") -> int:
    """Return the number of a review."""
    number = (
        traits(state.found)
        | _KINDS[state.kind]
        | _SEVERITIES[state.severity]
        | _ORIGINS[state.origin]
        | int(state.rating * 10) << _TENTHS_AT
        | _code(state.spoken, *_LANGUAGE)
        | _code(state.source.id, *_SOURCE)
        | _code(first_segment(state.subject), *_SEGMENT)
    )
    if state.verified:
        number |= _VERIFIED.mask
    if state.answer is not None and state.answered_at is not None:
        number |= _ANSWERED.mask
    return number


class Bits(NamedTuple):
    """Bits of the number that a filter looks at, and their values: it has one of these."""

    mask: int
    values: Sequence[int]


def bits_asked(wanted: "Wanted") -> list[Bits]:
    """Return what is asked of the bits that say it for certain, or nearly so."""
    filters = wanted.filters
    mask, value = asked(filters.topic, filters.persona, filters.check)
    singles = (
        (_KIND, _KINDS.get(filters.kind or "")),
        (_SEVERITY, _SEVERITIES.get(filters.severity or "")),
        (_ORIGIN, _ORIGINS.get(filters.origin or "")),
        (_VERIFIED, None if filters.verified is None else _VERIFIED.mask * filters.verified),
        (_ANSWERED, None if wanted.has_answer is None else _ANSWERED.mask * wanted.has_answer),
        (_LANGUAGE, None if filters.language is None else _code(filters.language, *_LANGUAGE)),
    )
    for field, asked_for in singles:
        if asked_for is not None:
            mask, value = mask | field.mask, value | asked_for
    return [Bits(mask, [value])] if mask else []


def more_bits_asked(wanted: "Wanted") -> list[Bits]:
    """Return what is asked besides, where only the number is at hand: sources, subject and rating."""
    found = []
    if wanted.source_ids is not None and len(wanted.source_ids) <= MAX_CODES:
        found.append(_one_of(_SOURCE, (_code(str(each), *_SOURCE) for each in wanted.source_ids)))
    if wanted.filters.subject is not None:
        found.append(_one_of(_SEGMENT, [_code(first_segment(wanted.filters.subject), *_SEGMENT)]))
    at_least, below = wanted.ratings
    if at_least is not None or below is not None:
        first = 0 if at_least is None else max(0, min(int(at_least * 10), 63))
        last = 63 if below is None else max(-1, min(int(below * 10), 63))
        found.append(_one_of(_TENTHS, (tenths << _TENTHS_AT for tenths in range(first, last + 1))))
    return found


def _one_of(field: _Field, values: Iterable[int]) -> Bits:
    return Bits(field.mask, [*dict.fromkeys(values)])
