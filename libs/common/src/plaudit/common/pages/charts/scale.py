"""The scale of values: where they stand, which of them the axis names, and how figures are written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEIGHT: Final = 200
TOP: Final = 24
BOTTOM: Final = 172
_MAX_STEPS: Final = 4
_LEAST_SPAN: Final = 0.1
_DECIMALS: Final = 4
_SHORTENED: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SHORTENED_FROM: Final = 10_000


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values stand: from the low at the bottom to the high at the top, named at each step."""

    low: float
    high: float
    step: float

    def y(self, value: float) -> float:
        """Return a value's height, in pixels from the top."""
        return round(BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP), 1)

    @property
    def named(self) -> list[float]:
        """The values that the axis names, the lowest first."""
        return [self.low + n * self.step for n in range(round((self.high - self.low) / self.step) + 1)]


def scale_of(values: Sequence[float], *, from_zero: bool) -> Scale:
    """Return a scale of a few round steps that holds the values.

    Args:
        values: that it holds; there may be none.
        from_zero: whether it begins at zero, or below it where a value does; otherwise near the least value.

    Raises:
        ValueError: a value is not finite.
    """
    if not all(map(math.isfinite, values)):
        raise ValueError("a chart's values are finite: give None where there is none")
    held = [*values, 0.0] if from_zero or not values else values
    low, high = min(held), max(held)
    # Of large values the least span is a share: a step must still change them.
    least = max(1.0 if from_zero else _LEAST_SPAN, abs(high) * 1e-9)
    step = _step(max(high - low, least) / _MAX_STEPS)
    if from_zero and all(float(value).is_integer() for value in values):
        step = max(step, 1.0)  # there is no half of what is counted
    first = math.floor(low / step) * step
    return Scale(first, max(math.ceil(high / step) * step, first + step), step)


def _step(least: float) -> float:
    """Return the first of 1, 2, 5, 10, … (or a power of ten of these) that is not below the least."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def number(value: float) -> str:
    """Return a value as `1,204` or `3.25`: no more digits than it has, and four decimals at most."""
    words = f"{value:,.{_DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if words == "-0" else words


def short_number(value: float) -> str:
    """Return a value as an axis names it: `9,000`, and `10k` or `2.5M` from there on."""
    if abs(value) < _SHORTENED_FROM:
        return number(value)
    unit, letter = next(each for each in _SHORTENED if abs(value) >= each[0])
    return f"{value / unit:.4g}{letter}"
