"""Charts of lines as SVG: over labels an equal distance apart, and over time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from markupsafe import Markup

from plaudit.common.pages.charts.across import Across, at_labels, at_times
from plaudit.common.pages.charts.behind import table
from plaudit.common.pages.charts.labels import key, words_in_narrow, words_in_wide
from plaudit.common.pages.charts.marks import listed, placed, shapes
from plaudit.common.pages.charts.paths import ground, lines
from plaudit.common.pages.charts.scale import BOTTOM, HEIGHT, TOP, Scale, scale_of, short_number
from plaudit.common.pages.charts.values import Band, Mark, Series, Shown, Threshold
from plaudit.common.pages.charts.words import both

_CHART: Final = Markup(
    '<figure class="{look}"{now} data-low="{low:.15g}" data-high="{high:.15g}" data-step="{step:.15g}">'
    '<div class="plot"><svg role="img" aria-label="{summary}" height="{height}">{axis}'
    '<svg class="plane" width="100%" height="{height}" viewBox="0 0 100 {height}" preserveAspectRatio="none">{lines}'
    "</svg>{over}{words}</svg></div>{key}{list}{table}</figure>"
)


def line_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    summary: str,
    now: int | None = None,
    marks: Sequence[Mark] = (),
    thresholds: Sequence[Threshold] = (),
    band: Band | None = None,
    has_area: bool = False,
    from_zero: bool = True,
    holding: Sequence[float] = (),
) -> Markup:
    """Return a chart of lines over labels an equal distance apart, with a table of its figures.

    Args:
        labels: of the points, from left to right.
        series: the lines; each has as many values as there are labels.
        title: the head of the table's first column, for example `Day`.
        summary: what the chart shows, in a sentence, for those who do not see it.
        now: index of the label of the present; lines are dashed after it.
        marks: what happened; each at the index of a label.
        thresholds: values that count.
        band: a range around the lines.
        has_area: whether the ground under the first line is tinted, up to the present.
        from_zero: whether the scale begins at zero; otherwise near the least value.
        holding: values that the scale has room for, so that several charts have the same.

    Raises:
        ValueError: what is given cannot be drawn; the words say why.
    """
    shown = Shown(series, band, thresholds, marks, has_area)
    shown.refuse_what_cannot_be_drawn(len(labels))
    scale = scale_of([*shown.values, *holding], from_zero=from_zero)
    return _drawn(shown, at_labels(labels, now), scale, title, summary)


def time_chart(
    times: Sequence[datetime],
    series: Sequence[Series],
    *,
    title: str,
    summary: str,
    now: datetime | None = None,
    marks: Sequence[Mark] = (),
    thresholds: Sequence[Threshold] = (),
    band: Band | None = None,
    has_area: bool = False,
    from_zero: bool = False,
    holding: Sequence[float] = (),
) -> Markup:
    """Return a chart of lines over time, each point at its true place, with a table of its figures.

    Args:
        times: of the points, ascending, with their zone; shown in UTC, as days where all are midnights.
        series: the lines; each has as many values as there are times.
        title: the head of the table's first column, for example `Day (UTC)`.
        summary: what the chart shows, in a sentence, for those who do not see it.
        now: the present; lines are dashed after the last time that is not to come, which is best the present itself.
        marks: what happened; each at an instant within the chart.
        thresholds: values that count.
        band: a range around the lines.
        has_area: whether the ground under the first line is tinted, up to the present.
        from_zero: whether the scale begins at zero; otherwise near the least value.
        holding: values that the scale has room for, so that several charts have the same.

    Raises:
        ValueError: what is given cannot be drawn; the words say why.
    """
    shown = Shown(series, band, thresholds, marks, has_area)
    shown.refuse_what_cannot_be_drawn(len(times))
    scale = scale_of([*shown.values, *holding], from_zero=from_zero)
    return _drawn(shown, at_times(times, now), scale, title, summary)


def _drawn(shown: Shown, across: Across, scale: Scale, title: str, summary: str) -> Markup:
    marks = placed(shown, across, scale)
    wide, narrow = (words(shown, across, scale, marks) for words in (words_in_wide, words_in_narrow))
    return _CHART.format(
        look="chart many" if shown.has_key else "chart",
        now="" if across.now is None else Markup(' data-now="{:.15g}"').format(across.now.key),
        low=scale.low,
        high=scale.high,
        step=scale.step,
        summary=summary,
        height=HEIGHT,
        axis=_axis(scale),
        lines=ground(shown, across, scale) + lines(shown, across, scale),
        over=_thresholds(shown, scale) + _present(across) + shapes(marks),
        words=both(wide.drawn, narrow.drawn),
        key=key(shown),
        list=listed(marks, wide=wide.are_marks_numbered, narrow=narrow.are_marks_numbered),
        table=table(shown, across, title),
    )


def _axis(scale: Scale) -> Markup:
    """Return the lines of the axis, with their values in the margin at the left."""
    line = Markup(
        '<line class="{look}" x1="0" x2="100%" y1="{y:g}" y2="{y:g}"/><text x="-8" y="{text_y:g}" text-anchor="end">'
        "{value}</text>"
    )
    return Markup("").join(
        line.format(
            look="axis" if n else "base",
            y=scale.y(value),
            text_y=round(scale.y(value) + 4, 1),
            value=short_number(value),
        )
        for n, value in enumerate(scale.named)
    )


def _present(across: Across) -> Markup:
    if across.now is None:
        return Markup("")
    line = Markup('<line class="now" x1="{x:g}%" x2="{x:g}%" y1="{top}" y2="{bottom}"/>')
    return line.format(x=round(across.now.place, 2), top=TOP, bottom=BOTTOM)


def _thresholds(shown: Shown, scale: Scale) -> Markup:
    line = Markup('<line class="threshold" x1="0" x2="100%" y1="{y:g}" y2="{y:g}"/>')
    return Markup("").join(line.format(y=scale.y(each.value)) for each in shown.thresholds)
