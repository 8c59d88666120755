"""Words in a chart: how much room they take, and where they stand so that none stands on another.

The server does not know how wide a chart will be. Points stand in percent of the width and letters keep their size, so
words that do not meet at one width do not meet at any greater one. They are laid out for two widths, and the stylesheet
shows one of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

from plaudit.common.pages.charts.scale import BOTTOM, TOP
from plaudit.common.pages.letters import width_of

NARROW: Final = 190
"""Pixels between the first and the last point of the narrowest chart, on a screen of 320."""
WIDE: Final = 500
"""Pixels of the narrowest chart that is shown as a wide one; plaudit.css has the same limit, with the margins."""
NAMES_MARGIN: Final = 164
"""Pixels that a wide chart of many lines gives to their names, beside the margin that every chart has."""
LINE_HEIGHT: Final = 15
_ASCENT: Final = 11
_DESCENT: Final = 4
_GAP: Final = 4
_EDGE: Final = 0.01
_BOLD: Final = frozenset({"name", "number"})
_NAME_ROOM: Final = NAMES_MARGIN - 12
HIGHEST: Final = TOP + _ASCENT - 8
"""Baseline of the highest name: above it is the row of numbers."""
_LOWEST: Final = BOTTOM - _DESCENT

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Box:
    """The room that something takes, in pixels."""

    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two share more than an edge."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > _EDGE and down > _EDGE


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a place: in percent of the width, and with their baseline so many pixels from the top."""

    words: str
    x: float
    y: float
    anchor: Anchor = "middle"
    kind: str = ""
    """A class of plaudit.css."""
    look: str = ""
    shift: float = 0.0
    """Pixels to the right of the place."""

    def box(self, width: float) -> Box:
        """Return the room that it takes in a chart of this width, with a gap at its sides."""
        room = width_of(self.words, is_bold=self.kind in _BOLD)
        left = self.x / 100 * width + self.shift - {"start": 0.0, "middle": room / 2, "end": room}[self.anchor]
        return Box(left - _GAP / 2, left + room + _GAP / 2, self.y - _ASCENT, self.y + _DESCENT)

    def is_inside(self, width: float) -> bool:
        """Whether it leaves the chart at neither side."""
        box = self.box(width)
        return box.left >= -_GAP and box.right <= width + _GAP

    def is_between(self, highest: float) -> bool:
        """Whether its baseline is not above the highest, and it stands above the dates."""
        return highest <= self.y <= _LOWEST

    def drawn(self) -> Markup:
        """Return it as an element of SVG."""
        text = Markup('<text class="{kind}" x="{x:g}%"{shift} y="{y:g}" text-anchor="{anchor}">{words}</text>').format(
            shift=Markup(' dx="{:g}"').format(self.shift) if self.shift else "",
            kind=" ".join(filter(None, ("words", self.kind))),
            x=round(self.x, 2),
            y=round(self.y, 1),
            anchor=self.anchor,
            words=self.words,
        )
        return Markup('<g class="{}">{}</g>').format(self.look, text) if self.look else text


class Sheet:
    """A chart of some width, on which words take places."""

    def __init__(self, width: float, taken: Iterable[Box] = ()) -> None:
        """Begin with what is taken already."""
        self.width = width
        self.taken = list(taken)
        self.texts: list[Text] = []

    def put(self, *places: Text) -> bool:
        """Take the first place that is inside and free; say whether there was one."""
        for text in places:
            box = text.box(self.width)
            if text.is_inside(self.width) and not any(box.meets(other) for other in self.taken):
                self.add(text)
                return True
        return False

    def add(self, text: Text) -> None:
        """Take a place that is known to be free."""
        self.taken.append(text.box(self.width))
        self.texts.append(text)


def both(wide: Markup, narrow: Markup) -> Markup:
    """Return what is drawn in wide and in narrow charts, once where it is the same."""
    if wide == narrow:
        return wide
    return Markup('<g class="wide">{}</g><g class="narrow">{}</g>').format(wide, narrow)


def shortened(name: str) -> str:
    """Return a name that fits beside a line: of a long one the beginning and the end, which tell subjects apart."""
    if width_of(name, is_bold=True) <= _NAME_ROOM:
        return name
    room = (_NAME_ROOM - width_of("…", is_bold=True)) / 2
    return f"{_fitting(name, room)}…{_fitting(name[::-1], room)[::-1]}"


def _fitting(words: str, room: float) -> str:
    """Return as many of the first letters as fit."""
    count = 0
    while width_of(words[: count + 1], is_bold=True) <= room:
        count += 1
    return words[:count]


def spread(wanted: Sequence[float]) -> list[float]:
    """Return baselines near the wanted ones, in the same order from the top, a line's height apart.

    They leave the row of numbers above the chart and the dates below it free.
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    heights = [min(max(wanted[n], HIGHEST), _LOWEST) for n in order]
    for n in range(1, len(heights)):
        heights[n] = max(heights[n], heights[n - 1] + LINE_HEIGHT)
    limit = float(_LOWEST)
    for n in reversed(range(len(heights))):
        heights[n] = min(heights[n], limit)
        limit = heights[n] - LINE_HEIGHT
    found = [0.0] * len(wanted)
    for n, height in zip(order, heights, strict=True):
        found[n] = height
    return found
