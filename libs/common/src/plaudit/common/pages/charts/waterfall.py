"""How a figure came from one value to another: what each step did to it, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from markupsafe import Markup

from plaudit.common.numerals import signed
from plaudit.common.pages.charts.scale import Scale, scale_of, short_number
from plaudit.common.pages.charts.words import NARROW, WIDE, both
from plaudit.common.pages.letters import fitting

MAX_STEPS: Final = 24
DECIMALS: Final = 3
_FREED: Final = 52
"""Pixels that words have here beyond the places of points: other charts name their axis there."""
_FIGURES: Final = 52
"""Pixels from the end of the scale to that of the figures in the margin; plaudit.css has a margin of so many and 12."""
_HEAD: Final = 20
"""Pixels at the top, for the values of the scale."""
_ROW: Final = 36
_BASELINE: Final = 14
"""Of the words of a row, from its top."""
_BAR_TOP: Final = 19
_BAR: Final = 11
_TOTAL: Final = 5
"""Pixels that the mark of a value is wide."""
_CHART: Final = Markup(
    '<figure class="chart waterfall"><div class="plot"><svg role="img" aria-label="{summary}" height="{height}">'
    "{axis}{links}{bars}{words}</svg></div>{table}</figure>"
)
_TABLE: Final = Markup(
    '<details><summary>The figures as a table</summary><div class="scroll" role="group" tabindex="0" '
    'aria-label="The figures"><table><thead><tr><th scope="col">{title}'
    '</th><th scope="col" class="figure">{unit}</th></tr></thead><tbody>{rows}</tbody></table></div></details>'
)


@dataclass(frozen=True, slots=True)
class Step:
    """A value at the beginning or the end, or what one thing did to it."""

    words: str
    value: float


@dataclass(frozen=True, slots=True)
class _Row:
    """A row as it is drawn: from where to where, and what it says."""

    words: str
    said: str
    begins: float
    ends: float
    look: str


def waterfall(
    before: Step,
    steps: Sequence[Step],
    after: Step,
    *,
    summary: str,
    title: str = "What happened",
    unit: str = "Stars",
    has_table: bool = True,
) -> Markup:
    """Return a chart of a value, of what each step did to it, and of the value after them.

    A step that raises the value is a full bar, one that lowers it an empty one, so that they differ without colours.

    Args:
        before: the value at the beginning.
        steps: what was done to it, in their order.
        after: the value at the end.
        summary: what the chart shows, in a sentence, for those who do not see it.
        title: the head of the table's first column.
        unit: what the values are, the head of its second one.
        has_table: whether the table of the figures stands behind the chart; not where the page shows it anyway.

    Raises:
        ValueError: there are too many steps, or they do not add up to the difference in the digits shown.
    """
    if len(steps) > MAX_STEPS:
        raise ValueError(f"{len(steps)} are more than {MAX_STEPS} steps: put the least ones together")
    values = [*accumulate((each.value for each in steps), initial=before.value)]
    if abs(values[-1] - after.value) >= 0.5 * 10**-DECIMALS:
        raise ValueError(f"the steps add up to {values[-1]:g} and not to {after.value:g}: round them together")
    rows = [
        _Row(before.words, f"{before.value:.{DECIMALS}f}", before.value, before.value, "total"),
        *(
            _Row(
                words=step.words,
                said=signed(step.value, DECIMALS),
                begins=begins,
                ends=begins + step.value,
                look="down" if step.value < 0 else "up",
            )
            for step, begins in zip(steps, values, strict=False)
        ),
        _Row(after.words, f"{after.value:.{DECIMALS}f}", after.value, after.value, "total"),
    ]
    scale = scale_of([*values, after.value], from_zero=False)
    height = _HEAD + len(rows) * _ROW
    return _CHART.format(
        summary=summary,
        height=height,
        axis=_axis(scale, height),
        links=_links(rows, scale),
        bars=_bars(rows, scale),
        words=both(_words(rows, WIDE + _FREED), _words(rows, NARROW + _FREED)),
        table=_table(rows, title, unit) if has_table else "",
    )


def _across(value: float, scale: Scale) -> float:
    """Return where a value stands, in percent of the width."""
    return round((value - scale.low) / (scale.high - scale.low) * 100, 2) + 0.0  # and not -0, a hair below the low


def _top(place: int) -> int:
    return _HEAD + place * _ROW


def _axis(scale: Scale, height: int) -> Markup:
    line = Markup(
        '<line class="axis" x1="{x:g}%" x2="{x:g}%" y1="{head}" y2="{height}"/>'
        '<text x="{x:g}%" y="11" text-anchor="{anchor}">{value}</text>'
    )
    named = scale.named
    anchors = ["start", *["middle"] * (len(named) - 2), "end"]
    return Markup("").join(
        line.format(x=_across(value, scale), head=_HEAD - 4, height=height, anchor=anchor, value=short_number(value))
        for value, anchor in zip(named, anchors, strict=True)
    )


def _links(rows: Sequence[_Row], scale: Scale) -> Markup:
    """Return the lines that lead from the end of each row to the beginning of the next."""
    line = Markup('<line class="leader" x1="{x:g}%" x2="{x:g}%" y1="{y1}" y2="{y2}"/>')
    return Markup("").join(
        line.format(x=_across(row.ends, scale), y1=_top(place) + _BAR_TOP + _BAR, y2=_top(place + 1) + _BAR_TOP)
        for place, row in enumerate(rows[:-1])
    )


def _bars(rows: Sequence[_Row], scale: Scale) -> Markup:
    nothing = Markup('<line class="leader" x1="{x:g}%" x2="{x:g}%" y1="{y}" y2="{end}"/>')
    bar = Markup('<rect class="{look}" x="{x:g}%" y="{y}" width="{width:g}%" height="{height}"/>')
    total = Markup(
        '<svg class="mark" x="{x:g}%" y="{y}"><rect class="total" x="-{half:g}" width="{width}" height="{height}"/>'
        "</svg>"
    )
    drawn = []
    for place, row in enumerate(rows):
        left, right = sorted((_across(row.begins, scale), _across(row.ends, scale)))
        y = _top(place) + _BAR_TOP
        if row.look == "total":
            drawn.append(total.format(x=left, y=y, half=_TOTAL / 2, width=_TOTAL, height=_BAR))
        elif row.begins == row.ends:
            drawn.append(nothing.format(x=left, y=y, end=y + _BAR))
        else:
            drawn.append(bar.format(look=row.look, x=left, y=y, width=round(right - left, 2), height=_BAR))
    return Markup("").join(drawn)


def _words(rows: Sequence[_Row], room: int) -> Markup:
    """Return what each row says, as much of it as has room, and its figure beside the bar; the table says all of it."""
    text = Markup(
        '<text class="words told" x="0" y="{y}">{words}</text>'
        '<text class="number" x="100%" dx="{figures}" y="{said_y}" text-anchor="end">{said}</text>'
    )
    return Markup("").join(
        text.format(
            y=_top(place) + _BASELINE,
            words=fitting(row.words, room),
            figures=_FIGURES,
            said_y=_top(place) + _BAR_TOP + _BAR - 1,
            said=row.said,
        )
        for place, row in enumerate(rows)
    )


def _table(rows: Sequence[_Row], title: str, unit: str) -> Markup:
    row = Markup('<tr><th scope="row">{words}</th><td class="figure">{said}</td></tr>')
    drawn = Markup("").join(row.format(words=each.words, said=each.said) for each in rows)
    return _TABLE.format(title=title, unit=unit, rows=drawn)
