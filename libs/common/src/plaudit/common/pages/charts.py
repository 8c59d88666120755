"""Charts as SVG, drawn on the server, with the figures in a table behind: pure functions, values in and markup out.

Texts keep their size on a narrow screen: they are placed in percent of the width, and only the lines are stretched.
Nothing is styled inline, as the content security policy demands; the looks are classes of plaudit.css.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from markupsafe import Markup

HEIGHT: Final = 200
_TOP: Final = 24
_BOTTOM: Final = 172
_LEFT_PERCENT: Final = 5.0
_RIGHT_PERCENT: Final = 97.0
_LABEL_GAP: Final = 15
_MIN_LABEL_DISTANCE_PERCENT: Final = 18.0
_LAST_START_PERCENT: Final = 88.0
"""A name that began further right would leave the chart."""
_FIRST_END_PERCENT: Final = 20.0
"""One that ended further left would leave it, too."""
_MAX_STEPS: Final = 4

_CHART: Final = Markup(
    '<figure class="chart"><svg role="img" aria-label="{summary}" height="{height}">{axis}{now}'
    '<svg width="100%" height="{height}" viewBox="0 0 100 {height}" preserveAspectRatio="none">{lines}</svg>'
    "{labels}</svg>{table}</figure>"
)
_LINE: Final = Markup('<g class="{look}"><path class="{kind}" vector-effect="non-scaling-stroke" d="{path}"/></g>')


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a value for each of the chart's labels, None where there is none."""

    name: str
    values: Sequence[float | None]
    look: Literal["", "bad", "soft"] = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened: a point on a series' line, with its words."""

    at: int
    """Index of a label."""
    words: str
    series: int = 0


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where values and labels stand."""

    low: float
    high: float
    step: float
    labels: int

    def x(self, index: int) -> float:
        """Return a label's place, in percent of the width."""
        share = index / (self.labels - 1) if self.labels > 1 else 0.5
        return round(_LEFT_PERCENT + share * (_RIGHT_PERCENT - _LEFT_PERCENT), 2)

    def y(self, value: float) -> float:
        """Return a value's height, in pixels from the top."""
        return round(_BOTTOM - (value - self.low) / (self.high - self.low) * (_BOTTOM - _TOP), 1)


def line_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    summary: str,
    now: int | None = None,
    marks: Sequence[Mark] = (),
    from_zero: bool = True,
) -> Markup:
    """Return a chart of lines, with a table of its figures.

    Args:
        labels: of the points, from left to right.
        series: the lines; each has as many values as there are labels.
        title: the head of the table's first column, for example `Day`.
        summary: what the chart shows, in a sentence, for those who do not see it.
        now: index of the label of the present; lines are dashed after it.
        marks: what happened.
        from_zero: whether the scale begins at zero; otherwise near the least value.

    Raises:
        ValueError: a series has another number of values than there are labels.
    """
    if any(len(each.values) != len(labels) for each in series):
        raise ValueError("each series has one value for each label")
    scale = _scale([value for each in series for value in each.values if value is not None], len(labels), from_zero)
    return _CHART.format(
        summary=summary,
        height=HEIGHT,
        axis=_axis(scale),
        now=_present(scale, now),
        lines=Markup("").join(_lines(each, scale, now) for each in series),
        labels=_label_texts(labels, scale, now) + _names(series, scale) + _marks(marks, series, scale),
        table=_table(labels, series, title),
    )


def _scale(values: Sequence[float], labels: int, from_zero: bool) -> _Scale:
    low = 0.0 if from_zero or not values else min(values)
    high = max([*values, low])
    step = _step(max(high - low, 1.0 if from_zero else 0.1) / _MAX_STEPS)
    if from_zero and all(float(value).is_integer() for value in values):
        step = max(step, 1.0)  # there is no half of what is counted
    first = math.floor(low / step) * step
    last = max(math.ceil(high / step) * step, first + step)
    return _Scale(first, last, step, labels)


