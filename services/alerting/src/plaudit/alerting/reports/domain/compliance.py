"""How much happened in time: in time ÷ (in time + late + still open past the due time)."""

from collections.abc import Iterable
from typing import NamedTuple

from plaudit.common.statistics.intervals import Interval, wilson


class Compliance(NamedTuple):
    """How many clocks stand how."""

    in_time: int = 0
    late: int = 0
    """What was due happened after the due time, or was cancelled after it."""
    open_past_due: int = 0
    """The due time has passed, and it has not happened."""
    not_yet_due: int = 0
    paused: int = 0
    """A person has stopped their time."""
    unknown: int = 0
    """The due time has passed where answers are not told."""
    cancelled: int = 0
    """Nothing was due any more before the due time."""

    @property
    def counted(self) -> int:
        """The denominator: those of which it is decided. Those that nobody can know of are not among them."""
        return self.in_time + self.late + self.open_past_due

    @property
    def all(self) -> int:
        """How many there are."""
        return sum(self)

    @property
    def share(self) -> float | None:
        """The share in time; None where nothing is decided."""
        return self.in_time / self.counted if self.counted else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's interval of 95 %; None where nothing is decided."""
        return None if self.share is None else wilson(self.share, self.counted)


def together(found: Iterable[Compliance]) -> Compliance:
    """Return the sums."""
    return Compliance(*map(sum, zip(*found, strict=True)))
