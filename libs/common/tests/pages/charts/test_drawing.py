import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from plaudit.common.pages.charts import HEIGHT, Band, Mark, Series, Threshold, line_chart, time_chart

DAYS = ["1 March", "2 March", "today", "4 March"]
MARCH = [datetime(2026, 3, day, tzinfo=UTC) for day in (1, 2, 11)]


def chart(*series: Series, **options: object) -> str:
    return str(line_chart(DAYS, series, title="Day", summary="Three days and one to come.", **options))  # type: ignore[arg-type]


def over_time(values: Sequence[float | None], **options: object) -> str:
    return str(time_chart(MARCH, [Series("acme", values)], title="Day", summary="Eleven days.", **options))  # type: ignore[arg-type]


def paths(drawn: str) -> list[tuple[str, list[tuple[float, float]]]]:
    """The lines of a chart: class, and points in percent of the width and pixels from the top."""
    found = re.findall(r'<path class="([a-z ]+)"[^>]* d="([^"]*)"', drawn)
    return [
        (kind, [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]) for kind, path in found
    ]


def test_higher_values_stand_higher_and_points_go_from_left_to_right() -> None:
    ((kind, points),) = paths(chart(Series("due", [1, 4, 2, 0])))
    assert kind == "line"
    assert [x for x, _ in points] == [0, 33.333, 66.667, 100]
    assert sorted(range(4), key=lambda n: points[n][1]) == [1, 2, 0, 3]
    assert all(0 <= y <= HEIGHT for _, y in points)


def test_points_stand_at_their_true_times() -> None:
    ((_, points),) = paths(over_time([4.0, 4.1, 4.2]))
    assert points == [(0, 172), (10, 98), (100, 24)]


def test_a_present_that_is_beyond_the_last_point_has_its_place() -> None:
    drawn = over_time([4.0, 4.1, 4.2], now=datetime(2026, 3, 21, tzinfo=UTC))
    ((_, points),) = paths(drawn)
    assert [x for x, _ in points] == [0, 5, 50]
    assert 'class="now" x1="100%"' in drawn


def test_what_lies_after_the_present_is_dashed_and_begins_where_the_line_ends() -> None:
    (past, past_points), (coming, coming_points) = paths(chart(Series("due", [1, 4, 2, 0]), now=2))
    assert (past, coming) == ("line", "line expected")
    assert past_points[-1] == coming_points[0]
    assert 'class="now" x1="66.67%"' in chart(Series("due", [1, 4, 2, 0]), now=2)


def test_what_is_projected_over_time_is_dashed_and_said_to_be() -> None:
    drawn = over_time([4.0, 4.1, 4.2], now=MARCH[1])
    assert [(kind, [x for x, _ in points]) for kind, points in paths(drawn)] == [
        ("line", [0, 10]),
        ("line expected", [10, 100]),
    ]
    assert re.findall(r"<time [^>]*>([^<]*)</time>", drawn) == [
        "1 March 2026",
        "2 March 2026",
        "11 March 2026 (projected)",
    ]


def test_a_missing_value_interrupts_a_line() -> None:
    (line, points), (dot, alone) = paths(chart(Series("due", [1, None, 2, 3])))
    assert (line, [x for x, _ in points]) == ("line", [66.667, 100])
    assert (dot, [x for x, _ in alone]) == ("line alone", [0, 0]), "a point alone is a line of no length, a dot"


def test_a_point_from_which_a_line_goes_on_is_no_dot() -> None:
    assert [kind for kind, _ in paths(chart(Series("due", [None, None, 2, 3]), now=2))] == ["line", "line expected"]


def test_the_area_reaches_from_the_first_line_to_the_foot_and_ends_with_the_present() -> None:
    drawn = chart(Series("due", [1, 4, 2, 0]), Series("late", [0, 0, 0, 0], "bad"), now=2, has_area=True)
    (area,) = [points for kind, points in paths(drawn) if kind == "area"]
    assert area == [(0, 135), (33.333, 24), (66.667, 98), (66.667, 172), (0, 172)]


def test_a_band_lies_between_its_bounds_and_is_interrupted_where_one_is_missing() -> None:
    band = Band("range", [0, 1, 1, None], [2, 4, 3, 2])
    first = [points for kind, points in paths(chart(Series("due", [1, 2, 2, 1]), band=band)) if kind == "band"]
    assert first == [[(0, 98), (33.333, 24), (66.667, 61), (66.667, 135), (33.333, 135), (0, 172)]]


def test_a_threshold_is_a_line_within_the_scale_with_its_label() -> None:
    drawn = over_time([4.0, 4.1, 4.2], thresholds=[Threshold(4.5, "goal")])
    (y,) = re.findall(r'class="threshold" x1="0" x2="100%" y1="([\d.]+)"', drawn)
    assert 24 <= float(y) < 172
    assert ">goal 4.5</text>" in drawn


