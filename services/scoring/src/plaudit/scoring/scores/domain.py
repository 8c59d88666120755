"""Reading a score from merged sums at any instant, without writing, and foreseeing when it crosses a threshold."""

from dataclasses import dataclass
from math import ceil, exp2, floor, ldexp, log2

from plaudit.scoring.domain.decay import State, Sums, landmark_us
from plaudit.scoring.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class Score:
    """A score as it stands at one instant.

    `value` always exists: it is the prior while there are no reviews, when `score` and `stars` are None.
    `n_eff` is the effective number of reviews behind it, (sum of w)^2 / (sum of w^2).
    """

    score: float | None
    value: float
    stars: float | None
    count: int
    distribution: dict[int, int]
    n_eff: float
    prior: float


def read(state: State, at_us: int, profile: Profile) -> Score:
    """The score of a merged state at `at_us`: `(N*V + A*d) / (N + B*d)` with `d = 2^-((at - L) / H)`.

    `at_us` may lie any distance after or before the landmark.
    """
    return read_sums(state.sums, landmark_us(state.k, profile), at_us, profile)


def read_sums(sums: Sums, held_against_us: int, at_us: int, profile: Profile) -> Score:
    """The score at `at_us` of merged sums that are held against any landmark."""
    if sums.n <= 0:
        prior = profile.prior_value
        return Score(
            score=None,
            value=prior,
            stars=None,
            count=0,
            distribution=dict.fromkeys(range(1, 6), 0),
            n_eff=0.0,
            prior=prior,
        )
    b = sums.b
    value = _shrunk(sums.a, b, at_us - held_against_us, profile)
    return Score(
        score=value,
        value=value,
        stars=stars(value),
        count=sums.n,
        distribution=dict(enumerate(sums[7:], start=1)),
        n_eff=b * b / sums.b2 if sums.b2 > 0 else 0.0,
        prior=profile.prior_value,
    )


def crossing(state: State, at_us: int, threshold: float, profile: Profile) -> int | None:
    """When, after `at_us` and with no further event, the score reaches `threshold`; None if it never does.

    The score moves monotonically to the prior V, so the time is closed: with A and B at the landmark,
    `L + H * log2((A - T*B) / (N * (T - V)))`, which is the Delta of A and B at any other time. Rounded up to a
    microsecond. A profile that does not age between events never crosses by itself.
    """
    return crossing_sums(state.sums, landmark_us(state.k, profile), at_us, threshold, profile)


def crossing_sums(sums: Sums, held_against_us: int, at_us: int, threshold: float, profile: Profile) -> int | None:
    """As `crossing`, for merged sums that are held against any landmark."""
    distance = profile.prior_weight * (threshold - profile.prior_value)
    if not profile.ages_between_events or sums.n <= 0 or distance == 0:
        return None
    ratio = (sums.a - threshold * sums.b) / distance
    if ratio <= 0:
        return None
    crossing_at_us = held_against_us + ceil(profile.half_life_us * log2(ratio))
    return crossing_at_us if crossing_at_us > at_us else None


def stars(score: float) -> float:
    """The stars shown for a score: the nearest half, ties up (`round` would take them to even)."""
    return floor(2 * score + 0.5) / 2


def one_decimal(score: float) -> float:
    """A score as shown in figures: one decimal, ties up."""
    return floor(10 * score + 0.5) / 10


def _shrunk(a: float, b: float, age_us: int, profile: Profile) -> float:
    """The mean of the prior and of reviews whose sums are held against a landmark `age_us` ago.

    Before the landmark the prior is scaled down instead of the sums up, so that no factor exceeds 1.
    """
    half_lives, rest_us = divmod(abs(age_us), profile.half_life_us)
    factor = ldexp(exp2(-rest_us / profile.half_life_us), -half_lives)
    prior_weight = profile.prior_weight
    if age_us >= 0:
        a, b = a * factor, b * factor
    else:
        prior_weight *= factor
    total = prior_weight + b
    # Nothing is left to average when both have underflowed: the prior is all that is known.
    return (prior_weight * profile.prior_value + a) / total if total > 0 else profile.prior_value
