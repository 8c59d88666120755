"""Groups of reviews as their terms are counted: one text once, one person once, each term once for a review."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

HALF_LIFE_DAYS: Final = 180
"""A review weighs half as much in what stands out when it is so much older. The half-life was not measured."""
WEEK_DAYS: Final = 7
_NO_STEMS: Final[frozenset[str]] = frozenset()


class SampledReview(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is read of a review to count its terms."""

    review_id: UUID
    day: date
    writer: int | None
    same_text: int | None
    topics: str
    stems: str
    is_question: bool


class Reading(NamedTuple):
    """One review that is read, with its terms."""

    review: SampledReview
    stems: frozenset[str]


class Voice(NamedTuple):
    """What one person said in a group, whether in one review or in several; the newest says when."""

    day: date
    stems: frozenset[str]
    asking: frozenset[str]
    """Terms of those of the reviews that ask something."""


class Group(msgspec.Struct, frozen=True):
    """Reviews of one polarity and window."""

    readings: Sequence[Reading]
    """The newest first; a text that was pasted is among them once."""
    voices: Sequence[Voice]
    counts: Mapping[str, int]
    """Term → how many voices say it."""
    by_age: Mapping[int, Mapping[str, int]]
    """Age in weeks → the same of voices of that age."""

    @property
    def size(self) -> int:
        """How many voices there are."""
        return len(self.voices)

    def weighted(self, term: str) -> float:
        """Return the decayed number of voices with a term."""
        return sum(weight(age) * counts[term] for age, counts in self.by_age.items() if term in counts)

    @property
    def weighted_total(self) -> float:
        """The sum of `weighted` over all terms."""
        return sum(weight(age) * sum(counts.values()) for age, counts in self.by_age.items())

    @property
    def total(self) -> int:
        """The sum of `counts`."""
        return sum(self.counts.values())


def weight(age_weeks: int) -> float:
    """Return 2^(-age / half-life)."""
    return float(2 ** (-age_weeks * WEEK_DAYS / HALF_LIFE_DAYS))


def group_of(reviews: Iterable[SampledReview], as_of: date) -> Group:
    """Return reviews as a group.

    Args:
        reviews: of one polarity and window, in any order.
        as_of: the day that ages are counted to; no review is of a later one.
    """
    readings = list(_readings(sorted(reviews, key=lambda review: (review.day, review.review_id), reverse=True)))
    voices = _voices(readings)
    of_weeks: dict[int, list[frozenset[str]]] = {}
    for voice in voices:
        of_weeks.setdefault((as_of - voice.day).days // WEEK_DAYS, []).append(voice.stems)
    by_age = {age: Counter(chain.from_iterable(stems)) for age, stems in of_weeks.items()}
    counts: Counter[str] = Counter()
    for each in by_age.values():
        counts.update(each)
    return Group(readings, voices, counts, by_age)


def _readings(newest_first: Iterable[SampledReview]) -> Iterator[Reading]:
    """Yield each review with its terms, and of a text that was pasted the newest."""
    texts: set[int] = set()
    for review in newest_first:
        if review.same_text is not None:
            if review.same_text in texts:
                continue
            texts.add(review.same_text)
        yield Reading(review, frozenset(review.stems.split("\n")) if review.stems else _NO_STEMS)


def _voices(newest_first: Iterable[Reading]) -> list[Voice]:
    """Return what each person says; each review of someone unknown is a voice of its own."""
    places: dict[int, int] = {}
    voices: list[Voice] = []
    for review, stems in newest_first:
        asking = stems if review.is_question else _NO_STEMS
        place = None if review.writer is None else places.get(review.writer)
        if place is None:
            if review.writer is not None:
                places[review.writer] = len(voices)
            voices.append(Voice(review.day, stems, asking))
        else:
            known = voices[place]
            voices[place] = Voice(known.day, known.stems | stems, known.asking | asking)
    return voices