def test_charts_that_hold_the_same_values_have_the_same_scale() -> None:
    one, other = over_time([4.0, 4.1, 4.2], holding=[1, 5]), over_time([2.0, 2.1, None], holding=[1, 5])
    scales = [re.findall(r'data-(?:low|high|step)="([^"]*)"', drawn) for drawn in (one, other)]
    assert scales[0] == scales[1] == ["1", "5", "1"]


def test_the_chart_says_in_words_what_it_shows() -> None:
    assert 'role="img" aria-label="Three days and one to come."' in chart(Series("due", [1, 4, 2, 0]))


def test_lines_without_a_look_have_other_patterns_and_the_others_their_own() -> None:
    drawn = chart(*(Series(name, [1, 2, 3, 4]) for name in "abcd"), Series("late", [0, 0, 0, 0], "bad"))
    looks = re.findall(r'<g class="([a-z]*)" data-line="(\d)" data-name="(\w+)">', drawn)
    assert looks == [
        ("", "0", "a"), ("second", "1", "b"), ("third", "2", "c"), ("fourth", "3", "d"), ("bad", "4", "late")
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [[], [0, 0, 0, 0], [None] * 4, [3.48, 3.5, 3.61, 3.6], [1e9, 1, 1, 1], [-2, 3, 1, 0], [1e9, 1e9, 1e9, 1e9]],
)
@pytest.mark.parametrize("from_zero", [False, True])
def test_any_values_make_a_chart_within_its_bounds(values: list[float | None], from_zero: bool) -> None:
    drawn = str(
        line_chart(DAYS if values else [], [Series("x", values)], title="Day", summary="x", from_zero=from_zero)
    )
    assert all(0 <= y <= HEIGHT for _, points in paths(drawn) for _, y in points)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"now": 4}, "the present is the index of a label"),
        ({"marks": [Mark(4, "x")]}, "index of a label"),
        ({"marks": [Mark(MARCH[0], "x")]}, "index of a label"),
        ({"marks": [Mark(0, "x", series=1)]}, "one of the chart's series"),
        ({"marks": [Mark(0, "x")] * 51}, "51 are more than 50 marks"),
        ({"thresholds": [Threshold(1, "x")] * 4}, "4 are more than 3 thresholds"),
        ({"band": Band("x", [1], [2])}, "one value for each label"),
        ({"holding": [float("nan")]}, "finite"),
    ],
)
def test_what_cannot_be_drawn_is_an_error_that_says_why(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chart(Series("due", [1, 2, 3, 4]), **options)


@pytest.mark.parametrize(
    ("series", "words"),
    [
        ([Series("due", [1])], "one value for each label"),
        ([Series(f"{n}", [1, 2, 3, 4]) for n in range(5)], "lines without a look"),
        ([Series(f"{n}", [1, 2, 3, 4], "soft") for n in range(7)], "small multiples"),
    ],
)
def test_lines_that_cannot_be_drawn_or_told_apart_are_an_error(series: list[Series], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        chart(*series)


@pytest.mark.parametrize(
    ("times", "options", "words"),
    [
        ([], {}, "say in words that there is nothing yet"),
        ([MARCH[1], MARCH[0]], {}, "ascend"),
        ([MARCH[0], MARCH[0]], {}, "ascend"),
        ([datetime(2026, 3, 1)], {}, "have a zone"),  # noqa: DTZ001
        ([MARCH[0]], {"now": datetime(2026, 3, 1)}, "have a zone"),  # noqa: DTZ001
        (MARCH, {"marks": [Mark(MARCH[2] + timedelta(1), "x")]}, "within the chart's times"),
        (MARCH, {"marks": [Mark(1, "x")]}, "an instant"),
        ([MARCH[0] + timedelta(n) for n in range(1501)], {}, "take wider steps"),
    ],
)
def test_times_that_cannot_be_drawn_are_an_error(times: list[datetime], options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        time_chart(times, [Series("x", [1.0] * len(times))], title="x", summary="x", **options)  # type: ignore[arg-type]


def test_words_are_escaped_and_nothing_is_styled_inline() -> None:
    hostile = '<script>"&'
    drawn = str(
        line_chart(
            [hostile] * 2,
            [Series(hostile, [1, 2]), Series(hostile, [1, 2]), Series(hostile, [1, 2])],
            title=hostile,
            summary=hostile,
            marks=[Mark(0, hostile), Mark(0, hostile * 20)],
            thresholds=[Threshold(1, hostile)],
            band=Band(hostile, [1, 1], [2, 2]),
        )
    )
    assert "<script" not in drawn
    assert "style=" not in drawn
    HTMLParser().feed(drawn)
