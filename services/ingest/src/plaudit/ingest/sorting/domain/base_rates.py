"""Words of a trade: a phrase that a subject's good reviews hold too says nothing there, and is muted, visibly."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from plaudit.ingest.sorting.domain.severity import LEAVE, Hit, NotCounted

MIN_GOOD_REVIEWS: Final = 50
"""Of a subject, of four or five stars; fewer are no base to judge from."""
MIN_GOOD_REVIEWS_WITH_PHRASE: Final = 3
MAX_LIFT: Final = 5.0
"""A phrase whose share of bad reviews is at least so many times its share of good ones tells them apart."""
WORST_GOOD_STARS: Final = 4.0
BEST_BAD_STARS: Final = 2.0


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


def base_rates(reviews: Iterable[tuple[float | None, Iterable[Hit]]]) -> BaseRates:
    """Return the rates of a subject's phrases.

    Args:
        reviews: of each its stars, from 1 to 5, and what the rules found in it. A phrase counts once a review, and also
            where it is muted now: else a mute would end by itself.
    """
    bad = good = 0
    counts: dict[tuple[str, str], list[int]] = {}
    for stars, hits in reviews:
        if stars is None or BEST_BAD_STARS < stars < WORST_GOOD_STARS:
            continue
        is_good = stars >= WORST_GOOD_STARS
        good, bad = good + is_good, bad + (not is_good)
        for key in {(hit.category, hit.phrase) for hit in hits if _counts(hit)}:
            counts.setdefault(key, [0, 0])[is_good] += 1
    return BaseRates(bad=bad, good=good, phrases=tuple(_rates(counts)))


def _rates(counts: Mapping[tuple[str, str], list[int]]) -> Iterable[PhraseRate]:
    for (category, phrase), (bad, good) in sorted(counts.items()):
        yield PhraseRate(category=category, phrase=phrase, bad=bad, good=good)


def _counts(hit: Hit) -> bool:
    return hit.category != LEAVE and hit.not_counted in {None, NotCounted.MUTED}
