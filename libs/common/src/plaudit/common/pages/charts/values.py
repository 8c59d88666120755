"""What a chart is given: lines, bands, thresholds and marks, and the limits of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

MAX_LINES: Final = 6
MAX_PLAIN_LINES: Final = 4
"""Lines without a look of their own: each has another pattern of dashes, and no more can be told apart."""
MANY_LINES: Final = 3
MAX_POINTS: Final = 1_500
MAX_THRESHOLDS: Final = 3
MAX_MARKS: Final = 50

Look = Literal["", "bad", "soft"]
MarkKind = Literal["event", "release", "incident", "request", "content"]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a value for each of the chart's points, None where there is none.

    Lines without a look are told apart by patterns of dashes; every line has its name at its end.
    """

    name: str
    values: Sequence[float | None]
    look: Look = ""


@dataclass(frozen=True, slots=True)
class Band:
    """A range around lines, such as an interval of confidence: its bounds at each of the chart's points, or None."""

    name: str
    lows: Sequence[float | None]
    highs: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A value that counts: a quiet line across the chart; its label is the words and the value."""

    value: float
    words: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a point on a line, with its words."""

    at: int | datetime
    """Index of a label; in a chart over time the instant, which may lie between two points."""
    words: str
    series: int = 0
    """Index of the line that it stands on."""
    kind: MarkKind = "event"
    """Each kind has another shape."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands over the points of a chart, whatever their places are."""

    series: Sequence[Series]
    band: Band | None
    thresholds: Sequence[Threshold]
    marks: Sequence[Mark]
    has_area: bool

    @property
    def values(self) -> list[float]:
        """All values that the scale has to hold."""
        bounds = [*self.band.lows, *self.band.highs] if self.band else []
        rows = [*(each.values for each in self.series), bounds, [each.value for each in self.thresholds]]
        return [value for row in rows for value in row if value is not None]

    @property
    def looks(self) -> list[str]:
        """The look of each line: its own, or else the next pattern of dashes."""
        patterns = iter(("", "second", "third", "fourth"))
        return [each.look or next(patterns) for each in self.series]

    @property
    def has_key(self) -> bool:
        """Whether there are so many lines that their names would cover them: they stand beside the chart, or below."""
        return len(self.series) >= MANY_LINES

    def refuse_what_cannot_be_drawn(self, points: int) -> None:
        """Refuse a chart of this many points that would be wrong or could not be read.

        Raises:
            ValueError: a row has another number of values than there are points; there is more of something than the
                limit; a mark stands on a line that there is not.
        """
        rows = [*(each.values for each in self.series), *((self.band.lows, self.band.highs) if self.band else ())]
        if any(len(row) != points for row in rows):
            raise ValueError("each series and each bound of a band has one value for each label or time")
        plain = sum(not each.look for each in self.series)
        for count, most, what in (
            (points, MAX_POINTS, "points: take wider steps"),
            (len(self.series), MAX_LINES, "lines: draw small multiples"),
            (plain, MAX_PLAIN_LINES, "lines without a look: give some the look soft, or draw small multiples"),
            (len(self.thresholds), MAX_THRESHOLDS, "thresholds: leave some out"),
            (len(self.marks), MAX_MARKS, "marks: leave some out, or show a shorter time"),
        ):
            if count > most:
                raise ValueError(f"{count} are more than {most} {what}")
        if any(not 0 <= mark.series < len(self.series) for mark in self.marks):
            raise ValueError("a mark stands on one of the chart's series")
