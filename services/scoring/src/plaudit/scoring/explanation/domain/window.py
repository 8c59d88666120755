"""What came to be known of reviews between two instants, and the explanation that it makes."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import exp2, floor, fsum, log2
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from plaudit.scoring.explanation.domain.changes import WIDTH, Change, Prior, Share, Start, explain
from plaudit.scoring.history.domain import Happened
from plaudit.scoring.moves.domain import ABSENT, MIXED, Moved
from plaudit.scoring.profiles.domain import DAY_US, MAX_RATING, MIN_RATING, Profile
from plaudit.scoring.sums.domain.traits import TRAITS
from plaudit.scoring.topics.domain import topic_of

Key = TypeVar("Key", bound=Hashable)
_MAX_EXPONENT: Final = 1000.0
STAR_RANGES: Final = [(low, high) for low in range(1, 6) for high in range(low, 6)]
"""The lowest and the highest rating that a review may have had, in whole stars."""
CLOCK_AHEAD_US: Final = DAY_US
"""No rating was given so long after it was known: ingest brings back what is minutes ahead of it."""


class ReversedWindowError(ValueError):
    """A window ends before it begins."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        """Name both instants."""
        super().__init__(f"The window begins at {begins:%FT%TZ} and ends at {ends:%FT%TZ}; send a `to` after `from`.")


class Stars(NamedTuple):
    """What became of reviews of these stars."""

    happened: Happened
    before: int | None
    """None where they did not count before."""
    after: int | None


class Group(NamedTuple):
    """Reviews of one source that the same became of."""

    stars: Stars
    source_id: str


class GroupShare(NamedTuple):
    """What a group adds to the sums of a score."""

    group: Group
    changes: int
    """How many there are."""
    share: Share
    """As it weighs at the second reading."""


class TopicShare(NamedTuple):
    """What reviews that mention a topic add to the sums of a score."""

    topic: str
    changes: int
    share: Share


class MovingReview(NamedTuple):
    """A review, with all that became of it in the window."""

    review_id: str
    source_id: str
    happened: tuple[Happened, ...]
    """Each once, in the order of their first times."""
    before: int | None
    """The star that it counted as when the window began; None where it did not count."""
    after: int | None
    origin: str
    """Of its last state in the window."""
    share: Share


class Standing(NamedTuple):
    """A score at one end of the window."""

    at: datetime
    value: float
    """The prior while there are no reviews."""
    reviews: int
    """How many count."""

    @property
    def score(self) -> float | None:
        """The value as it is shown: None while there are no reviews."""
        return self.value if self.reviews else None


class Together(NamedTuple):
    """What some of the changes did together."""

    changes: int
    effect: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a score moved from one instant to another."""

    subject: str
    profile: Profile
    first: Standing
    second: Standing
    change: Change[Group]
    counts: Mapping[Group, int]
    topics: Mapping[str, Together]
    """By what reviews mention, the largest effect first; the effects add up as those of groups do."""
    reviews: Sequence[tuple[MovingReview, float]] = ()
    """Those with the largest effects, the largest first."""

    @property
    def has_crossing_parts(self) -> bool:
        """Whether a part is more than a score can move: of reviews that came and went again in the window."""
        told = [
            each.effect for parts in (self.by(by_stars), self.by(by_source), self.topics) for each in parts.values()
        ]
        return any(abs(effect) > WIDTH for effect in told)

    def with_reviews(self, reviews: Iterable[MovingReview]) -> "Explanation":
        """Return it with the reviews that have the largest effects, the largest first."""
        return replace(self, reviews=[(each, self.change.effect_of(each.share)) for each in reviews])

    def by(self, key: Callable[[Group], Key]) -> dict[Key, Together]:
        """Return what groups did together that have the same key, the largest effect first.

        The effects add up to the change without ageing: a group that is split has parts that add up to its effect.
        """
        found: dict[Key, list[Group]] = {}
        for group in self.counts:
            found.setdefault(key(group), []).append(group)
        summed = {
            each: Together(
                sum(self.counts[group] for group in groups), fsum(self.change.effects[group] for group in groups)
            )
            for each, groups in found.items()
        }
        return _ordered(summed)


def _ordered(done: Mapping[Key, Together]) -> dict[Key, Together]:
    """Return what was done, the largest effect first."""
    return dict(sorted(done.items(), key=lambda item: (-abs(item[1].effect), str(item[0]))))


def by_stars(group: Group) -> Stars:
    """Return what became of which stars, whatever the source."""
    return group.stars


def by_source(group: Group) -> str:
    """Return the source, whatever became of its reviews."""
    return group.source_id


def prior_of(profile: Profile) -> Prior:
    """Return a profile's prior."""
    return Prior(weight=profile.prior_weight, value=profile.prior_value)


def log_weights(profile: Profile) -> list[float | None]:
    """Return the binary logarithm of what a fresh review weighs, by the number of its traits; None if not counted.

    The weights of sources are not in it.
    """
    return [
        log2(profile.weight(verified=each.verified, origin=each.origin))
        if profile.counts(kind=each.kind, origin=each.origin)
        else None
        for each in TRAITS
    ]


def source_log_weights(profile: Profile) -> dict[str, float]:
    """Return the binary logarithm of the weight of each source that has one of its own."""
    return {source_id: log2(weight) for source_id, weight in profile.source_weights.items()}


def effect_bound(profile: Profile, middle: float, times_us: tuple[int, int]) -> float:
    """Return what no new review that was rated before an instant can do to the sums: the most of `abs(a - middle * b)`.

    Args:
        profile: what reviews weigh.
        middle: the score that effects are against.
        times_us: the instant, and the one that weights are as of, in microseconds since the Unix epoch.
    """
    rated_us, read_us = times_us
    faded = 0.0 if profile.half_life_us is None else (rated_us - read_us) / profile.half_life_us
    return exp2(max(-_MAX_EXPONENT, freshest(profile) + faded)) * max(MAX_RATING - middle, middle - MIN_RATING)


