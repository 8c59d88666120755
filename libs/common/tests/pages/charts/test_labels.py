import re

import pytest

from plaudit.common.pages.charts import Series, Threshold, line_chart
from plaudit.common.pages.charts.words import NARROW, Text
from plaudit_testing.chart_words import in_narrow, in_wide, texts_of

DAYS = ["1 March", "2 March", "today", "4 March"]


def chart(*series: Series, **options: object) -> str:
    return str(line_chart(DAYS, series, title="Day", summary="x", **options))  # type: ignore[arg-type]


def names(drawn: str) -> list[Text]:
    """The names of lines, as they are drawn for one width."""
    return [text for text in texts_of(drawn) if text.kind == "name"]


@pytest.mark.parametrize(
    ("values", "place", "anchor"),
    [([0, 0, 0, None], 66.67, "end"), ([0, 0, 0, 0], 100, "end"), ([0, None, None, None], 0, "start")],
)
def test_the_name_of_a_line_stays_in_the_chart_and_off_the_lines_that_go_on(
    values: list[float | None], place: float, anchor: str
) -> None:
    (name,) = names(in_narrow(chart(Series("late", values, "bad"), now=2)))
    assert (name.words, name.x, name.anchor) == ("late", place, anchor)
    assert name.is_inside(NARROW)


def test_a_name_too_long_for_either_side_ends_where_the_chart_does() -> None:
    (name,) = names(in_narrow(chart(Series("a name of twenty let", [None, 1, None, None]))))
    assert (name.x, name.anchor) == (100, "end")


def test_the_names_of_two_lines_at_one_height_stand_below_each_other() -> None:
    first, second = names(in_wide(chart(Series("one", [1, 1, 1, 1]), Series("two", [1, 1, 1, 1]))))
    assert second.y - first.y == 15


def test_names_of_many_lines_stand_beside_a_wide_chart_and_in_the_key_of_a_narrow_one() -> None:
    drawn = chart(
        *(Series(name, [1, 2, 3, 4]) for name in ("one", "two", "three")), Series("late", [0, 0, None, None], "bad")
    )
    wide, narrow = in_wide(drawn), in_narrow(drawn)
    assert [(name.words, name.x, name.shift) for name in names(wide)] == [
        ("one", 100, 8), ("two", 100, 8), ("three", 100, 8), ("late", 33.33, 0)
    ]  # fmt: skip
    assert names(narrow) == []
    assert re.findall(r'<li class="(\w*)"><svg .*?<span dir="auto">(\w+)</span>', narrow) == [
        ("", "one"), ("second", "two"), ("third", "three"), ("bad", "late")
    ]  # fmt: skip
    assert '<figure class="chart many"' in drawn


def test_a_line_without_values_has_no_name_at_its_end() -> None:
    assert names(chart(Series("none", [None] * 4))) == []


def test_labels_of_near_thresholds_do_not_stand_on_each_other() -> None:
    drawn = chart(Series("x", [0, 4, 1, 2]), thresholds=[Threshold(2, "goal"), Threshold(2.05, "at least")])
    first, second = [text for text in texts_of(in_narrow(drawn)) if text.kind == "limit"]
    assert (first.words, second.words) == ("goal 2", "at least 2.05")
    assert not first.box(NARROW).meets(second.box(NARROW))