def _step(least: float) -> float:
    """Return the first of 1, 2, 5, 10, … (or a power of ten of these) that is not below the least."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.999)


def _axis(scale: _Scale) -> Markup:
    line = Markup('<line class="{look}" x1="0" x2="100%" y1="{y}" y2="{y}"/><text x="0" y="{text_y}">{value}</text>')
    heights = [scale.low + n * scale.step for n in range(round((scale.high - scale.low) / scale.step) + 1)]
    return Markup("").join(
        line.format(look="axis" if n else "base", y=scale.y(value), text_y=scale.y(value) - 4, value=_number(value))
        for n, value in enumerate(heights)
    )


def _present(scale: _Scale, now: int | None) -> Markup:
    if now is None:
        return Markup("")
    line = Markup('<line class="now" x1="{x}%" x2="{x}%" y1="{top}" y2="{bottom}"/>')
    return line.format(x=scale.x(now), top=_TOP, bottom=_BOTTOM)


def _lines(series: Series, scale: _Scale, now: int | None) -> Markup:
    """Return the line of a series: drawn through to the present, dashed after it."""
    last = len(series.values) - 1
    until = last if now is None else now
    parts = (("line", 0, until), ("line expected", until, last))
    paths = ((kind, _path(series.values, scale, first, end)) for kind, first, end in parts if end > first)
    return Markup("").join(_LINE.format(look=series.look, kind=kind, path=path) for kind, path in paths if path)


def _path(values: Sequence[float | None], scale: _Scale, first: int, last: int) -> str:
    """Return a path through values, from one index to another; it is interrupted where there is none."""
    steps: list[str] = []
    is_down = False
    for index in range(first, last + 1):
        value = values[index]
        if value is not None:
            steps.append(f"{'L' if is_down else 'M'}{scale.x(index):g} {scale.y(value):g}")
        is_down = value is not None
    return " ".join(steps)


def _label_texts(labels: Sequence[str], scale: _Scale, now: int | None) -> Markup:
    """Return the words below the chart: the present, the first and the last, where they do not touch."""
    last = len(labels) - 1
    chosen: list[int] = []
    for index in (now, 0, last):
        if index is None or last < 0:
            continue
        if all(abs(scale.x(index) - scale.x(other)) >= _MIN_LABEL_DISTANCE_PERCENT for other in chosen):
            chosen.append(index)
    text = Markup('<text x="{x}%" y="{y}" text-anchor="{anchor}">{words}</text>')
    anchors = {0: "start", last: "end"}
    return Markup("").join(
        text.format(x=scale.x(index), y=HEIGHT - 8, anchor=anchors.get(index, "middle"), words=labels[index])
        for index in sorted(chosen)
    )


def _names(series: Sequence[Series], scale: _Scale) -> Markup:
    """Return the name of each line at its end; names do not stand on each other."""
    text = Markup('<g class="{look}"><text class="label" x="{x}%" y="{y}" text-anchor="{anchor}">{name}</text></g>')
    written: list[float] = []
    parts: list[Markup] = []
    for each in series:
        ends = [index for index, value in enumerate(each.values) if value is not None]
        if not ends:
            continue
        x, y = scale.x(ends[-1]), scale.y(each.values[ends[-1]] or 0) - 8
        while any(abs(y - other) < _LABEL_GAP for other in written):
            y -= _LABEL_GAP
        written.append(y)
        # Lines that go on stand to the right of one that ends, so its name stands to the left, where there is room.
        if x > _LAST_START_PERCENT:
            x, anchor = 100.0, "end"
        else:
            x, anchor = (round(x - 1, 2), "end") if x > _FIRST_END_PERCENT else (round(x + 1, 2), "start")
        parts.append(text.format(look=each.look, x=x, y=round(y, 1), anchor=anchor, name=each.name))
    return Markup("").join(parts)


def _marks(marks: Sequence[Mark], series: Sequence[Series], scale: _Scale) -> Markup:
    point = Markup(
        '<g class="{look}"><circle class="mark" cx="{x}%" cy="{y}" r="4"/>'
        '<text x="{x}%" y="{text_y}" text-anchor="middle">{words}</text></g>'
    )
    parts: list[Markup] = []
    for mark in marks:
        value = series[mark.series].values[mark.at]
        if value is not None:
            x, y = scale.x(mark.at), scale.y(value)
            parts.append(point.format(look=series[mark.series].look, x=x, y=y, text_y=y - 10, words=mark.words))
    return Markup("").join(parts)


def _table(labels: Sequence[str], series: Sequence[Series], title: str) -> Markup:
    head = Markup("").join(Markup('<th scope="col" class="figure">{}</th>').format(each.name) for each in series)
    rows = (
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            label, Markup("").join(Markup('<td class="figure">{}</td>').format(_cell(each, n)) for each in series)
        )
        for n, label in enumerate(labels)
    )
    return Markup(
        "<details><summary>The figures as a table</summary><table><thead>"
        '<tr><th scope="col">{}</th>{}</tr></thead><tbody>{}</tbody></table></details>'
    ).format(title, head, Markup("").join(rows))


def _cell(series: Series, index: int) -> str:
    value = series.values[index]
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    """Return a value as `1,204` or `3.25`: no more digits than it has."""
    return f"{value:,.4f}".rstrip("0").rstrip(".")
