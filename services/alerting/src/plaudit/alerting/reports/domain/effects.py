"""What became of the ratings of negative reviews, by how soon they were answered.

It shows what happened after answers, and not what they caused: reviews that are answered soon may differ from others,
and a review that was raised before it could be answered is in no bucket of answers.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval, Z, wilson

RAISED_BY: Final = 1.0
"""Stars: a smaller change is no recovery."""
HOUR_US: Final = 3_600_000_000
LEAST_FOR_MEAN: Final = 5
"""Of fewer changes, or of changes that are all the same, an interval of the mean would look surer than anybody is."""


class Bucket(StrEnum):
    """How soon a review was answered."""

    HOUR = "within_1_hour"
    FOUR_HOURS = "within_4_hours"
    DAY = "within_24_hours"
    THREE_DAYS = "within_72_hours"
    WEEK = "within_7_days"
    LATER = "later"
    NEVER = "never"
    """Not up to now."""


UP_TO_HOURS: Final[Mapping[Bucket, int]] = MappingProxyType(
    {Bucket.HOUR: 1, Bucket.FOUR_HOURS: 4, Bucket.DAY: 24, Bucket.THREE_DAYS: 72, Bucket.WEEK: 168}
)
"""Bucket → the longest time that is in it, inclusive; in their order."""


class Effect(NamedTuple):
    """What became of the ratings of some reviews."""

    reviews: int = 0
    raised: int = 0
    """By a star or more."""
    lowered: int = 0
    """By a star or more."""
    sum: float = 0.0
    """Of the changes, in stars."""
    squares: float = 0.0
    """The sum of their squares."""

    @property
    def recovery(self) -> float | None:
        """The share that was raised; None without reviews."""
        return self.raised / self.reviews if self.reviews else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's interval of that share; None without reviews."""
        return None if self.recovery is None else wilson(self.recovery, self.reviews)

    @property
    def mean_change(self) -> float | None:
        """In stars; None without reviews."""
        return self.sum / self.reviews if self.reviews else None

    @property
    def mean_interval(self) -> Interval | None:
        """The interval of the mean by the normal distribution; None where there are too few different changes."""
        if self.reviews < LEAST_FOR_MEAN:
            return None
        mean = self.sum / self.reviews
        variance = max(self.squares - self.reviews * mean * mean, 0.0) / (self.reviews - 1)
        half = Z * (variance / self.reviews) ** 0.5
        return Interval(mean - half, mean + half) if half else None


class Effects(NamedTuple):
    """What became of ratings, by how soon reviews were answered."""

    buckets: Mapping[Bucket, Effect]
    """All of them, in their order."""
    unknown: int
    """Negative reviews of sources that do not tell answers. They are in no bucket."""
    rating_unknown: int
    """Answered ones of which it is not known what the rating was then. They are in no bucket."""

    @property
    def all(self) -> int:
        """How many reviews there are."""
        return sum(each.reviews for each in self.buckets.values()) + self.unknown + self.rating_unknown

    @property
    def answered(self) -> Effect:
        """Of all that were answered, however late."""
        return added(each for bucket, each in self.buckets.items() if bucket is not Bucket.NEVER)


def bucket_of(wait_us: int | None) -> Bucket:
    """Return the bucket of a time to an answer; of None, the one of reviews without an answer."""
    if wait_us is None:
        return Bucket.NEVER
    return next((bucket for bucket, hours in UP_TO_HOURS.items() if wait_us <= hours * HOUR_US), Bucket.LATER)


def effects_of(found: Mapping[Bucket, Effect], unknown: int, rating_unknown: int) -> Effects:
    """Return effects with every bucket, in their order."""
    return Effects({bucket: found.get(bucket, Effect()) for bucket in Bucket}, unknown, rating_unknown)


def added(found: Iterable[Effect]) -> Effect:
    """Return the sums."""
    groups = [Effect(), *found]
    return Effect(*map(sum, zip(*groups, strict=True)))


def together(found: Iterable[Effects]) -> Effects:
    """Return all of them as one group."""
    groups = list(found)
    return Effects(
        {bucket: added(each.buckets[bucket] for each in groups) for bucket in Bucket},
        sum(each.unknown for each in groups),
        sum(each.rating_unknown for each in groups),
    )
