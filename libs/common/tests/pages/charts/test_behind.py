import re
from datetime import UTC, datetime

from plaudit.common.pages.charts import Band, Series, Threshold, line_chart, time_chart


def rows(drawn: str) -> list[tuple[str, list[str]]]:
    """The rows of a chart's table: what scripts read of its head, and its cells."""
    found = re.findall(r'<tr data-x="([^"]*)"><th scope="row">(.*?)</th>(.*?)</tr>', drawn)
    return [(x, [head, *re.findall(r'<td class="figure">(.*?)</td>', cells)]) for x, head, cells in found]


def test_the_table_behind_holds_every_figure() -> None:
    series = [Series("due", [1204, None, 2]), Series("late", [0.25, 1, None], "bad")]
    drawn = str(line_chart(["1 March", "2 March", "today"], series, title="Day", summary="x"))
    assert rows(drawn) == [
        ("0", ["1 March", "1,204", "0.25"]),
        ("1", ["2 March", "", "1"]),
        ("2", ["today", "2", ""]),
    ]
    assert re.findall(r'<th scope="col"[^>]*>(.*?)</th>', drawn) == ["Day", "due", "late"]


def test_the_bounds_of_a_band_and_the_thresholds_are_in_the_table() -> None:
    drawn = str(
        line_chart(
            ["a", "b"],
            [Series("acme", [4, 4.1])],
            title="x",
            summary="x",
            band=Band("95 % interval", [3.9, 4], [4.1, 4.2]),
            thresholds=[Threshold(4.5, "goal")],
        )
    )
    assert re.findall(r'data-kind="(\w+)">(.*?)</th>', drawn) == [
        ("line", "acme"),
        ("low", "95 % interval, from"),
        ("high", "95 % interval, to"),
    ]
    assert rows(drawn)[0] == ("0", ["a", "4", "3.9", "4.1"])
    assert '<tfoot><tr><th scope="row">goal</th><td class="figure" colspan="3">4.5</td></tr></tfoot>' in drawn


def test_times_are_told_to_people_and_to_programs() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    drawn = str(time_chart([noon], [Series("acme", [4])], title="x", summary="x"))
    assert rows(drawn) == [
        ("1772366400", ['<time datetime="2026-03-01T12:00:00+00:00">1 March 2026, 12:00 UTC</time>', "4"])
    ]
