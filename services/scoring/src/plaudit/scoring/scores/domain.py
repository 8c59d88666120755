"""Reading a score from merged sums at any instant, without a write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import exp2, floor, ldexp
from typing import Final

from plaudit.common.numerals import noun_of
from plaudit.scoring.half_lives.domain import ProfileNotReadyError, Progress
from plaudit.scoring.profiles.domain import MAX_RATING, MIN_RATING, Profile, UnknownProfileError
from plaudit.scoring.sums.domain.decay import MergedSums, landmark_us, unix_us
from plaudit.scoring.sums.domain.parts import Part, merge_for, newest_us

FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)
_HALVES: Final = {0.0: "", 0.5: "½"}
MAX_REVIEWS_READ: Final = 2_000_000
"""A subject with more reviews is not read by a half-life of a tenant's own but now: each review is looked at, a million
in about a second, and a statement may take five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChoices:
    """The profiles that a tenant may choose from."""

    ready: Mapping[str, Profile]
    """Name → profile: those that every tenant has first, then its own that scores can be read by, by name."""
    filling: Mapping[str, Progress]
    """Name → how far it is, of its own that cannot be chosen yet."""

    @property
    def names(self) -> Mapping[str, str]:
        """What may be chosen, for a form: value → words."""
        return {name: name for name in self.ready}

    @property
    def waiting(self) -> Mapping[str, str]:
        """What may not be chosen yet, for a form: value → words."""
        return {name: f"{name} (being filled)" for name in self.filling}

    def named(self, name: str) -> Profile:
        """Return a profile by its name.

        Raises:
            UnknownProfileError: there is none of this name.
            ProfileNotReadyError: its half-life is being filled.
        """
        if (found := self.ready.get(name)) is not None:
            return found
        if (progress := self.filling.get(name)) is not None:
            raise ProfileNotReadyError(name, progress)
        raise UnknownProfileError(name, sorted({*self.ready, *self.filling}))


class TooManyReviewsError(Exception):
    """A subject has too many reviews for what is read review by review."""

    def __init__(self, subject: str, reviews: int, profile: Profile) -> None:
        """Say how many there are and may be, and what to ask for."""
        super().__init__(
            f"`{subject}` has {reviews:,} reviews. By the half-life of `{profile.name}`, which is the tenant's own, "
            f"another moment than now is read review by review, of {MAX_REVIEWS_READ:,} at most. Ask for now, for a "
            "subject below it, or by a profile with the half-life of `trust`, `recent` or `lifetime`."
        )


class UnknownSubjectError(ValueError):
    """Nothing was ever said about a subject."""

    def __init__(self, subject: str, near: Sequence[str], known: str = "") -> None:
        """Name known subjects that may have been meant, or else one that is known, if there is any."""
        names = " or ".join(f"`{each}`" for each in near)
        example = f" One that is known is `{known}`." if known else ""
        meant = f" Did you mean {names}?" if names else example
        super().__init__(f"Nothing was ever said about `{subject}`.{meant}")


class UnknownSubjectAskedError(ValueError):
    """Nothing was ever said about a subject that a query asks for, whose path is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When a figure is read: at an instant of the world, with what was known at an instant of ours."""

    at: datetime
    known_at: datetime = FOR_EVER
    is_now: bool = False
    """Whether it is the present with all that is known, which the sums hold."""

    @property
    def at_us(self) -> int:
        """The instant of the world in microseconds since the Unix epoch."""
        return unix_us(self.at)


def moment_of(at: datetime | None, known_at: datetime | None, now: datetime) -> Moment:
    """Return the moment that is asked for.

    Args:
        at: what had taken effect by then counts, and has the age that it had then. The present or, if only the other
            one is given, that instant.
        known_at: of that, what was known by then; all that is known if not given.
        now: the present.
    """
    if at is None and known_at is None:
        return Moment(at=now, is_now=True)
    if known_at is None:
        return Moment(at=at or now)
    return Moment(at=at or known_at, known_at=known_at)


@dataclass(frozen=True, slots=True)
class Score:
    """A score as it stands at one instant."""

    value: float
    """Always a number: the prior while there are no reviews."""
    count: int
    distribution: dict[int, int]
    """Reviews by star."""
    effective_reviews: float
    """How many reviews of equal weight would say as much: (sum of w)^2 / (sum of w^2) (Kish, Survey Sampling, 1965)."""
    prior: float

    @property
    def score(self) -> float | None:
        """The value as it is shown: None while there are no reviews."""
        return self.value if self.count else None

    @property
    def stars(self) -> float | None:
        """The score in half stars; None while there are no reviews."""
        return half_stars(self.value) if self.count else None


