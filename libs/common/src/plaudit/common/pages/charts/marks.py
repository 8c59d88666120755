"""What happened, on the lines of a chart: a point each, with its words beside it or a number that a list explains."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across, Point, day
from plaudit.common.pages.charts.scale import BOTTOM, Scale
from plaudit.common.pages.charts.values import Mark, MarkKind, Shown
from plaudit.common.pages.charts.words import LINE_HEIGHT, Anchor, Box, Sheet, Text

_RADIUS: Final = 5
_ABOVE: Final = -10
_BELOW: Final = 19
_NUMBERS_Y: Final = 11
"""Baseline of the numbers, above the chart."""
_SHAPES: Final[dict[MarkKind, str]] = {
    "event": '<circle r="4"/>',
    "request": '<circle r="4"/>',
    "release": '<path d="M-4-4h8v8h-8z"/>',
    "incident": '<path d="M0-5L5 4H-5z"/>',
    "content": '<path d="M0-5L5 0 0 5-5 0z"/>',
}
_KINDS: Final[dict[MarkKind, str]] = {
    "event": "",
    "release": "Release: ",
    "incident": "Incident: ",
    "request": "Shipped: ",
    "content": "Content: ",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark at its place; they are numbered from left to right."""

    mark: Mark
    point: Point
    y: float
    look: str

    def box(self, width: float) -> Box:
        """Return the room of its shape."""
        x = self.point.place / 100 * width
        return Box(x - _RADIUS, x + _RADIUS, self.y - _RADIUS, self.y + _RADIUS)


def placed(shown: Shown, across: Across, scale: Scale) -> list[Placed]:
    """Return the marks from left to right, on their lines; at the foot of the chart where a line has no value."""
    found = []
    for mark in shown.marks:
        point = across.point(mark.at)
        value = _value_at(point, across.points, shown.series[mark.series].values)
        height = BOTTOM if value is None else scale.y(value)
        found.append(Placed(mark, point, height, shown.looks[mark.series]))
    return sorted(found, key=lambda each: each.point.key)


def _value_at(at: Point, points: Sequence[Point], values: Sequence[float | None]) -> float | None:
    """Return a line's value at a place: between two points, what lies on the straight line between them."""
    for point, value in zip(points, values, strict=True):
        if point.key == at.key:
            return value
    for (before, low), (after, high) in pairwise(zip(points, values, strict=True)):
        if before.key < at.key < after.key and low is not None and high is not None:
            return low + (high - low) * (at.key - before.key) / (after.key - before.key)
    return None


def shapes(marks: Iterable[Placed]) -> Markup:
    """Return the points themselves, of another shape for each kind."""
    point = Markup('<svg class="mark {kind} {look}" x="{x:g}%" y="{y:g}">{shape}</svg>')
    return Markup("").join(
        point.format(
            kind=each.mark.kind,
            look=each.look,
            x=round(each.point.place, 2),
            y=each.y,
            shape=Markup(_SHAPES[each.mark.kind]),  # noqa: S704 - our own constants
        )
        for each in marks
    )


def put_words(sheet: Sheet, marks: Sequence[Placed]) -> bool:
    """Put the words of all marks beside their points; say whether there was room for all, else put none."""
    trial = Sheet(sheet.width, sheet.taken)
    if not all(trial.put(*_places(each)) for each in marks):
        return False
    for text in trial.texts:
        sheet.add(text)
    return True


def _places(each: Placed) -> list[Text]:
    heights = [each.y + _ABOVE, each.y + _BELOW, each.y + _ABOVE - LINE_HEIGHT, each.y + _BELOW + LINE_HEIGHT]
    anchors: tuple[Anchor, ...] = ("middle", "start", "end")
    texts = [Text(each.mark.words, each.point.place, y, side, "told", each.look) for y in heights for side in anchors]
    return [text for text in texts if text.is_between(_NUMBERS_Y)]


def put_numbers(sheet: Sheet, marks: Sequence[Placed]) -> None:
    """Put numbers in a row above the chart: one for each group of marks that stand close."""
    groups = [_Group(n, n, marks) for n in range(len(marks))]
    n = 0
    while n + 1 < len(groups):
        before, after = groups[n : n + 2]
        if before.text(sheet.width).box(sheet.width).right > after.text(sheet.width).box(sheet.width).left:
            groups[n : n + 2] = [_Group(before.first, after.last, marks)]
            n = max(n - 1, 0)  # it is wider now, and may meet the one before it
        else:
            n += 1
    for group in groups:
        sheet.add(group.text(sheet.width))


@dataclass(frozen=True, slots=True)
class _Group:
    """Marks that share a number: from one index to another."""

    first: int
    last: int
    marks: Sequence[Placed]

    def text(self, width: float) -> Text:
        """Return the number, as `3` or `3–5`, above the middle of the group and within the chart."""
        words = f"{self.first + 1}" if self.first == self.last else f"{self.first + 1}–{self.last + 1}"
        x = (self.marks[self.first].point.place + self.marks[self.last].point.place) / 2
        middle = Text(words, x, _NUMBERS_Y, "middle", "number")
        if middle.is_inside(width):
            return middle
        return (
            Text(words, 0.0, _NUMBERS_Y, "start", "number")
            if x < 50
            else Text(words, 100.0, _NUMBERS_Y, "end", "number")
        )


def leaders(marks: Iterable[Placed]) -> Markup:
    """Return the thin lines from the numbers above the chart to their points."""
    line = Markup('<line class="leader" x1="{x:g}%" x2="{x:g}%" y1="{top}" y2="{y:g}"/>')
    return Markup("").join(
        line.format(x=round(each.point.place, 2), top=_NUMBERS_Y + 4, y=max(each.y - _RADIUS, _NUMBERS_Y + 4))
        for each in marks
    )


def listed(marks: Sequence[Placed], *, wide: bool, narrow: bool) -> Markup:
    """Return the list of what happened, which the numbers count; scripts read the marks from it.

    Args:
        marks: from left to right.
        wide: whether it is seen below a wide chart; otherwise only heard.
        narrow: whether it is seen below a narrow one.
    """
    if not marks:
        return Markup("")
    item = Markup('<li data-x="{x:.15g}" data-y="{y:g}"><b>{when}</b> {kind}<span dir="auto">{words}</span></li>')
    rows = (
        item.format(x=each.point.key, y=each.y, when=_when(each), kind=_KINDS[each.mark.kind], words=each.mark.words)
        for each in marks
    )
    classes = " ".join(["happened", *([] if wide else ["heard-in-wide"]), *([] if narrow else ["heard-in-narrow"])])
    return Markup('<ol class="{}">{}</ol>').format(classes, Markup("").join(rows))


def _when(each: Placed) -> Markup:
    """Return the day that it happened on, or the label."""
    if each.point.at is None:
        return each.point.head
    return Markup('<time datetime="{}">{}</time>').format(each.point.at.isoformat(), day(each.point.at))
