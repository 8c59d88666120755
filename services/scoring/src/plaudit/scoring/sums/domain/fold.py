"""Folding any review change into deltas of sums, by key. New reviews of known rows go by `live/domain.py` instead."""

from typing import Final, TypeAlias, TypeVar

from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.profiles.domain import Profile
from plaudit.scoring.sums.domain.decay import NO_SUMS, Sums, Term, term, unix_us
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange, ScoredReview

Row = TypeVar("Row")
"""What names a row of sums: its `DeltaKey`, or its id."""
DeltaKey: TypeAlias = tuple[str, str, str, int, int]
DELTA_KEY: Final = ("tenant_id", "prefix", "source_id", "partition", "landmark")
"""What the parts of a `DeltaKey` are, in their order."""
Deltas: TypeAlias = dict[DeltaKey, list[float]]
"""Per key the numbers of `Sums`, in the order of its fields; the counts are integers."""
OneStar: TypeAlias = list[float]
"""What to add to one row by reviews of one star: `[row id, star, a, b2, weight, count]`."""

EMPTY_ROW: Final[list[float]] = list(NO_SUMS)
A: Final = Sums._fields.index("a")
B2: Final = Sums._fields.index("b2")
# A star's column lies as many behind these as the star says.
BEFORE_WEIGHTS: Final = Sums._fields.index("w1") - 1
BEFORE_COUNTS: Final = Sums._fields.index("n1") - 1


def fold(deltas: Deltas, tenant_id: str, partition: int, change: ScoredChange, profile: Profile) -> None:
    """Add one change's effect to `deltas`: minus what the review contributed before, plus what it contributes after.

    A state contributes when it is of a kind that the profile counts. A change that leaves the contribution as it was
    touches nothing. A move touches only the prefixes that the two subjects do not share.

    Raises:
        InvalidReviewError: a rating is off the scale or a subject is malformed; `deltas` is then as it was.
    """
    kinds = profile.kinds
    before, after = change.before, change.after
    if before is not None and before.kind not in kinds:
        before = None
    if after is not None and after.kind not in kinds:
        after = None
    try:
        if before is None:
            if after is not None:
                _add(deltas, tenant_id, partition, after, prefixes(after.subject), _term_of(after, profile), 1)
        elif after is None:
            _add(deltas, tenant_id, partition, before, prefixes(before.subject), _term_of(before, profile), -1)
        else:
            _replace(deltas, tenant_id, partition, before, after, profile)
    except ValueError as error:
        raise InvalidReviewError(str(error)) from error


def _replace(
    deltas: Deltas, tenant_id: str, partition: int, before: ScoredReview, after: ScoredReview, profile: Profile
) -> None:
    is_same_term = (
        before.rating == after.rating
        and before.rated_at == after.rated_at
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
    _add(deltas, tenant_id, partition, before, old_paths, old_term, -1)
    _add(deltas, tenant_id, partition, after, new_paths, new_term, 1)


def _weight_of(review: ScoredReview, profile: Profile) -> float:
    return 1.0 if profile.is_uniform else profile.weight(verified=review.verified, origin=review.origin)


def _term_of(review: ScoredReview, profile: Profile) -> Term:
    return term(review.rating, unix_us(review.rated_at), _weight_of(review, profile), profile.half_life_us)


def _add(
    deltas: Deltas, tenant_id: str, partition: int, review: ScoredReview, paths: tuple[str, ...], share: Term, sign: int
) -> None:
    """Add a review's share to the rows of these prefixes, or take it away where the sign is -1."""
    landmark, star, a, b2, w = share
    if sign < 0:
        a, b2, w = -a, -b2, -w
    for path in paths:
        add_share(deltas, (tenant_id, path, review.source.id, partition, landmark), star, a, b2, w, sign)


def add_share(rows: dict[Row, list[float]], key: Row, star: int, a: float, b2: float, w: float, n: int) -> None:
    """Add to one row what reviews of this star add to a, to b2, to the star's weight and to the star's count."""
    row = rows.get(key)
    if row is None:
        rows[key] = row = EMPTY_ROW.copy()
    row[A] += a
    row[B2] += b2
    row[star + BEFORE_WEIGHTS] += w
    row[star + BEFORE_COUNTS] += n