def read(merged: MergedSums, at_us: int, profile: Profile) -> Score:
    """Return the score at an instant: `(N*V + A*d) / (N + B*d)` with `d = 2^-((at - L) / H)`.

    Args:
        merged: sums of what counts for the profile, with its weights, of its half-life.
        at_us: microseconds since the Unix epoch, any distance after or before the landmark.
        profile: it.
    """
    sums, prior = merged.sums, profile.prior_value
    if sums.n <= 0:
        return Score(prior, 0, dict.fromkeys(range(1, 6), 0), effective_reviews=0.0, prior=prior)
    b = sums.b
    return Score(
        _shrunk(sums.a, b, merged.landmark, at_us, profile),
        sums.n,
        dict(enumerate(sums.counts, start=1)),
        effective_reviews=effective_reviews(b, sums.b2, sums.n),
        prior=prior,
    )


def value_at(merged: MergedSums, at_us: int, profile: Profile) -> float:
    """Return the `value` of `read` alone: the same bits, at a quarter of the cost."""
    sums = merged.sums
    return _shrunk(sums.a, sums.b, merged.landmark, at_us, profile) if sums.n > 0 else profile.prior_value


def effective_reviews(b: float, b2: float, n: int) -> float:
    """Return `b^2 / b2`, which lies between 1 and the number of reviews (Cauchy and Schwarz).

    What rounding has left of a row from which nearly all weight was taken away lies anywhere, until it is summed anew.
    """
    return min(max(b * b / b2, 1.0), float(n)) if b2 > 0 else 0.0


def half_stars(score: float) -> float:
    """Return the stars shown for a score: the nearest half, ties up (`round` would take them to even)."""
    return floor(2 * score + 0.5) / 2


def stars_in_words(score: float) -> str:
    """Return the stars shown for a score as `3½ ★`."""
    stars = half_stars(score)
    return f"{int(stars)}{_HALVES[stars % 1]} ★"


def stars_aloud(score: float) -> str:
    """Return them as `3½ stars`, for a sentence: who listens would hear of a black star."""
    return stars_in_words(score).replace("★", noun_of(half_stars(score), "star"))


def read_parts(profile: Profile, parts: Sequence[Part], at_us: int) -> Score:
    """Return the score of a profile from a subject's sums of the profile's half-life."""
    return read(merge_for(profile, parts), instant_of(profile, newest_us(parts, profile), at_us), profile)


def of_origin(profile: Profile, origin: str) -> Profile:
    """Return a profile that counts one origin's reviews alone: of a figure that stands beside the public one."""
    return replace(profile, origins=frozenset({origin}))


def instant_of(profile: Profile, newest_rated_us: int | None, at_us: int) -> int:
    """Return the instant at which a profile is read: for one that is frozen, that of the newest review until then."""
    if not profile.is_frozen or newest_rated_us is None:
        return at_us
    return min(at_us, newest_rated_us)


def total_weight_at(merged: MergedSums, at_us: int, profile: Profile) -> float:
    """Return what all reviews weigh at an instant that none of them is later than, as `read` takes it."""
    b = merged.sums.b
    if profile.half_life_us is None:
        return b
    half_lives, rest_us = divmod(at_us - landmark_us(merged.landmark, profile.half_life_us), profile.half_life_us)
    return ldexp(b * exp2(-rest_us / profile.half_life_us), -half_lives)


def _shrunk(a: float, b: float, landmark: int, at_us: int, profile: Profile) -> float:
    """Return the mean of the prior and of reviews whose sums are held against a landmark.

    Before the landmark the prior is scaled down instead of the sums up, so that no factor exceeds 1.
    """
    prior_weight = profile.prior_weight
    if profile.half_life_us is not None:
        age_us = at_us - landmark_us(landmark, profile.half_life_us)
        half_lives, rest_us = divmod(abs(age_us), profile.half_life_us)
        factor = ldexp(exp2(-rest_us / profile.half_life_us), -half_lives)
        if age_us >= 0:
            a, b = a * factor, b * factor
        else:
            prior_weight *= factor
    total = prior_weight + b
    if total <= 0:
        return profile.prior_value  # Nothing is left to average when both have underflowed: it is all that is known.
    value = (prior_weight * profile.prior_value + a) / total
    # A mean of fives alone may be rounded to 5.000000000000001.
    return value if MIN_RATING <= value <= MAX_RATING else min(MAX_RATING, max(MIN_RATING, value))
