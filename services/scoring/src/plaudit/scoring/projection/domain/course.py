"""Where a score goes, without new reviews or at a pace of them: in closed form. `target.py` has what a target takes.

In a time Δ reviews fade by `d = 2^-(Δ/H)`. Reviews that arrive as a steady stream would, if it lasted for ever, weigh
`K = pace * weight * H / ln 2` together; after Δ they weigh `K * (1 - d)`. So at a threshold T the numerator of the
score's distance to it is linear in d,

    (N + B(Δ)) * (S(Δ) - T) = (N + B) * (S - T) * d + (N + K) * (L - T) * (1 - d),

where S is the score now and L the limit. There is at most one crossing, the score moves in one direction only, and
without new reviews (K = 0, L = V) the crossing is `Δ = (H / ln 2) * ln((A - T*B) / (N * (T - V)))`. Derived from
forward decay: Cormode, Shkapenyuk, Srivastava, Xu, ICDE 2009.

A score reaches a target, or a half star, when it is not below it. Times are integer microseconds since the Unix epoch.
They may lie beyond what a calendar can show: compare before you convert them.
"""

import math
from dataclasses import dataclass
from math import exp2, expm1, ldexp, log, log1p, log2
from typing import Final, NamedTuple

from plaudit.scoring.profiles.domain import DAY_US, MAX_FRESH_WEIGHT, MAX_RATING, MIN_RATING
from plaudit.scoring.scores.domain import half_stars

MAX_PER_DAY: Final = 1e9
"""The highest pace: reviews a day."""
MAX_HALF_LIFE_US: Final = 10**30
"""The longest half-life; whoever needs a longer one means None."""
_LN_2: Final = log(2)
_MAX_NUDGES: Final = 64
"""How often a computed crossing is moved past rounding, by twice as much every time."""


def check_stars(name: str, value: float) -> None:
    """Refuse a number of stars that is off the scale.

    Raises:
        ValueError: it is.
    """
    if not MIN_RATING <= value <= MAX_RATING:  # also refuses NaN
        raise ValueError(f"{name} {value!r} is off the scale; send a number from {MIN_RATING:g} to {MAX_RATING:g}")


