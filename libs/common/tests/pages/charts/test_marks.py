import re
from datetime import UTC, datetime, timedelta

import pytest

from plaudit.common.pages.charts import Mark, Series, line_chart, time_chart
from plaudit.common.pages.charts.words import NARROW
from plaudit_testing.chart_words import in_narrow, in_wide, texts_of

START = datetime(2026, 3, 1, tzinfo=UTC)
TIMES = [START + timedelta(days=10 * n) for n in range(11)]
RISING = [4 + n / 10 for n in range(11)]


def over_time(*marks: Mark, values: list[float | None] | None = None) -> str:
    series = [Series("acme", values or RISING)]
    return str(time_chart(TIMES, series, title="Day", summary="x", marks=marks))


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def points(drawn: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<svg class="mark [^"]*" x="([\d.]+)%" y="([\d.]+)"', drawn)]


def told(drawn: str, kind: str) -> list[str]:
    """The words or numbers of marks, as they are drawn for one width."""
    return [text.words for text in texts_of(drawn) if text.kind == kind]


def classes_of_list(drawn: str) -> str:
    return re.findall(r'<ol class="([^"]*)"', drawn)[0]


def test_a_mark_stands_on_its_line_between_two_points_too() -> None:
    drawn = over_time(Mark(day(20), "here"), Mark(day(55), "between"))
    assert points(drawn) == [(20, 142.4), (55, 90.6)]


def test_a_mark_where_its_line_has_no_value_stands_at_the_foot() -> None:
    values = [*RISING[:5], None, *RISING[6:]]
    assert [y for _, y in points(over_time(Mark(day(50), "a"), Mark(day(55), "b"), values=values))] == [172, 172]


def test_a_mark_of_a_chart_of_labels_stands_at_its_label() -> None:
    drawn = str(
        line_chart(["a", "b", "c"], [Series("due", [1, 4, 2])], title="x", summary="x", marks=[Mark(1, "here")])
    )
    assert points(drawn) == [(50, 24)]
    assert told(drawn, "told") == ["here"]
    assert '<li data-x="1" data-y="24"><b>b</b> <span dir="auto">here</span></li>' in drawn


def test_words_with_room_stand_at_their_points_and_the_list_is_for_those_who_hear_it() -> None:
    drawn = over_time(Mark(day(20), "2.4"), Mark(day(70), "refunds"))
    assert told(in_wide(drawn), "told") == told(in_narrow(drawn), "told") == ["2.4", "refunds"]
    assert told(drawn, "number") == []
    assert classes_of_list(drawn) == "happened heard-in-wide heard-in-narrow"


def test_words_that_have_room_in_wide_charts_only_are_numbers_in_narrow_ones() -> None:
    drawn = over_time(
        Mark(day(20), "refunds at the till"),
        Mark(day(25), "till was down today"),
        Mark(day(70), "2.5, the one for shops"),
    )
    assert told(in_wide(drawn), "told") == ["refunds at the till", "till was down today", "2.5, the one for shops"]
    assert told(in_narrow(drawn), "told") == told(in_wide(drawn), "number") == []
    assert told(in_narrow(drawn), "number") == ["1–2", "3"]
    assert classes_of_list(drawn) == "happened heard-in-wide"


def test_words_without_room_are_numbered_from_left_to_right_and_listed() -> None:
    drawn = over_time(
        Mark(day(80), "Release 2.5 of the app for all who run a shop with more than one till", kind="release"),
        Mark(
            day(20.5), "Payments were down for three hours on a Saturday afternoon, in all countries", kind="incident"
        ),
    )
    assert told(drawn, "told") == []
    assert told(in_wide(drawn), "number") == told(in_narrow(drawn), "number") == ["1", "2"]
    assert classes_of_list(drawn) == "happened"
    assert re.findall(r"<li [^>]*><b><time [^>]*>(.*?)</time></b> (.*?)<span", drawn) == [
        ("21 March 2026", "Incident: "),
        ("20 May 2026", "Release: "),
    ]


def test_words_do_not_lie_on_other_lines_so_marks_of_a_comparison_are_numbered() -> None:
    series = [Series("acme", RISING), Series("globex", RISING[::-1])]
    drawn = str(time_chart(TIMES, series, title="Day", summary="x", marks=[Mark(day(20), "2.4")]))
    assert told(drawn, "told") == []
    assert told(in_wide(drawn), "number") == told(in_narrow(drawn), "number") == ["1"]
    assert classes_of_list(drawn) == "happened"


def test_numbers_that_would_meet_are_one_number_for_all() -> None:
    drawn = over_time(
        *(Mark(day(50 + n / 10), f"A long story of number {n} " * 4) for n in range(5)), Mark(day(90), "x")
    )
    assert told(in_wide(drawn), "number") == told(in_narrow(drawn), "number") == ["1–5", "6"]
    assert in_wide(drawn).count('class="leader"') == 6


@pytest.mark.parametrize("edge", [0, 100])
def test_a_number_at_the_edge_stays_in_the_chart(edge: int) -> None:
    drawn = over_time(
        *(Mark(day(edge), "A long story that has no room at all beside its point " * 2) for _ in range(12))
    )
    (number,) = [text for text in texts_of(in_narrow(drawn)) if text.kind == "number"]
    assert number.words == "1–12"
    assert number.is_inside(NARROW)


def test_each_kind_has_another_shape() -> None:
    kinds = ("event", "release", "incident", "content")
    drawn = over_time(*(Mark(day(10 * n), "x", kind=kind) for n, kind in enumerate(kinds)))
    shapes = re.findall(r'<svg class="mark (\w+) [^>]*>(.*?)</svg>', drawn)
    assert [kind for kind, _ in shapes] == list(kinds)
    assert len({shape for _, shape in shapes}) == len(kinds)
