from datetime import UTC, datetime, timedelta

import pytest

from plaudit.common.pages.charts import Series, line_chart, time_chart
from plaudit_testing.chart_words import in_narrow, in_wide, texts_of

START = datetime(2026, 3, 1, tzinfo=UTC)


def below(drawn: str) -> list[str]:
    """The words below a chart."""
    return [text.words for text in texts_of(drawn) if not text.kind]


def test_the_present_the_first_and_the_last_label_are_named_where_they_do_not_touch() -> None:
    def named(now: int | None, *labels: str) -> list[str]:
        series = Series("x", [1] * len(labels))
        return below(in_wide(str(line_chart(labels, [series], title="x", summary="x", now=now))))

    assert named(2, "1 March", "2 March", "today", "4 March", "5 March") == ["1 March", "today", "5 March"]
    assert named(3, "1 March", "2 March", "3 March", "today") == ["1 March", "today"]
    assert named(1, *(f"a label that is rather long: {n}" for n in range(3))) == ["a label that is rather long: 1"]
    assert named(None, "only") == ["only"]


@pytest.mark.parametrize(("length", "word"), [(timedelta(hours=20), "now"), (timedelta(days=20), "today")])
def test_the_present_is_named_by_how_long_the_time_is(length: timedelta, word: str) -> None:
    times = [START, START + length / 2, START + length]
    drawn = str(time_chart(times, [Series("x", [1, 1, 1])], title="x", summary="x", now=times[1]))
    assert word in below(drawn)


def test_a_narrow_chart_names_fewer_dates() -> None:
    times = [START + timedelta(days=n) for n in range(200)]
    drawn = str(time_chart(times, [Series("x", [1] * 200)], title="x", summary="x"))
    assert below(in_wide(drawn)) == ["Mar 2026", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]
    assert below(in_narrow(drawn)) == ["Apr 2026", "Jul"]
