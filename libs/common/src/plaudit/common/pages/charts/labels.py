"""The words on the things themselves: the name at the end of each line, and the label of each threshold."""

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across
from plaudit.common.pages.charts.marks import Placed, leaders, put_numbers, put_words
from plaudit.common.pages.charts.scale import Scale, number
from plaudit.common.pages.charts.values import Series, Shown
from plaudit.common.pages.charts.words import Anchor, Sheet, Text, shortened, spread, width_of

_ABOVE = -10
_BELOW = 15


def words_for(shown: Shown, across: Across, scale: Scale, marks: list[Placed], width: int) -> tuple[Markup, bool]:
    """Return the words of a chart of this width, and whether its marks have numbers in place of their words."""
    sheet = Sheet(width, [each.box(width) for each in marks])
    _put_names(sheet, shown, across, scale)
    _put_thresholds(sheet, shown, scale)
    is_numbered = not put_words(sheet, marks)
    if is_numbered:
        put_numbers(sheet, marks)
    texts = Markup("").join(text.drawn() for text in sheet.texts)
    return (leaders(marks) if is_numbered else Markup("")) + texts, is_numbered


def _put_names(sheet: Sheet, shown: Shown, across: Across, scale: Scale) -> None:
    """Put the name of each line above its end; names stand in the order of their lines, and not on each other."""
    ends = []
    for each, look in zip(shown.series, shown.looks, strict=True):
        found = _end(each)
        if found is not None:
            last, value = found
            ends.append((shortened(each.name), look, across.points[last].place, scale.y(value) + _ABOVE))
    heights = spread([y for *_, y in ends])
    for (name, look, place, _), y in zip(ends, heights, strict=True):
        x, anchor = _beside(place, name, sheet.width)
        sheet.add(Text(name, x, y, anchor, "name", look))


def _end(series: Series) -> tuple[int, float] | None:
    """Return the index and the value of a line's last point."""
    return next(
        ((n, value) for n, value in reversed(list(enumerate(series.values))) if value is not None),
        None,
    )


def _beside(place: float, name: str, width: float) -> tuple[float, Anchor]:
    """Return where a name stands beside the end of its line.

    Lines that go on stand to the right of one that ends, so its name stands to the left, where there is room.
    """
    room = width_of(name)
    if place / 100 * width >= room:
        return place, "end"
    if place / 100 * width + room <= width:
        return place, "start"
    return 100.0, "end"


def _put_thresholds(sheet: Sheet, shown: Shown, scale: Scale) -> None:
    """Put the label of each threshold above or below it; one without room is in the table only."""
    for each in shown.thresholds:
        words, y = f"{each.words} {number(each.value)}", scale.y(each.value)
        places: tuple[tuple[float, Anchor], ...] = ((0.0, "start"), (50.0, "middle"), (100.0, "end"))
        sheet.put(*(Text(words, x, y + offset, anchor, "limit") for x, anchor in places for offset in (-4, _BELOW)))
