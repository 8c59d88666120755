"""What came to be known of reviews between two instants, and the explanation that it makes."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import fsum, log2
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from plaudit.scoring.explanation.domain.changes import Change, Prior, Share, Start, explain
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.traits import TRAITS

Key = TypeVar("Key", bound=Hashable)


class ReversedWindowError(ValueError):
    """A window ends before it begins."""

    def __init__(self, begins: datetime, ends: datetime) -> None:
        """Name both instants."""
        super().__init__(f"The window begins at {begins:%FT%TZ} and ends at {ends:%FT%TZ}; send a `to` after `from`.")


class Happened(StrEnum):
    """What became of a review."""

    NEW = "new"
    LATE = "late"
    """New to us, and rated before the window."""
    EDITED = "edited"
    REMOVED = "removed"
    RESTORED = "restored"
    MOVED_IN = "moved_in"
    """From a subject that is not below this one."""
    MOVED_OUT = "moved_out"


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


class Told(NamedTuple):
    """What a group adds to the sums of a score."""

    group: Group
    changes: int
    """How many there are."""
    share: Share
    """As it weighs at the second reading."""


class MovingReview(NamedTuple):
    """A review, with all that became of it in the window."""

    review_id: str
    source_id: str
    happened: tuple[Happened, ...]
    """Each once, in the order of their first times."""
    before: int | None
    """The star that it counted as when the window began; None where it did not count."""
    after: int | None
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
    reviews: Sequence[tuple[MovingReview, float]]
    """Those with the largest effects, the largest first."""

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
        return dict(sorted(summed.items(), key=lambda item: (-abs(item[1].effect), str(item[0]))))


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


def explained(
    subject: str,
    profile: Profile,
    begun: Start,
    ends: tuple[Standing, datetime],
    told: Iterable[Told],
    reviews: Iterable[MovingReview],
) -> Explanation:
    """Return the explanation of what a score was at first, and what came to be known since.

    Args:
        subject: whose score.
        profile: which score.
        begun: what was known at the first instant.
        ends: how it stood at the first instant, and the second one.
        told: all that came to be known until then.
        reviews: those with the largest effects, the largest first.

    Raises:
        ValueError: more reviews are taken away than there were.
    """
    first, second_at = ends
    groups = list(told)
    change = explain(begun, {each.group: each.share for each in groups}, prior_of(profile))
    count = first.reviews + sum(each.changes * _net(each.group.stars) for each in groups)
    return Explanation(
        subject=subject,
        profile=profile,
        first=first,
        second=Standing(second_at, change.after, count),
        change=change,
        counts=MappingProxyType({each.group: each.changes for each in groups}),
        reviews=[(each, change.effect_of(each.share)) for each in reviews],
    )


def _net(stars: Stars) -> int:
    """Return by how many reviews one change raises the count."""
    return (stars.after is not None) - (stars.before is not None)


LARGEST_REVIEWS: Final = 10
"""How many are shown unless another number is asked for."""
