"""Groups of reviews as their terms are counted: one text once, one person once, each term once for a review."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

HALF_LIFE_DAYS: Final = 180
"""A review weighs half as much in what stands out when it is so much older. The half-life was not measured."""
WEEK_DAYS: Final = 7
MAX_SAMPLED: Final = 1_000
"""About so many reviews of a group are read; of more, a sample. A term of 1 % is then in 10 of them."""
MAX_LOOKED_AT: Final = 20_000
"""About so many places are looked at, to find those of one source."""
ALL_DRAWS: Final = 2**31
"""All draws of reviews lie below."""
_NO_STEMS: Final = ()


class SampledReview(msgspec.Struct, frozen=True, gc=False):
    """What is read of a review to count its terms."""

    review_id: UUID
    day: date
    writer: int | None
    same_text: int | None
    topics: str
    stems: str
    is_question: bool


class Reading(NamedTuple):
    """One review that is read, with its terms, each once: a list, since a set of each would cost more to count."""

    review: SampledReview
    stems: Sequence[str]


class Voice(NamedTuple):
    """What one person said in a group, whether in one review or in several; the newest says when."""

    day: date
    stems: Sequence[str]
    """Each once."""
    asking: Sequence[str]
    """Terms of those of the reviews that ask something."""


Weighted: TypeAlias = tuple[dict[str, float], float]
"""Term → the decayed number of voices with it, and the sum of that over all terms."""


class Group(msgspec.Struct, frozen=True):
    """Reviews of one polarity and window."""

    readings: Sequence[Reading]
    """The newest first; a text that was pasted is among them once."""
    voices: Sequence[Voice]
    counts: Mapping[str, int]
    """Term → how many voices say it."""
    total: int
    """The sum of `counts`."""
    as_of: date
    """The day that ages are counted to."""

    @property
    def size(self) -> int:
        """How many voices there are."""
        return len(self.voices)

    def weighted(self, terms: set[str]) -> Weighted:
        """Return the decayed numbers of voices with these terms, and the sum over all terms."""
        found = dict.fromkeys(terms, 0.0)
        total = 0.0
        for voice in self.voices:
            share = weight((self.as_of - voice.day).days)
            total += share * len(voice.stems)
            for term in terms.intersection(voice.stems):
                found[term] += share
        return found, total


def weight(age_days: int) -> float:
    """Return 2^(-age / half-life)."""
    return float(2 ** (-age_days / HALF_LIFE_DAYS))


def draws_below(wanted: int, looked_at: int) -> int:
    """Return the bound of the draws of a sample, `ALL_DRAWS` where it is all reviews.

    A draw is made of the review's id alone, so the sample is a random one, and the same at every reading.

    Args:
        wanted: how many reviews of the group there are.
        looked_at: how many are looked at to find these.
    """
    share = min(1.0, MAX_SAMPLED / max(wanted, 1), MAX_LOOKED_AT / max(looked_at, 1))
    return int(share * ALL_DRAWS)


def group_of(reviews: Iterable[SampledReview], as_of: date) -> Group:
    """Return reviews as a group.

    Args:
        reviews: of one polarity and window, in any order.
        as_of: the day that ages are counted to; no review is of a later one.
    """
    readings = list(_readings(sorted(reviews, key=lambda review: (review.day, review.review_id), reverse=True)))
    voices = _voices(readings)
    counts = Counter(chain.from_iterable(voice.stems for voice in voices))
    return Group(readings, voices, counts, counts.total(), as_of)


def _readings(newest_first: Iterable[SampledReview]) -> Iterator[Reading]:
    """Yield each review with its terms, and of a text that was pasted the newest."""
    texts: set[int] = set()
    for review in newest_first:
        if review.same_text is not None:
            if review.same_text in texts:
                continue
            texts.add(review.same_text)
        yield Reading(review, review.stems.split("\n") if review.stems else _NO_STEMS)


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
            voices[place] = Voice(known.day, _of_both(known.stems, stems), _of_both(known.asking, asking))
    return voices


def _of_both(some: Sequence[str], others: Sequence[str]) -> Sequence[str]:
    return list(dict.fromkeys([*some, *others]))
