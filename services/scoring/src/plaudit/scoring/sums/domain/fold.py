"""Folding review events into the deltas of the accumulators: the hot path of live scoring."""

from typing import Final, Protocol, TypeAlias

from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.domain.decay import NO_SUMS, Term, term
from plaudit.scoring.domain.profile import Profile

DeltaKey: TypeAlias = tuple[str, str, str, int]
"""(tenant, subject prefix, source, landmark index)"""
Deltas: TypeAlias = dict[DeltaKey, list[float]]
"""Per key the twelve numbers of Sums, in its order; the last five are integers."""

_EMPTY_ROW: Final[list[float]] = list(NO_SUMS)


class Review(Protocol):
    """What scoring needs to know of a review's state, before or after an event."""

    @property
    def subject(self) -> str:
        """The path of what is reviewed."""

    @property
    def kind(self) -> str:
        """The kind of statement: stars, thumbs, nps, csat, ces."""

    @property
    def rating(self) -> float:
        """The rating on the scale of 1 to 5, perhaps fractional."""

    @property
    def verified(self) -> bool:
        """Whether the platform vouches for the experience."""

    @property
    def origin(self) -> str:
        """How it came about: organic, invited, incentivised."""

    @property
    def published(self) -> bool:
        """Whether the public can see it."""

    @property
    def rated_at_us(self) -> int:
        """When the present rating was given, in microseconds since the Unix epoch."""


def fold(
    deltas: Deltas, tenant: str, source: str, before: Review | None, after: Review | None, profile: Profile
) -> None:
    """Add one event's effect to `deltas`: minus what the review contributed before, plus what it contributes after.

    A state contributes when it is published and of a kind that the profile counts. An event that leaves the
    contribution as it was touches nothing. A move touches only the prefixes that the two subjects do not share.

    Raises ValueError for a rating off the scale or a malformed subject; `deltas` is then as it was.
    """
    kinds = profile.kinds
    if before is not None and not (before.published and before.kind in kinds):
        before = None
    if after is not None and not (after.published and after.kind in kinds):
        after = None
    if before is None:
        if after is not None:
            _add(deltas, tenant, source, prefixes(after.subject), _term_of(after, profile))
    elif after is None:
        _subtract(deltas, tenant, source, prefixes(before.subject), _term_of(before, profile))
    else:
        _replace(deltas, tenant, source, before, after, profile)


def _replace(deltas: Deltas, tenant: str, source: str, before: Review, after: Review, profile: Profile) -> None:
    is_same_term = (
        before.rating == after.rating
        and before.rated_at_us == after.rated_at_us
        and _weight_of(before, profile) == _weight_of(after, profile)
    )
    if is_same_term and before.subject == after.subject:
        return
    old_paths, new_paths = prefixes(before.subject), prefixes(after.subject)
    old_term = _term_of(before, profile)
    new_term = _term_of(after, profile)
    if is_same_term:
        shared = sum(old == new for old, new in zip(old_paths, new_paths, strict=False))
        old_paths, new_paths = old_paths[shared:], new_paths[shared:]
    _subtract(deltas, tenant, source, old_paths, old_term)
    _add(deltas, tenant, source, new_paths, new_term)


def _weight_of(review: Review, profile: Profile) -> float:
    return 1.0 if profile.is_uniform else profile.weight(verified=review.verified, origin=review.origin)


def _term_of(review: Review, profile: Profile) -> Term:
    return term(review.rating, review.rated_at_us, _weight_of(review, profile), profile.half_life_us)


def _add(deltas: Deltas, tenant: str, source: str, paths: tuple[str, ...], share: Term) -> None:
    k, star, a, b2, w = share
    weight_column, count_column = star + 1, star + 6
    for path in paths:
        key = (tenant, path, source, k)
        row = deltas.get(key)
        if row is None:
            deltas[key] = row = _EMPTY_ROW.copy()
        row[0] += a
        row[1] += b2
        row[weight_column] += w
        row[count_column] += 1


def _subtract(deltas: Deltas, tenant: str, source: str, paths: tuple[str, ...], share: Term) -> None:
    k, star, a, b2, w = share
    weight_column, count_column = star + 1, star + 6
    for path in paths:
        key = (tenant, path, source, k)
        row = deltas.get(key)
        if row is None:
            deltas[key] = row = _EMPTY_ROW.copy()
        row[0] -= a
        row[1] -= b2
        row[weight_column] -= w
        row[count_column] -= 1