def check_weight(name: str, value: float) -> None:
    """Refuse what no review weighs.

    Raises:
        ValueError: the weight is out of its range.
    """
    if not 0 < value <= MAX_FRESH_WEIGHT:
        raise ValueError(f"{name} must be above 0 and at most {MAX_FRESH_WEIGHT:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreState:
    """What a score is made of, held at an instant: everything has faded to then.

    Raises:
        ValueError: a figure is out of its range.
    """

    a: float
    """Sum of rating times weight."""
    b: float
    """Sum of weights; rounding may leave it a little below 0."""
    at_us: int
    prior_weight: float
    prior_value: float
    half_life_us: int | None
    """None where reviews do not fade."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (math.isfinite(self.a) and math.isfinite(self.b)):
            raise ValueError("the sums of a score must be finite")
        if not (math.isfinite(self.prior_weight) and self.prior_weight > 0 and self.prior_weight + self.b > 0):
            raise ValueError("prior_weight must be finite and above 0, and above what the sum of weights lacks to 0")
        check_stars("prior_value", self.prior_value)
        if self.half_life_us is not None and not 1 <= self.half_life_us <= MAX_HALF_LIFE_US:
            raise ValueError(f"half_life_us must be from 1 to {MAX_HALF_LIFE_US:g}, or None where reviews do not fade")

    @property
    def score(self) -> float:
        """The score: `(N*V + A) / (N + B)`, written so that it is exactly V when nothing is left of the reviews."""
        return self.prior_value + (self.a - self.prior_value * self.b) / (self.prior_weight + self.b)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """A steady stream of new reviews: the mean of their ratings, how many arrive a day, and what a fresh one weighs.

    Raises:
        ValueError: a figure is out of its range.
    """

    per_day: float
    rating: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.per_day <= MAX_PER_DAY:
            raise ValueError(f"per_day must be from 0 to {MAX_PER_DAY:g} reviews a day")
        check_stars("rating", self.rating)
        check_weight("weight", self.weight)


NO_REVIEWS: Final = Pace(per_day=0.0, rating=MIN_RATING)


class HalfStar(NamedTuple):
    """The next change of the stars that are shown for a score."""

    at_us: int
    """The first instant at which the new stars are shown."""
    threshold: float
    stars: float
    """The stars shown from then on."""


def remaining(age_us: int, half_life_us: int | None) -> float:
    """Return what is left of a weight after a time: `2^-(age / H)`, or 1 where reviews do not fade."""
    if half_life_us is None:
        return 1.0
    half_lives, rest_us = divmod(age_us, half_life_us)
    return ldexp(exp2(-rest_us / half_life_us), -half_lives)


def later(state: ScoreState, at_us: int, pace: Pace = NO_REVIEWS) -> ScoreState:
    """Return the state at a later instant, without new reviews or at a pace of them.

    Raises:
        ValueError: the instant is before the state's own.
    """
    age_us = age_us_of(state, at_us)
    left = remaining(age_us, state.half_life_us)
    arrived = arrived_weight(pace, age_us, state.half_life_us)
    return moved(state, at_us, state.a * left + pace.rating * arrived, state.b * left + arrived)


def score_at(state: ScoreState, at_us: int, pace: Pace = NO_REVIEWS) -> float:
    """Return the score at a later instant, without new reviews or at a pace of them.

    Raises:
        ValueError: the instant is before the state's own.
    """
    return later(state, at_us, pace).score


def limit(state: ScoreState, pace: Pace = NO_REVIEWS) -> float:
    """Return what the score nears and never passes: V, the mean of V and the stream, or the stream's rating.

    Where nothing fades and nothing arrives, it is the score itself.
    """
    if state.half_life_us is None:
        return pace.rating if pace.per_day else state.score
    if not pace.per_day:
        return state.prior_value
    kept = _kept(pace, state.half_life_us)
    return moved(state, state.at_us, pace.rating * kept, kept).score


def crossing_us(state: ScoreState, threshold: float, pace: Pace = NO_REVIEWS) -> int | None:
    """Return when the score crosses a threshold: the first instant when, as computed, a rising one has reached it.

    For a falling one, the first at which it is below. None if it never does: the threshold is not strictly between the
    score and its limit.

    Raises:
        ValueError: the threshold is off the scale.
    """
    check_stars("threshold", threshold)
    now, last = state.score, limit(state, pace)
    return _passed_us(state, threshold, pace) if min(now, last) < threshold < max(now, last) else None


def falls_below_us(state: ScoreState, threshold: float, pace: Pace = NO_REVIEWS) -> int | None:
    """Return the first instant at which a score that has reached a threshold is, as computed, below it.

    None if it never is, and if it has not reached it. One that stands on it now is below it right after.

    Raises:
        ValueError: the threshold is off the scale.
    """
    check_stars("threshold", threshold)
    return _passed_us(state, threshold, pace) if limit(state, pace) < threshold <= state.score else None


def next_half_star(state: ScoreState, pace: Pace = NO_REVIEWS) -> HalfStar | None:
    """Return the next change of the stars shown, which are `floor(2*score + 0.5) / 2`; None if they never change.

    The thresholds lie at x.25 and x.75. At a threshold exactly the upper half star is shown: a rising score has it from
    then on, and a falling one loses it right after, even if it stands on the threshold now.
    """
    now, last = state.score, limit(state, pace)
    shown = half_stars(now)
    if last < now and last < (threshold := shown - 0.25):
        return HalfStar(_passed_us(state, threshold, pace), threshold, shown - 0.5)
    if last > now and last > (threshold := shown + 0.25):
        return HalfStar(_passed_us(state, threshold, pace), threshold, shown + 0.5)
    return None


def age_us_of(state: ScoreState, at_us: int) -> int:
    """Return the time from a state until an instant.

    Raises:
        ValueError: the instant is before the state's own.
    """
    if at_us < state.at_us:
        raise ValueError("a projection starts at the state's own instant; ask for that one or a later one")
    return at_us - state.at_us


def moved(state: ScoreState, at_us: int, a: float, b: float) -> ScoreState:
    """Return a state with other sums, at an instant."""
    return ScoreState(
        a=a,
        b=b,
        at_us=at_us,
        prior_weight=state.prior_weight,
        prior_value=state.prior_value,
        half_life_us=state.half_life_us,
    )


def _kept(pace: Pace, half_life_us: int) -> float:
    """Return K, what the reviews of a stream would weigh together if it lasted for ever."""
    return pace.per_day * pace.weight * (half_life_us / DAY_US) / _LN_2


def arrived_weight(pace: Pace, age_us: int, half_life_us: int | None) -> float:
    """Return what the reviews that arrived in a time weigh at its end: `K * (1 - d)`, without cancellation."""
    if half_life_us is None:
        return pace.per_day * pace.weight * (age_us / DAY_US)
    return _kept(pace, half_life_us) * -expm1(-_LN_2 * (age_us / half_life_us))


def _crossing_age_us(state: ScoreState, threshold: float, pace: Pace) -> float:
    """Return the time until the score is at a threshold between it and its limit."""
    over_now = (state.prior_weight + state.b) * (state.score - threshold)
    half_life_us = state.half_life_us
    if half_life_us is None:
        return over_now / (pace.per_day * pace.weight * (threshold - pace.rating)) * DAY_US
    over_at_last = (state.prior_weight + _kept(pace, half_life_us)) * (limit(state, pace) - threshold)
    faded = over_now / (over_now - over_at_last)
    # Near now the part that has faded is known precisely, near the limit the part that is left.
    half_lives = -log1p(-faded) / _LN_2 if faded < 0.5 else -log2(over_at_last / (over_at_last - over_now))
    return half_lives * half_life_us


def _passed_us(state: ScoreState, threshold: float, pace: Pace) -> int:
    """Return the crossing, moved by what rounding takes until a reading at that instant is past the threshold."""
    is_falling = limit(state, pace) < state.score
    crossed_us = state.at_us + math.ceil(_crossing_age_us(state, threshold, pace))
    for nudges in range(_MAX_NUDGES):
        at_us = crossed_us + (1 << nudges) - 1
        score = score_at(state, at_us, pace)
        if score < threshold if is_falling else score >= threshold:
            return at_us
    return crossed_us  # nothing but rounding lies between the threshold and the limit
