"""Whether people still complain about what was shipped: reviews a week before and after, with an interval for each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Final

WINDOW: Final = timedelta(days=90)
"""Before and after the request was shipped, at most."""
_WEEK: Final = timedelta(days=7)
_Z: Final = 1.959964
"""Of 95 %."""
_DIGITS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Reviews that complain, within a time."""

    start: datetime
    end: datetime
    reviews: int

    @property
    def per_week(self) -> float | None:
        """Reviews a week; None of no time."""
        return self._weekly(self.reviews)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The limits of 95 % of that number, as Byar approximates them for counts; None of no time."""
        low = 0.0 if self.reviews == 0 else _byar(self.reviews, -_Z)
        lower, upper = self._weekly(low), self._weekly(_byar(self.reviews + 1, _Z))
        return None if lower is None or upper is None else (lower, upper)

    def _weekly(self, number: float) -> float | None:
        weeks = (self.end - self.start) / _WEEK
        return round(number / weeks, _DIGITS) if weeks > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """What became of a complaint after the request was shipped."""

    shipped_at: datetime
    before: Rate
    after: Rate


def windows(shipped_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """Return where the time before begins, and where that after ends: both as long, once enough time went by."""
    return shipped_at - WINDOW, min(now, shipped_at + WINDOW)


def _byar(count: int, z: float) -> float:
    part = 1 - 1 / (9 * count) + z / (3 * sqrt(count))
    return float(count * max(part, 0.0) ** 3)
