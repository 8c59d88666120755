"""Words of a trade: a phrase that a subject's good reviews hold too says nothing there, and is muted, visibly."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from plaudit.common.contracts.subjects import prefixes
from plaudit.ingest.sorting.domain.severity import LEAVE, Hit, NotCounted

MIN_GOOD_REVIEWS: Final = 50
"""Of a subject, of four or five stars; fewer are no base to judge from."""
MIN_GOOD_REVIEWS_WITH_PHRASE: Final = 3
MAX_LIFT: Final = 5.0
"""A phrase whose share of bad reviews is at least so many times its share of good ones tells them apart."""
WORST_GOOD_STARS: Final = 4.0
BEST_BAD_STARS: Final = 2.0
_TOGETHER: Final = "together"


class PhraseRate(msgspec.Struct, frozen=True, kw_only=True):
    """In how many bad and good reviews of a subject a phrase is."""

    category: str
    phrase: str
    bad: int
    good: int


class BaseRates(msgspec.Struct, frozen=True, kw_only=True):
    """How often phrases are in the bad reviews of a subject, of one or two stars, and in its good ones."""

    bad: int
    good: int
    phrases: tuple[PhraseRate, ...]

    def lift(self, rate: PhraseRate) -> float:
        """Return how many times more often a phrase is in bad reviews than in good ones."""
        return ((rate.bad + 0.5) / (self.bad + 1)) / ((rate.good + 0.5) / (self.good + 1))

    def is_muted(self, rate: PhraseRate) -> bool:
        """Say whether a phrase is a word of the subject's trade."""
        return (
            self.good >= MIN_GOOD_REVIEWS and rate.good >= MIN_GOOD_REVIEWS_WITH_PHRASE and self.lift(rate) < MAX_LIFT
        )


class SubjectRates(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a subject's trade: what is muted there, and by which numbers."""

    subject: str
    bad: int
    good: int
    muted: tuple[PhraseRate, ...]


class Counts:
    """Counts phrases of many reviews, for each subject and each above it."""

    def __init__(self) -> None:
        """Begin with none."""
        self.reviews = 0
        self._reviews: dict[tuple[str, bool], int] = {}
        self._phrases: dict[str, dict[tuple[str, str], list[int]]] = {}

    def add(self, subject: str, stars: float, hits: Iterable[Hit]) -> None:
        """Count a review.

        Args:
            subject: what it is about.
            stars: from 1 to 5.
            hits: what the rules found in it. A phrase counts once a review, and also where it is muted now: else a mute
                would end by itself.
        """
        self.reviews += 1
        if BEST_BAD_STARS < stars < WORST_GOOD_STARS:
            return
        is_good = stars >= WORST_GOOD_STARS
        said = {(hit.category, hit.phrase) for hit in hits if _counts(hit)}
        for above in prefixes(subject):
            self._reviews[above, is_good] = self._reviews.get((above, is_good), 0) + 1
            if said:
                counted = self._phrases.setdefault(above, {})
                for key in said:
                    counted.setdefault(key, [0, 0])[is_good] += 1

    def of(self, subject: str) -> BaseRates:
        """Return the rates of a subject."""
        counted = self._phrases.get(subject, {})
        bad, good = (self._reviews.get((subject, is_good), 0) for is_good in (False, True))
        return BaseRates(bad=bad, good=good, phrases=tuple(_rates(counted)))

    def words_of_trade(self) -> tuple[SubjectRates, ...]:
        """Return the subjects with enough good reviews to judge from, and what is muted there."""
        found = []
        for (subject, is_good), reviews in sorted(self._reviews.items()):
            if is_good and reviews >= MIN_GOOD_REVIEWS:
                rates = self.of(subject)
                muted = tuple(rate for rate in rates.phrases if rates.is_muted(rate))
                found.append(SubjectRates(subject=subject, bad=rates.bad, good=rates.good, muted=muted))
        return tuple(found)


def base_rates(reviews: Iterable[tuple[float | None, Iterable[Hit]]]) -> BaseRates:
    """Return the rates of phrases in reviews, taken together: of each its stars, and what was found in it."""
    counts = Counts()
    for stars, hits in reviews:
        if stars is not None:
            counts.add(_TOGETHER, stars, hits)
    return counts.of(_TOGETHER)


def _rates(counts: Mapping[tuple[str, str], list[int]]) -> Iterable[PhraseRate]:
    for (category, phrase), (bad, good) in sorted(counts.items()):
        yield PhraseRate(category=category, phrase=phrase, bad=bad, good=good)


def _counts(hit: Hit) -> bool:
    return hit.category != LEAVE and hit.not_counted in {None, NotCounted.MUTED}
