"""How long reviews wait for an answer, where some still wait: the estimator of Kaplan and Meier.

A review without an answer is right-censored at its age: it is known to wait so long, and not how long it will. The
share that still waits after t is the product, over all times t' up to t at which reviews were answered, of one less the
share of those waiting just before t' that were answered at t' (Kaplan and Meier, JASA 53, 1958). A review that is
censored at the very time of an answer was still waiting then.

A review that we learn of late could not be seen to be answered before: it is left-truncated. It is among those that
wait only after the time at which it was learned of.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import ceil, exp, log, sqrt
from typing import Final, NamedTuple

from plaudit.common.statistics.intervals import Interval, Z, on_scale

HALF: Final = 0.5
_ROUNDING: Final = 1e-12
_POWER: Final = 1.05
_NARROW: Final = (log(_POWER) / Z) ** 2


class Waits(NamedTuple):
    """How long reviews waited, in microseconds."""

    answered: Sequence[int]
    """Until their answers, of those that have one."""
    waiting: Sequence[int]
    """Up to now, of those that have none."""
    entered: Sequence[int] = ()
    """How long those of them that were learned of late had waited by then; the others were known from the beginning.
    `quantiles` goes by it, and the other functions do not. Each of them waits longer than that."""


class Quantile(NamedTuple):
    """The time within which a share is answered."""

    at: int | None
    """None where the curve does not come so far."""
    low: int | None
    """From here on the share may be answered; None where nothing tells it."""
    high: int | None
    """From here on it is; None where the curve does not tell."""


class _Step(NamedTuple):
    """What the curve is after a time of answers."""

    at: int
    still: float
    """The share that still waits."""
    spread: float
    """The sum of Greenwood: its variance is `still ** 2 * spread`."""


class _Run(NamedTuple):
    """Answers between which nothing was censored: the factors of the product cancel to one fraction."""

    first: int
    end: int
    """Exclusive; both are indices of the answered."""
    at_risk: int
    """How many were waiting just before the first."""
    share: float
    """The share that waited longer than all answers before the first."""

    def share_after(self, count: int) -> float:
        """Return the share that still waits after so many of its answers."""
        return self.share * (self.at_risk - count) / self.at_risk


class Curve:
    """The share that still waits after each time, up to the median and to a limit."""

    def __init__(self, waits: Waits, limit_us: int) -> None:
        """Follow the curve of waits in order, up to the later one of the median and the limit, or to its end."""
        self._waits = waits
        self._limit_us = limit_us
        self._runs: list[_Run] = []
        answered, waiting = waits.answered, waits.waiting
        first, gone, share = 0, 0, 1.0
        while first < len(answered) and (answered[first] <= limit_us or share > HALF + _ROUNDING):
            gone = bisect_left(waiting, answered[first], gone)
            end = bisect_right(answered, waiting[gone], first) if gone < len(waiting) else len(answered)
            at_risk = len(answered) - first + len(waiting) - gone
            self._runs.append(_Run(first, end, at_risk, share))
            share *= (at_risk - end + first) / at_risk
            first = end

    @property
    def median(self) -> int | None:
        """The least time after which at most half still wait; None where that is not reached."""
        for run in self._runs:
            if run.share_after(run.end - run.first) <= HALF + _ROUNDING:
                count = ceil(run.at_risk * (1 - (HALF + _ROUNDING) / run.share))
                return self._waits.answered[run.first + max(count, 1) - 1]
        return None

    def answered_within(self, time_us: int) -> float | None:
        """Return the share that is answered within a time; None where nobody is known to have waited so long.

        Raises:
            ValueError: the time is beyond the limit.
        """
        if time_us > self._limit_us:
            raise ValueError(f"the curve was followed up to {self._limit_us} µs, and {time_us} is asked for")
        answered, still = self._waits.answered, 1.0
        for run in self._runs:
            if answered[run.first] > time_us:
                break
            still = run.share_after(bisect_right(answered, time_us, run.first, run.end) - run.first)
        longest_us = max((times[-1] for times in (answered, self._waits.waiting) if times), default=-1)
        return None if still > 0 and longest_us < time_us else on_scale(1 - still)


def answered_by(waits: Waits, time_us: int) -> tuple[float, float]:
    """Return the share that is answered within a time, and of how many reviews a plain share would be as sure.

    The share is that of Kaplan and Meier, with the variance of Greenwood, `S² Σ d / (n (n - d))` over the times of
    answers until then; a plain share of `S (1 - S) / variance` reviews has the same one (Dorey and Korn, Statistics in
    Medicine 6, 1987). Where all or none are answered by then, it is of all who are answered or waited so long. The
    number is 0 where nobody is known to have waited so long.

    Args:
        waits: in any order.
        time_us: the time, in microseconds.
    """
    answered, waiting = sorted(waits.answered), sorted(waits.waiting)
    still, spread = 1.0, 0.0
    for at_us in sorted({each for each in answered if each <= time_us}):
        first, end = bisect_left(answered, at_us), bisect_right(answered, at_us)
        at_risk, count = len(answered) - first + len(waiting) - bisect_left(waiting, at_us), end - first
        still *= (at_risk - count) / at_risk
        spread += count / (at_risk * (at_risk - count)) if count < at_risk else 0.0
    longest_us = max((times[-1] for times in (answered, waiting) if times), default=-1)
    if still > 0 and longest_us < time_us:
        return on_scale(1 - still), 0.0
    if spread == 0 or still <= 0:
        return on_scale(1 - still), float(len(answered) + len(waiting) - bisect_left(waiting, time_us))
    return on_scale(1 - still), (1 - still) / (still * spread)


def median_of(waits: Waits) -> tuple[int | None, Interval | None]:
    """Return the median of `Curve` and its interval; None for the interval where the curve does not tell its end.

    Args:
        waits: in any order.
    """
    [found] = quantiles(waits, [HALF])
    is_told = found.low is not None and found.high is not None
    return found.at, Interval(found.low or 0, found.high or 0) if is_told else None


def quantiles(waits: Waits, shares: Sequence[float]) -> list[Quantile]:
    """Return the times within which these shares are answered, in the order of the shares, each with its interval.

    A time is the least one after which at most the rest still wait. The interval is that of Brookmeyer and Crowley
    (Biometrics 38, 1982): all times at which the share that still waits may be that rest. The bounds of the share are
    those of Kalbfleisch and Prentice, `S ** exp(+-z * d / |log S|)` with the variance `d ** 2` of Greenwood,
    `sum of d / (n * (n - d))`, which stay within 0 and 1.

    Args:
        waits: in any order.
        shares: each between 0 and 1, both exclusive.

    Raises:
        ValueError: a share is none.
    """
    if not all(0 < share < 1 for share in shares):
        raise ValueError(f"a quantile is of a share between 0 and 1, and {[*shares]} are asked for")
    found = [Quantile(None, None, None)] * len(shares)
    open_ones = set(range(len(shares)))
    clear = _clear_of(shares, open_ones)
    for at, still, spread in _steps(waits):
        if still > clear and spread <= _NARROW * (1 - still) ** 2:
            continue
        least, most = _bounds(still, spread)
        for number in [*open_ones]:
            rest = 1 - shares[number] + _ROUNDING
            if min(still, least) > rest:
                continue
            before = found[number]
            found[number] = Quantile(
                at if before.at is None and still <= rest else before.at,
                at if before.low is None and least <= rest else before.low,
                at if most <= rest else None,
            )
            if found[number].high is not None:
                open_ones.remove(number)
                clear = _clear_of(shares, open_ones)
        if not open_ones:
            break
    return found


def _clear_of(shares: Sequence[float], open_ones: Collection[int]) -> float:
    """Return the share that still waits above which narrow bounds tell no end of an open quantile.

    The power of the lower bound, `exp(z * d / |log S|)`, is at most `_POWER` where `d ** 2` is `_NARROW * (1 - S) ** 2`
    at most, since `|log S|` is not less than `1 - S`. So the bound itself need not be computed there.
    """
    return float(max((1 - shares[number] + _ROUNDING for number in open_ones), default=0.0) ** (1 / _POWER))


def _steps(waits: Waits) -> Iterator[_Step]:
    """Yield the curve after each time of answers.

    Where all who are known to wait are answered at a time, and others were learned of later, the time is passed over:
    it would leave nobody waiting whatever those tell (Lai and Ying, Annals of Statistics 19, 1991, pass over times at
    which few wait).
    """
    answered, waiting, entered = sorted(waits.answered), sorted(waits.waiting), sorted(waits.entered)
    still, spread, first, gone, come = 1.0, 0.0, 0, 0, 0
    while first < len(answered):
        at = answered[first]
        end = first + 1
        while end < len(answered) and answered[end] == at:
            end += 1
        while gone < len(waiting) and waiting[gone] < at:
            gone += 1
        while come < len(entered) and entered[come] < at:
            come += 1
        to_come = len(entered) - come
        at_risk, count = len(answered) - first + len(waiting) - gone - to_come, end - first
        first = end
        if count == at_risk and to_come:
            continue
        still *= (at_risk - count) / at_risk
        spread += count / (at_risk * (at_risk - count)) if count < at_risk else 0.0
        yield _Step(at, still, spread)


def _bounds(still: float, spread: float) -> tuple[float, float]:
    """Return where the share that still waits lies; nothing is known of the end of the curve, where none waits."""
    if still <= 0:
        return 0.0, 1.0
    if still >= 1:
        return 1.0, 1.0
    times = exp(Z * sqrt(spread) / -log(still))
    return still**times, still ** (1 / times)


def together(waits: Iterable[Waits]) -> Waits:
    """Return all of them in order."""
    answered: list[int] = []
    waiting: list[int] = []
    for each in waits:
        answered += each.answered
        waiting += each.waiting
    # What is in order already is merged, not sorted anew.
    answered.sort()
    waiting.sort()
    return Waits(answered, waiting)
