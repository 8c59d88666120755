"""The figures of a subject at a moment, from its sums by source and from what of them the ledger alone can tell."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum, sqrt
from typing import Final

from plaudit.common.statistics.intervals import Interval, Z, wilson
from plaudit.scoring.intervals.domain import net_share, of_mean, sample_of
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.scores.domain import Score, effective_reviews, instant_of, read_parts, total_weight_at
from plaudit.scoring.sums.domain.decay import MergedSums, Sums
from plaudit.scoring.sums.domain.parts import Part, merge_for, newest_us
from plaudit.scoring.sums.domain.surveys import (
    DETRACTORS,
    MAX_EFFORT,
    MIN_EFFORT,
    PROMOTERS,
    SATISFIED,
    csat,
    effort_of,
    nps,
    share,
)
from plaudit.scoring.sums.domain.traits import TRAITS

MAX_SOURCES: Final = 100
MONTH_DAYS: Final = 30
QUARTER_DAYS: Final = 90
STARS: Final = range(1, 6)
ORGANIC: Final = "organic"
INCENTIVISED: Final = "incentivised"
EFFORT: Final = frozenset({"ces"})


@dataclass(frozen=True, slots=True)
class Share:
    """A decayed NPS or CSAT of replies of one kind, and its interval, both in percent."""

    value: float
    count: int
    effective: float
    """How many replies of equal weight would say as much."""
    interval: Interval


@dataclass(frozen=True, slots=True)
class Mean:
    """A decayed mean of replies of one kind."""

    value: float
    count: int
    effective: float
    interval: Interval | None
    """None where too few replies count to say."""


@dataclass(frozen=True, slots=True)
class Aged:
    """How old the reviews are that count."""

    newest_us: int
    month: int
    """Reviews rated in the last 30 days."""
    month_before: int
    """In the 30 days before."""
    weight_of_month: float
    """The share of the weight that reviews of the last 30 days have."""
    weight_of_quarter: float
    """Of the last 90 days."""
    median_us: int
    """Half of the weight, or more, is of reviews rated then or later."""
    between_us: tuple[int, int]
    """The same of two other shares of the weight, those that were asked for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """All replies of one rating: how many, what they weigh, and the sum of their squared weights."""

    rating: float
    count: int
    weight: float
    squared: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is worth knowing of a subject beside its score."""

    score: Score
    interval: Interval | None
    """Of the score; None without reviews."""
    organic: Score
    """Of those reviews alone that nobody asked for."""
    incentivised: int
    """How many reviews were given for a reward."""
    by_source: Sequence[tuple[str, Score]]
    """Source → the score of its reviews alone, those with the most first."""
    nps: Share | None
    csat: Share | None
    ces: Mean | None

    @property
    def positive(self) -> int:
        """How many reviews have four or five stars."""
        return self.score.distribution[4] + self.score.distribution[5]

    @property
    def negative(self) -> int:
        """How many reviews have one star or two."""
        return self.score.distribution[1] + self.score.distribution[2]

    @property
    def ratio(self) -> float | None:
        """How many positive reviews there are for each negative one; None without a negative one."""
        return self.positive / self.negative if self.negative else None


def figures_of(profile: Profile, parts: Sequence[Part], at_us: int, efforts: Sequence[Reply]) -> Figures:
    """Return the figures of a subject.

    Args:
        profile: it.
        parts: the subject's sums of its half-life, by source.
        at_us: the instant.
        efforts: the replies of the kind CES.
    """
    score, interval = scored(profile, parts, at_us)
    return Figures(
        score=score,
        interval=interval,
        organic=read_parts(replace(profile, origins=frozenset({ORGANIC})), parts, at_us),
        incentivised=read_parts(replace(profile, origins=frozenset({INCENTIVISED})), parts, at_us).count,
        by_source=_by_source(profile, parts, at_us),
        nps=nps_of(merge_for(replace(profile, kinds=frozenset({"nps"})), parts).sums),
        csat=csat_of(merge_for(replace(profile, kinds=frozenset({"csat"})), parts).sums),
        ces=ces_of(efforts),
    )


def share_of_weight(part: float, whole: float) -> float:
    """Return a share of the weight, without what rounding leaves beyond none and all."""
    return min(1.0, max(0.0, part / whole))


def scored(profile: Profile, parts: Sequence[Part], at_us: int) -> tuple[Score, Interval | None]:
    """Return the score of a profile and its interval, from a subject's sums of the profile's half-life."""
    score, merged = read_parts(profile, parts, at_us), merge_for(profile, parts)
    return score, score_interval(score, merged, instant_of(profile, newest_us(parts, profile), at_us), profile)


def weights_of(profile: Profile) -> dict[int, float]:
    """Return traits → the weight of a fresh review, of those that count; its source aside."""
    return {
        number: profile.weight(verified=each.verified, origin=each.origin)
        for number, each in enumerate(TRAITS)
        if profile.counts(kind=each.kind, origin=each.origin)
    }


def score_interval(score: Score, merged: MergedSums, at_us: int, profile: Profile) -> Interval | None:
    """Return where a score would lie if as many reviews came again from the same customers; None without reviews.

    The prior does not vary; the mean of the reviews does, by its standard error. How much stars differ is estimated
    with one more review of each star, as E. Miller's "Ranking items with star ratings" does, so that few and equal
    ones do not seem sure: `score +- 1.96 * B / (N + B) * sqrt(variance / (n + 1))`, n the effective number of reviews.
    """
    n, b = score.effective_reviews, merged.sums.b
    if score.count <= 0 or n <= 0 or b <= 0:
        return None
    shares = [(max(weight, 0.0) / b * n + 1) / (n + len(STARS)) for weight in merged.sums.weights]
    mean = fsum(star * share for star, share in zip(STARS, shares, strict=True))
    variance = fsum((star - mean) ** 2 * share for star, share in zip(STARS, shares, strict=True))
    weight = total_weight_at(merged, at_us, profile)
    half = Z * weight / (profile.prior_weight + weight) * sqrt(variance / (n + 1))
    return Interval(max(MIN_RATING, score.value - half), min(MAX_RATING, score.value + half))


def nps_of(sums: Sums) -> Share | None:
    """Return the NPS, from -100 to 100; None without replies, for which there is no NPS."""
    if sums.n <= 0 or sums.b <= 0 or sums.b2 <= 0:
        return None
    effective = effective_reviews(sums.b, sums.b2, sums.n)
    low, high = net_share(share(sums, PROMOTERS), share(sums, DETRACTORS), effective)
    return Share(nps(sums), sums.n, effective, Interval(100 * low, 100 * high))


def csat_of(sums: Sums) -> Share | None:
    """Return the CSAT, in percent from 0 to 100; None without replies."""
    if sums.n <= 0 or sums.b <= 0 or sums.b2 <= 0:
        return None
    effective = effective_reviews(sums.b, sums.b2, sums.n)
    low, high = wilson(share(sums, SATISFIED), effective)
    return Share(csat(sums), sums.n, effective, Interval(100 * low, 100 * high))


def ces_of(replies: Sequence[Reply]) -> Mean | None:
    """Return the mean of how easy it was, on its scale of 1 to 7; None without replies."""
    count, weight, squared = (
        sum(each.count for each in replies),
        fsum(each.weight for each in replies),
        fsum(each.squared for each in replies),
    )
    if count <= 0 or weight <= 0 or squared <= 0:
        return None
    effective = effective_reviews(weight, squared, count)
    efforts = [(effort_of(each.rating), each.weight) for each in replies if each.weight > 0]
    sample = sample_of(efforts, effective, Interval(MIN_EFFORT, MAX_EFFORT))
    found = of_mean(sample)
    interval = found and Interval(max(MIN_EFFORT, found.low), min(MAX_EFFORT, found.high))
    return Mean(sample.mean, count, effective, interval)


def _by_source(profile: Profile, parts: Sequence[Part], at_us: int) -> list[tuple[str, Score]]:
    """Return source → its score, of those that have reviews that count; the most first, then by their ids."""
    by_source: defaultdict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.source_id is not None:
            by_source[part.source_id].append(part)
    found = [(source_id, read_parts(profile, of_one, at_us)) for source_id, of_one in by_source.items()]
    counted = [each for each in found if each[1].count > 0]
    return sorted(counted, key=lambda each: (-each[1].count, each[0]))[:MAX_SOURCES]
