"""Reviews as scoring reads them, folded and merged: builders for tests of scoring."""

from datetime import UTC, datetime, timedelta

from plaudit.scoring.profiles.domain import DAY_US, TRUST, Profile
from plaudit.scoring.sums.domain.decay import MergedSums, Sums, merge, term
from plaudit.scoring.sums.domain.fold import DeltaKey, Deltas, fold
from plaudit.scoring.sums.domain.review import ScoredChange, ScoredReview, Source

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
        source=Source(id=source_id),
    )


def change(before: ScoredReview | None, after: ScoredReview | None) -> ScoredChange:
    """A review's change from one state to another."""
    return ScoredChange(before=before, after=after)


def folded(*states: tuple[ScoredReview | None, ScoredReview | None], profile: Profile = TRUST) -> Deltas:
    """The deltas of changes, each `(before, after)`, of one tenant and one partition."""
    deltas: Deltas = {}
    for before, after in states:
        fold(deltas, "default", 0, change(before, after), profile)
    return deltas


def merged(deltas: Deltas, prefix: str = "acme") -> MergedSums:
    """A prefix's sums over all sources and landmarks."""
    return merge((landmark, Sums._make(row)) for (_, path, _, _, landmark), row in deltas.items() if path == prefix)


def row_of(
    rating: float, rated_at_us: int = MOMENT_US, weight: float = 1.0, *, sign: int = 1, profile: Profile = TRUST
) -> tuple[int, Sums]:
    """The row of one review: the landmark's index, and the sums."""
    landmark, star, a, b2, w = term(rating, rated_at_us, weight, profile.half_life_us)
    weights = (w * (each == star) for each in range(1, 6))
    counts = (int(each == star) for each in range(1, 6))
    return landmark, Sums._make(sign * value for value in (a, b2, *weights, *counts))


def key_of(path: str, rated_at_us: int = MOMENT_US, profile: Profile = TRUST) -> DeltaKey:
    """The key of the row that a review of `folded` goes to."""
    return "default", path, SOURCE_ID, 0, row_of(5, rated_at_us, profile=profile)[0]
