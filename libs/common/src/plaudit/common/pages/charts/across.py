"""The places of points from left to right: at labels, an equal distance apart, or at their true times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from markupsafe import Markup, escape

from plaudit.common.pages.charts.dates import ticks
from plaudit.common.pages.charts.scale import HEIGHT
from plaudit.common.pages.charts.words import Anchor, Sheet, Text
from plaudit.common.pages.instants import moment

_TIME: Final = Markup('<time datetime="%s">%s</time>')
_BASELINE: Final = HEIGHT - 8
_PIXELS_FOR_A_DATE: Final = 60
_MAX_DATES: Final = 8
_LONGEST_NOW: Final = timedelta(days=2)
"""In a chart over a longer time the present is a day."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the axis."""

    key: float
    """For scripts: the index of a label, or seconds since 1970."""
    place: float
    """In percent of the width."""
    words: str
    at: datetime | None = None
    """Of a point in time."""

    @property
    def head(self) -> Markup:
        """Its words as the table has them."""
        if self.at is None:
            return escape(self.words)
        return _TIME % (self.at.astimezone(UTC).isoformat(), self.words)


@dataclass(frozen=True, slots=True)
class Across:
    """The axis from left to right."""

    points: Sequence[Point]
    now: Point | None
    first: datetime | None = None
    """Of an axis of time."""
    last: datetime | None = None

    @property
    def until(self) -> int:
        """Index of the last point that is not to come."""
        if self.now is None:
            return len(self.points) - 1
        return max((n for n, point in enumerate(self.points) if point.key <= self.now.key), default=0)

    def point(self, at: int | datetime) -> Point:
        """Return the place of what happened.

        Raises:
            ValueError: it is outside of the chart, or is told as the other kind of axis does.
        """
        if isinstance(at, datetime):
            if self.first is None or self.last is None:
                raise ValueError("a mark of a chart of labels names the index of a label")
            if at.tzinfo is None or not self.first <= at <= self.last:
                raise ValueError("a mark of a chart over time is an instant with a zone, within the chart's times")
            return _at(at, self.first, self.last)
        if self.first is not None or not 0 <= at < len(self.points):
            raise ValueError("a mark names the index of a label, or in a chart over time an instant")
        return self.points[at]

    def drawn_words(self, width: float) -> Markup:
        """Return the words below a chart of this width: those that do not touch."""
        sheet = Sheet(width)
        for point, words in self._named(width):
            sheet.put(*(Text(words, point.place, _BASELINE, anchor) for anchor in _anchors(point)))
        return Markup("").join(text.drawn() for text in sorted(sheet.texts, key=lambda text: text.x))

    def _named(self, width: float) -> list[tuple[Point, str]]:
        """Return what is to be named, the most important first."""
        if self.first is not None and self.last is not None:
            most = min(max(int(width) // _PIXELS_FOR_A_DATE, 2), _MAX_DATES)
            today = "today" if self.last - self.first > _LONGEST_NOW else "now"
            present = [(self.now, today)] if self.now else []
            dates = [(_at(tick.at, self.first, self.last), tick.words) for tick in ticks(self.first, self.last, most)]
            return [*present, *dates]
        ends = [self.points[0], self.points[-1]] if self.points else []
        return [(point, point.words) for point in (*([self.now] if self.now else []), *ends)]


def at_labels(labels: Sequence[str], now: int | None) -> Across:
    """Return an axis of labels an equal distance apart.

    Args:
        labels: of the points.
        now: index of the label of the present.

    Raises:
        ValueError: there is no such label.
    """
    if now is not None and not 0 <= now < len(labels):
        raise ValueError("the present is the index of a label")
    gaps = len(labels) - 1
    points = [Point(n, 100 * n / gaps if gaps else 50.0, label) for n, label in enumerate(labels)]
    return Across(points, None if now is None else points[now])


def at_times(times: Sequence[datetime], now: datetime | None) -> Across:
    """Return an axis of time, from the first time to the last, or to the present where that is outside.

    Args:
        times: of the points, ascending.
        now: the present.

    Raises:
        ValueError: there is no time, one has no zone, or they do not ascend.
    """
    if not times:
        raise ValueError("a chart over time has at least one time: say in words that there is nothing yet")
    if any(each.tzinfo is None for each in (*times, *([now] if now else []))):
        raise ValueError("the times of a chart have a zone")
    if any(after <= before for before, after in pairwise(times)):
        raise ValueError("the times of a chart ascend")
    first, last = min(times[0], now or times[0]), max(times[-1], now or times[-1])
    is_days = all(each.astimezone(UTC).time() == datetime.min.time() for each in times)
    is_days = all(each.astimezone(UTC).time() == time() for each in times)
    points = [_at(each, first, last, is_day=is_days, is_coming=now is not None and each > now) for each in times]
    return Across(points, _at(now, first, last) if now else None, first, last)


def _at(at: datetime, first: datetime, last: datetime, *, is_day: bool = False, is_coming: bool = False) -> Point:
    share = (at - first) / (last - first) if last > first else 0.5
    words = (day(at) if is_day else moment(at)) + (" (projected)" if is_coming else "")
    return Point(at.timestamp(), 100 * share, words, at)


def day(at: datetime) -> str:
    """Return a date for people: `7 March 2026`, in UTC."""
    return f"{at.astimezone(UTC):%-d %B %Y}"


def _anchors(point: Point) -> tuple[Anchor, ...]:
    """Return how words may stand at a point: below it, or towards the middle where they would leave the chart."""
    return ("middle", "start") if point.place < 50 else ("middle", "end")
