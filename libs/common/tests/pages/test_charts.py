import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from plaudit.common.pages.charts import HEIGHT, Mark, Series, line_chart

DAYS = ["1 March", "2 March", "today", "4 March"]


def chart(*series: Series, **options: object) -> str:
    return str(line_chart(DAYS, series, title="Day", summary="Three days and one to come.", **options))  # type: ignore[arg-type]


def paths(drawn: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """The lines of a chart: class, and points in percent of the width and pixels from the top."""
    found = re.findall(r'<path class="([a-z ]+)"[^>]* d="([^"]*)"', drawn)
    return [
        (kind, [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]) for kind, path in found
    ]


def test_higher_values_stand_higher_and_points_go_from_left_to_right() -> None:
    ((kind, points),) = paths(chart(Series("due", [1, 4, 2, 0])))
    assert kind == "line"
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert sorted(range(4), key=lambda n: points[n][1]) == [1, 2, 0, 3]
    assert all(0 <= x <= 100 and 0 <= y <= HEIGHT for x, y in points)


def test_what_lies_after_the_present_is_dashed_and_begins_where_the_line_ends() -> None:
    (past, past_points), (coming, coming_points) = paths(chart(Series("due", [1, 4, 2, 0]), now=2))
    assert (past, coming) == ("line", "line expected")
    assert past_points[-1] == coming_points[0]
    assert 'class="now"' in chart(Series("due", [1, 4, 2, 0]), now=2)


def test_a_missing_value_interrupts_a_line_and_leaves_its_cell_empty() -> None:
    drawn = chart(Series("due", [1, None, 2, 3]))
    assert re.search(r'd="M[^M]*M[^M]*"', drawn)
    assert '<tr><th scope="row">2 March</th><td class="figure"></td></tr>' in drawn


def test_the_table_behind_holds_every_figure() -> None:
    drawn = chart(Series("due", [1204, 4, 2, 0]), Series("late", [0.25, 1, None, None], "bad"))
    rows = re.findall(
        r'<tr><th scope="row">(.*?)</th><td class="figure">(.*?)</td><td class="figure">(.*?)</td></tr>', drawn
    )
    assert rows == [("1 March", "1,204", "0.25"), ("2 March", "4", "1"), ("today", "2", ""), ("4 March", "0", "")]


def test_the_chart_says_in_words_what_it_shows_and_what_happened() -> None:
    drawn = chart(Series("due", [1, 4, 2, 0]), marks=[Mark(1, "refunds shipped")])
    assert 'role="img" aria-label="Three days and one to come."' in drawn
    assert '<circle class="mark"' in drawn
    assert ">refunds shipped</text>" in drawn


@pytest.mark.parametrize(
    ("values", "anchor"), [([0, 0, 0, None], "end"), ([0, 0, 0, 0], "end"), ([0, None, None, None], "start")]
)
def test_the_name_of_a_line_stays_in_the_chart_and_off_the_lines_that_go_on(
    values: list[float | None], anchor: str
) -> None:
    drawn = chart(Series("late", values, "bad"), now=2)
    ((x, side),) = re.findall(r'class="label" x="([\d.]+)%" y="[-\d.]+" text-anchor="(\w+)"', drawn)
    last = max(index for index, value in enumerate(values) if value is not None)
    assert side == anchor
    assert (float(x) > 5 + last / 3 * 92) == (last in {0, 3})


def test_words_do_not_stand_on_each_other() -> None:
    drawn = chart(*(Series(name, [1, 1, 1, 1]) for name in ("one", "two", "three")), now=3)
    heights = sorted(float(y) for y in re.findall(r'class="label" x="[\d.]+%" y="([-\d.]+)"', drawn))
    assert all(after - before >= 15 for before, after in pairwise(heights))
    below = re.findall(r'text-anchor="\w+">(1 March|today|4 March)</text>', drawn)
    assert below == ["1 March", "4 March"]


@pytest.mark.parametrize(
    "values", [[], [0, 0, 0, 0], [None] * 4, [3.48, 3.5, 3.61, 3.6], [1e9, 1, 1, 1], [-2, 3, 1, 0]]
)
def test_any_values_make_a_chart_within_its_bounds(values: list[float | None]) -> None:
    drawn = str(line_chart(DAYS if values else [], [Series("x", values)], title="Day", summary="x", from_zero=False))
    assert all(0 <= y <= HEIGHT for _, points in paths(drawn) for _, y in points)


@pytest.mark.parametrize(("values", "wanted"), [([0, 2, 1, 0], ["0", "1", "2"]), ([0.5, 1, 1, 0], ["0", "0.5", "1"])])
def test_the_axis_of_what_is_counted_has_whole_numbers_only(values: list[float], wanted: list[str]) -> None:
    shown = re.findall(r'<text x="0" y="[-\d.]+">([\d.]+)</text>', chart(Series("due", values)))
    assert set(wanted) == set(shown)


def test_a_series_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="one value for each label"):
        chart(Series("due", [1]))


def test_words_are_escaped_and_nothing_is_styled_inline() -> None:
    hostile = '<script>"&'
    drawn = str(
        line_chart([hostile] * 2, [Series(hostile, [1, 2])], title=hostile, summary=hostile, marks=[Mark(0, hostile)])
    )
    assert "<script" not in drawn
    assert "style=" not in drawn
    HTMLParser().feed(drawn)