def freshest(profile: Profile) -> float:
    """Return the binary logarithm of the most that a fresh review weighs."""
    most = max((weight for weight in log_weights(profile) if weight is not None), default=0.0)
    return most + max([0.0, *source_log_weights(profile).values()])


def change_begins(
    profile: Profile, middle: float, times_us: tuple[int, int], least: float
) -> dict[tuple[int, int], int]:
    """Return what changes may have done more to the sums than so much: from when on they are to be looked at.

    What a review did is the difference of two of its states, or one of them. So of those whose ratings were from `low`
    to `high` none did more than its newest rating weighs times how far apart they and the score lie. Their changes were
    known when that rating was given, or later, but for a platform's clock that is ahead of ours.

    Args:
        profile: what reviews weigh.
        middle: the score that effects are against.
        times_us: the instant that the window begins after, and the one that weights are as of, in microseconds since
            the Unix epoch.
        least: as `abs(a - middle * b)`.

    Returns:
        Lowest and highest rating in whole stars → what was known until then, in microseconds, is not to be looked at.
        Those are missing that none is to be looked at of.
    """
    after_us, read_us = times_us
    begins = {}
    for low, high in STAR_RANGES:
        most = (max(0.0, high - middle) + max(0.0, middle - low)) * exp2(freshest(profile))
        if least <= 0:
            begins[low, high] = after_us
        elif profile.half_life_us is not None:
            rated_us = read_us + floor(profile.half_life_us * (log2(least) - log2(most))) if most else read_us
            begins[low, high] = max(after_us, rated_us - CLOCK_AHEAD_US)
        elif most > least:
            begins[low, high] = after_us
    return begins


def shares_of(profile: Profile, moved: Iterable[Moved]) -> tuple[list[GroupShare], list[TopicShare]]:
    """Return what changes did to the sums that a profile makes of them: by group, and by topic."""
    groups: dict[Group, list[tuple[float, Share]]] = {}
    topics: dict[str, list[tuple[float, Share]]] = {}
    for each in moved:
        weight = _weight(profile, each.traits, each.source_id)
        done = (each.changes, Share((weight or 0.0) * each.a, (weight or 0.0) * each.b))
        if each.topic != MIXED:
            if weight is not None:
                topics.setdefault(topic_of(each.topic), []).append(done)
            continue
        star = None if weight is None else each.star
        is_other_counted = each.other_star != ABSENT and _weight(profile, each.other_traits, each.source_id) is not None
        before, after = (each.other_star if is_other_counted else None), star
        if each.sign < 0:
            before, after = after, before
        if (before, after) != (None, None):
            group = Group(Stars(Happened(each.happened), before, after), each.source_id)
            groups.setdefault(group, []).append(done)
    of_groups = [GroupShare(group, *_together(done)) for group, done in groups.items()]
    of_topics = [TopicShare(name, *_together(done)) for name, done in topics.items()]
    return [each for each in of_groups if _tells(each)], of_topics


def newest_of(profile: Profile, moved: Iterable[Moved]) -> int | None:
    """Return when the newest review that counts of some changes was rated, in microseconds; None without any."""
    counted = (each for each in moved if _weight(profile, each.traits, None) is not None)
    return max((each.newest_us for each in counted), default=None)


def _weight(profile: Profile, traits: int, source_id: str | None) -> float | None:
    """Return what a fresh review weighs; None if it does not count."""
    each = TRAITS[traits]
    if not profile.counts(kind=each.kind, origin=each.origin):
        return None
    return profile.weight(verified=each.verified, origin=each.origin, source_id=source_id)


def _together(done: Sequence[tuple[float, Share]]) -> tuple[int, Share]:
    changes = round(sum(changes for changes, _ in done))
    return changes, Share(fsum(share.a for _, share in done), fsum(share.b for _, share in done))


def _tells(told: GroupShare) -> bool:
    """Return whether a group did anything: an edit may have changed nothing that this profile counts."""
    return told.share != Share(0.0, 0.0) or told.group.stars.before != told.group.stars.after


def explained(
    subject: str,
    profile: Profile,
    begun: Start,
    ends: tuple[Standing, datetime],
    told: Iterable[GroupShare],
    topics: Iterable[TopicShare],
) -> Explanation:
    """Return the explanation of what a score was at first, and what came to be known since, without single reviews.

    Args:
        subject: whose score.
        profile: which score.
        begun: what was known at the first instant.
        ends: how it stood at the first instant, and the second one.
        told: all that came to be known until then.
        topics: the same by topic.

    Raises:
        ValueError: more reviews are taken away than there were.
    """
    first, second_at = ends
    groups = list(told)
    count = first.reviews + sum(each.changes * _net(each.group.stars) for each in groups)
    shares = {each.group: each.share for each in groups}
    change = explain(begun, shares, prior_of(profile), are_all_gone=count == 0)
    return Explanation(
        subject=subject,
        profile=profile,
        first=first,
        second=Standing(second_at, change.after, count),
        change=change,
        counts=MappingProxyType({each.group: each.changes for each in groups}),
        topics=MappingProxyType(
            _ordered({each.topic: Together(each.changes, change.effect_of(each.share)) for each in topics})
        ),
    )


def _net(stars: Stars) -> int:
    """Return by how many reviews one change raises the count."""
    return (stars.after is not None) - (stars.before is not None)


LARGEST_REVIEWS: Final = 10
"""How many are shown unless another number is asked for."""
