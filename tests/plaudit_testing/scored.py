"""Reviews as scoring reads them, folded and merged: builders for tests of scoring."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from plaudit.scoring.history.domain import SortedReview
from plaudit.scoring.profiles.domain import DAY_US, TRUST, Profile
from plaudit.scoring.scores.domain import Score, read_parts
from plaudit.scoring.sums.domain.decay import MergedSums, Sums, term
from plaudit.scoring.sums.domain.fold import DeltaKey, Deltas, fold, fold_half_life
from plaudit.scoring.sums.domain.kept import KeptSums
from plaudit.scoring.sums.domain.parts import KeptPart, Part, merge_for, parts_for
from plaudit.scoring.sums.domain.review import ReviewSource, ScoredChange, ScoredReview

NEWEST = len(Sums._fields)
"""The place of the newest review's time in a row of a half-life; the numbers of `Sums` come before it."""
MOMENT_US = 20_000 * DAY_US
SOURCE_ID = "01956d00-0000-7000-8000-000000000001"


def scored(
    rating: float = 5.0,
    rated_at_us: int = MOMENT_US,
    *,
    subject: str = "acme/berlin",
    kind: str = "stars",
    verified: bool = True,
    origin: str = "organic",
    source_id: str = SOURCE_ID,
) -> ScoredReview:
    """A review's state; the time in microseconds since the Unix epoch."""
    return ScoredReview(
        subject=subject,
        kind=kind,
        rating=rating,
        verified=verified,
        origin=origin,
        rated_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=rated_at_us),
        source=ReviewSource(id=source_id),
    )


def sorted_review(
    rating: float = 5.0, rated_at_us: int = MOMENT_US, *, topics: tuple[str, ...] = (), **traits: Any
) -> SortedReview:
    """A review's state as history reads it, with what it mentions."""
    return SortedReview(**msgspec.structs.asdict(scored(rating, rated_at_us, **traits)), topics=topics)


def change(before: ScoredReview | None, after: ScoredReview | None) -> ScoredChange:
    """A review's change from one state to another."""
    return ScoredChange(before=before, after=after)


def folded(*states: tuple[ScoredReview | None, ScoredReview | None], profile: Profile = TRUST) -> Deltas:
    """The sums of changes, each `(before, after)`, of one tenant and one partition, for a profile's half-life."""
    deltas: Deltas = {}
    for before, after in states:
        fold_half_life(deltas, "default", 0, change(before, after), _half_life_us(profile))
    return {key: row[:NEWEST] for key, row in deltas.items()}


def kept(*states: tuple[ScoredReview | None, ScoredReview | None], partition: int = 0) -> Deltas:
    """The deltas of the kept sums of changes, each `(before, after)`, of one tenant."""
    deltas: Deltas = {}
    for before, after in states:
        fold(deltas, "default", partition, change(before, after))
    return deltas


def kept_parts(deltas: Deltas, prefix: str = "acme") -> list[KeptPart]:
    """A prefix's kept sums."""
    return [
        KeptPart(source_id, traits, block, KeptSums._make(row))
        for (_, path, source_id, traits, _, block), row in deltas.items()
        if path == prefix
    ]


def merged(deltas: Deltas, prefix: str = "acme", profile: Profile = TRUST) -> MergedSums:
    """What counts for a profile of a prefix, over all sources and landmarks."""
    return merge_for(
        profile,
        [
            Part(source_id, traits, landmark, Sums._make(row))
            for (_, path, source_id, traits, _, landmark), row in deltas.items()
            if path == prefix
        ],
    )


def read_for(profile: Profile, kept: Sequence[KeptPart], at_us: int) -> Score:
    """The score of a profile whose half-life is kept, from a subject's kept sums."""
    return read_parts(profile, parts_for(kept, profile.half_life_us), at_us)


def row_of(
    rating: float, rated_at_us: int = MOMENT_US, weight: float = 1.0, *, sign: int = 1, profile: Profile = TRUST
) -> tuple[int, Sums]:
    """The row of one review: the landmark's index, and the sums."""
    landmark, star, a, b2, w = term(rating, rated_at_us, _half_life_us(profile))
    weights = (w * weight * (each == star) for each in range(1, 6))
    counts = (int(each == star) for each in range(1, 6))
    return landmark, Sums._make(sign * value for value in (a * weight, b2 * weight * weight, *weights, *counts))


def key_of(path: str, rated_at_us: int = MOMENT_US, profile: Profile = TRUST, traits: int = 1) -> DeltaKey:
    """The key of the row that a review of `folded` goes to."""
    return "default", path, SOURCE_ID, traits, 0, row_of(5, rated_at_us, profile=profile)[0]


def _half_life_us(profile: Profile) -> int:
    assert profile.half_life_us is not None
    return profile.half_life_us
