"""The words on the things themselves: the name at the end of each line, and the label of each threshold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across
from plaudit.common.pages.charts.marks import Placed, leaders, put_numbers, put_words
from plaudit.common.pages.charts.scale import Scale, number
from plaudit.common.pages.charts.values import Series, Shown
from plaudit.common.pages.charts.words import (
    HIGHEST,
    NAMES_MARGIN,
    NARROW,
    WIDE,
    Anchor,
    Sheet,
    Text,
    shortened,
    spread,
)
from plaudit.common.pages.letters import width_of

_ABOVE: Final = -10
_BELOW: Final = 15
_LEVEL: Final = 4
_BESIDE: Final = 8
_AT_THE_END: Final = 99.0


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a chart of some width."""

    drawn: Markup
    are_marks_numbered: bool


def words_in_wide(shown: Shown, across: Across, scale: Scale, marks: Sequence[Placed]) -> Words:
    """Return the words of wide charts: the names of many lines stand in a margin at the right."""
    width = WIDE - NAMES_MARGIN if shown.has_key else WIDE
    return _words(shown, across, scale, marks, Sheet(width, [each.box(width) for each in marks]), has_names=True)


def words_in_narrow(shown: Shown, across: Across, scale: Scale, marks: Sequence[Placed]) -> Words:
    """Return the words of narrow charts: the names of many lines are in the key below."""
    sheet = Sheet(NARROW, [each.box(NARROW) for each in marks])
    return _words(shown, across, scale, marks, sheet, has_names=not shown.has_key)


def _words(
    shown: Shown, across: Across, scale: Scale, marks: Sequence[Placed], sheet: Sheet, *, has_names: bool
) -> Words:
    if has_names:
        _put_names(sheet, shown, across, scale)
    _put_thresholds(sheet, shown, scale)
    # Between several lines words would lie on another one.
    is_numbered = bool(marks) and (len(shown.series) > 1 or not put_words(sheet, marks))
    if is_numbered:
        put_numbers(sheet, marks)
    texts = Markup("").join(text.drawn() for text in sheet.texts)
    lines = leaders(marks) if is_numbered else Markup("")
    return Words(across.drawn_words(sheet.width) + lines + texts, is_numbered)


def _put_names(sheet: Sheet, shown: Shown, across: Across, scale: Scale) -> None:
    """Put the name of each line at its end; names stand in the order of their lines, and not on each other."""
    ends = [
        (shortened(each.name), look, across.points[end[0]].place, scale.y(end[1]))
        for each, look in zip(shown.series, shown.looks, strict=True)
        if (end := _end(each)) is not None
    ]
    offset = _LEVEL if shown.has_key else _ABOVE
    for (name, look, place, _), y in zip(ends, spread([y + offset for *_, y in ends]), strict=True):
        if shown.has_key and place >= _AT_THE_END:
            sheet.add(Text(name, 100.0, y, "start", "name", look, _BESIDE))
        else:
            x, anchor = _beside(place, name, sheet.width)
            sheet.add(Text(name, x, y, anchor, "name", look))


def _end(series: Series) -> tuple[int, float] | None:
    """Return the index and the value of a line's last point."""
    there = ((n, value) for n, value in reversed(list(enumerate(series.values))) if value is not None)
    return next(there, None)


def _beside(place: float, name: str, width: float) -> tuple[float, Anchor]:
    """Return where a name stands beside the end of its line.

    Lines that go on stand to the right of one that ends, so its name stands to the left, where there is room.
    """
    room = width_of(name, is_bold=True)
    if place / 100 * width >= room:
        return place, "end"
    if place / 100 * width + room <= width:
        return place, "start"
    return 100.0, "end"


def _put_thresholds(sheet: Sheet, shown: Shown, scale: Scale) -> None:
    """Put the label of each threshold above or below it; one without room is in the table only."""
    places: tuple[tuple[float, Anchor], ...] = ((0.0, "start"), (50.0, "middle"), (100.0, "end"))
    for each in shown.thresholds:
        words, y = f"{each.words} {number(each.value)}", scale.y(each.value)
        texts = [Text(words, x, y + offset, anchor, "limit") for x, anchor in places for offset in (-4, _BELOW)]
        sheet.put(*(text for text in texts if text.is_between(HIGHEST)))


def key(shown: Shown) -> Markup:
    """Return the list of lines and their names that a narrow chart of many lines has below it."""
    if not shown.has_key:
        return Markup("")
    row = Markup(
        '<li class="{look}"><svg aria-hidden="true" focusable="false" width="32" height="8"><path class="line" '
        'd="M2 4H30"/></svg> <span dir="auto">{name}</span></li>'
    )
    rows = (row.format(look=look, name=each.name) for each, look in zip(shown.series, shown.looks, strict=True))
    return Markup('<ul class="key narrow">{}</ul>').format(Markup("").join(rows))
