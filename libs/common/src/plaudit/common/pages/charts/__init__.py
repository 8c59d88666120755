"""Charts as SVG, drawn on the server, with the figures in a table behind: pure functions, values in and markup out.

**Over time.** Points stand at their true times, in UTC; the axis names round dates:

    chart = time_chart(
        [first_of_march, first_of_april, now, first_of_june],
        [Series("acme", [4.1, 4.3, 4.4, 4.35]), Series("acme/berlin", [3.9, 4.0, 4.2, 4.15])],
        title="Day (UTC)",
        summary="acme rose from 4.1 to 4.4 in three months; with no new reviews it falls to 4.35 by June.",
        now=now,  # best one of the times: lines are solid up to it, and dashed after it
        marks=[Mark(second_of_april, "refunds at the till", kind="request")],
        thresholds=[Threshold(4.5, "goal")],
        band=Band("95 % interval", lows, highs),  # has a value for each time, as lines have; in the table, too
        has_area=True,  # tints the ground under the first line
    )

**Over labels.** `line_chart(labels, …)` has the same parts; its points are an equal distance apart, its present and its
marks are indices of labels, and its scale begins at zero unless `from_zero=False`.

- A value of None is one that is not there: the line is interrupted, and the table's cell is empty.
- Lines have their names at their ends and, without a look of their own, different patterns of dashes: they can be told
  apart without colours. `bad` is for what is late or wrong, `soft` for what the others are compared with.
- A mark stands on its line, in the shape of its kind, and may lie between two points. Its words stand beside it; where
  the words of all have no room, numbers stand above the chart, and a list below says what they count.
- `holding=[1, 5]` makes room for these values, so that charts beside each other have the same scale.
- More of something than can be read (`values.MAX_…`) is an error that says what to do instead.

**Small.** `sparkline(values, summary)` is a line in the height of a word, for a cell of a table;
`small_multiples(series)` is a list of such lines of one scale; `distribution(counts, title=…)` is a table of bars, from
five stars to one, with counts and with shares that add up to 100 %.

**From one value to another.** `waterfall(before, steps, after, summary=…)` draws what each step did to a value, one
below the other; the steps add up.

**In a template** a chart is `{{ chart }}`. Around it stand a card or the ground of the page, and a heading that says
what it shows. Nothing is styled inline, as the content security policy demands; the looks are classes of `plaudit.css`.
Texts keep their size on a narrow screen: they are placed in percent of the width, and only the lines are stretched.

**Scripts** add to it. A page of the console that has a chart of lines says so in its head:

    {% block head %}{{ part.chart_head(libraries) }}{% endblock %}

Then, where the installation has uPlot, `chart.js` lays it over each drawing: a pointer or the arrow keys walk along
the points, and what is there is shown and read; a drag, or + and -, zoom. It takes all figures from the table, and all
looks from the drawing. Without scripts, or without uPlot, the drawing and the table are all there is, and enough.
"""

from plaudit.common.pages.charts.drawing import line_chart, time_chart
from plaudit.common.pages.charts.scale import HEIGHT
from plaudit.common.pages.charts.small import small_multiples, sparkline
from plaudit.common.pages.charts.stars import distribution
from plaudit.common.pages.charts.values import Band, Mark, Series, Threshold
from plaudit.common.pages.charts.waterfall import MAX_STEPS, Step, waterfall

__all__ = [
    "HEIGHT",
    "MAX_STEPS",
    "Band",
    "Mark",
    "Series",
    "Step",
    "Threshold",
    "distribution",
    "line_chart",
    "small_multiples",
    "sparkline",
    "time_chart",
    "waterfall",
]
