"""Folding any review change into deltas of sums, by key. New reviews of known rows go by `live/domain.py` instead."""

from collections.abc import Callable, Sequence
from functools import partial
from operator import add, sub
from typing import Final, TypeAlias

from plaudit.common.contracts.subjects import prefixes
from plaudit.scoring.sums.domain.decay import NO_SUMS, star_of, term, unix_us
from plaudit.scoring.sums.domain.kept import (
    NEVER_US,
    NEWEST,
    NOTHING_KEPT,
    RECENT_WEIGHTS,
    TRUST_WEIGHTS,
    kept_share,
)
from plaudit.scoring.sums.domain.review import InvalidReviewError, ScoredChange, ScoredReview
from plaudit.scoring.sums.domain.traits import NUMBERS

DeltaKey: TypeAlias = tuple[str, str, str, int, int, int]
DELTA_KEY: Final = ("tenant_id", "prefix", "source_id", "traits", "partition", "block")
"""What the parts of a `DeltaKey` are, in their order."""
Deltas: TypeAlias = dict[DeltaKey, list[float]]
"""Per key the numbers of `KeptSums`, in the order of its fields; the counts are integers."""
Share: TypeAlias = Callable[[float, int], tuple[int, Sequence[float]]]
"""(rating, time in microseconds) → (the block or landmark of its row, what it adds to the row)."""
OneStar: TypeAlias = list[float]
"""What to add to one row by reviews of one star: `[row id, star, n, total, newest_us, trust_a, trust_b2, trust_w,
recent_a, recent_b2, recent_w]`."""

Subtracted: TypeAlias = dict[DeltaKey, tuple[float, float]]
"""Per key the weights that a batch takes away, of trust and of recent."""
SubtractedWeights: TypeAlias = dict[DeltaKey, float]
"""The same of one half-life of a tenant's own."""

EMPTY_ROW: Final[list[float]] = list(NOTHING_KEPT)
_WEIGHTS: Final = slice(NO_SUMS._fields.index("w1"), NO_SUMS._fields.index("w5") + 1)
EMPTY_HALF_LIFE_ROW: Final[list[float]] = [*NO_SUMS, NEVER_US]
"""Of a half-life of a tenant's own: the numbers of `Sums`, and when the newest review that ever counted was rated."""


def fold(
    deltas: Deltas, tenant_id: str, partition: int, change: ScoredChange, subtracted: Subtracted | None = None
) -> None:
    """Add one change's effect to `deltas`: minus what the review contributed before, plus what it contributes after.

    A change that leaves the contribution as it was touches nothing. A move touches only the prefixes that the two
    subjects do not share.

    Args:
        deltas: what is added to.
        tenant_id: whose.
        partition: of the change.
        change: it.
        subtracted: if given, what is taken away is added to it as well.

    Raises:
        InvalidReviewError: a rating is off the scale, a subject is malformed, or a kind or an origin is not known;
            `deltas` is then as it was.
    """
    for sign, key, share in _contributions(tenant_id, partition, change, kept_share):
        row = deltas.setdefault(key, EMPTY_ROW.copy())
        newest_us = max(row[NEWEST], share[NEWEST])
        row[:] = map(add if sign > 0 else sub, row, share)
        row[NEWEST] = newest_us
        if sign < 0 and subtracted is not None:
            trust, recent = subtracted.get(key, (0.0, 0.0))
            subtracted[key] = trust + sum(share[TRUST_WEIGHTS]), recent + sum(share[RECENT_WEIGHTS])


def fold_half_life(
    deltas: Deltas,
    tenant_id: str,
    partition: int,
    change: ScoredChange,
    half_life_us: int,
    subtracted: SubtractedWeights | None = None,
) -> None:
    """Do the same for a half-life of a tenant's own: rows as `EMPTY_HALF_LIFE_ROW`, with landmarks for blocks.

    Raises:
        InvalidReviewError: as `fold`.
    """
    for sign, key, share in _contributions(tenant_id, partition, change, partial(half_life_share, half_life_us)):
        add_share(deltas, key, share, sign, subtracted)


def add_share(
    deltas: Deltas, key: DeltaKey, share: Sequence[float], times: int, subtracted: SubtractedWeights | None = None
) -> None:
    """Add a share of a half-life to its row so many times; the newest review is the newer one.

    Args:
        deltas: the rows.
        key: of the row.
        share: as `half_life_share` returns it.
        times: negative to take it away; 0 leaves the sums, and yet the review was there.
        subtracted: if given, the weight that is taken away is added to it as well.
    """
    row = deltas.setdefault(key, EMPTY_HALF_LIFE_ROW.copy())
    newest_us = max(row[-1], share[-1])
    row[:] = [held + times * more for held, more in zip(row, share, strict=True)]
    row[-1] = newest_us
    if times < 0 and subtracted is not None:
        subtracted[key] = subtracted.get(key, 0.0) - times * sum(share[_WEIGHTS])


def half_life_share(half_life_us: int, rating: float, rated_at_us: int) -> tuple[int, list[float]]:
    """Return the landmark of a review for a half-life, and what it adds to a row of that landmark.

    Raises:
        ValueError: the rating is off the scale.
    """
    landmark, star, a, b2, w = term(rating, rated_at_us, half_life_us)
    share: list[float] = [a, b2, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, rated_at_us]
    share[1 + star] = w
    share[6 + star] = 1
    return landmark, share


def check(review: ScoredReview) -> int:
    """Return the number of a review's traits. What is refused here is refused by every group alike.

    Raises:
        InvalidReviewError: its rating is off the scale, its subject is malformed, or its kind or origin is not known.
    """
    traits = NUMBERS.get((review.kind, review.origin, review.verified))
    if traits is None:
        raise InvalidReviewError(f"no kind {review.kind!r} with an origin {review.origin!r} is known")
    try:
        star_of(review.rating)
        prefixes(review.subject)
    except ValueError as error:
        raise InvalidReviewError(str(error)) from error
    return traits


def _contributions(
    tenant_id: str, partition: int, change: ScoredChange, share: Share
) -> list[tuple[int, DeltaKey, Sequence[float]]]:
    """Return (sign, key, share) of every row that a change touches."""
    before = None if change.before is None else _paths_and_row(change.before, share)
    after = None if change.after is None else _paths_and_row(change.after, share)
    shared = 0
    if before is not None and after is not None and before[1:] == after[1:]:
        shared = sum(old == new for old, new in zip(before[0], after[0], strict=False))
    found: list[tuple[int, DeltaKey, Sequence[float]]] = []
    for sign, state in ((-1, before), (1, after)):
        if state is not None:
            paths, source_id, traits, block, numbers = state
            found += [
                (sign, (tenant_id, path, source_id, traits, partition, block), numbers) for path in paths[shared:]
            ]
    return found


def _paths_and_row(review: ScoredReview, share: Share) -> tuple[tuple[str, ...], str, int, int, Sequence[float]]:
    traits = check(review)
    block, numbers = share(review.rating, unix_us(review.rated_at))
    return prefixes(review.subject), review.source.id, traits, block, numbers
