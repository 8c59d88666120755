import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.pages.charts import Series, line_chart
from plaudit.common.pages.charts.scale import BOTTOM, TOP, number, scale_of, short_number

VALUES = st.lists(st.floats(-1e12, 1e12), max_size=8)


@given(VALUES, st.booleans())
def test_a_scale_holds_its_values_in_few_steps(values: list[float], from_zero: bool) -> None:
    scale = scale_of(values, from_zero=from_zero)
    assert all(TOP - 0.1 <= scale.y(value) <= BOTTOM + 0.1 for value in values)
    assert 2 <= len(scale.named) <= 7
    assert not from_zero or scale.low <= 0 <= scale.high


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_the_axis_of_what_is_counted_has_whole_numbers_only(counts: list[int]) -> None:
    assert all(float(value).is_integer() for value in scale_of(counts, from_zero=True).named)


@pytest.mark.parametrize(("values", "wanted"), [([0, 2, 1], ["0", "1", "2"]), ([0.5, 1, 1], ["0", "0.5", "1"])])
def test_the_axis_names_round_values_from_the_foot_up(values: list[float], wanted: list[str]) -> None:
    drawn = str(line_chart(["a", "b", "c"], [Series("due", values)], title="x", summary="x"))
    shown = re.findall(r'<text x="-8" y="([-\d.]+)" text-anchor="end">([\d.]+)</text>', drawn)
    assert [words for _, words in shown] == wanted
    assert [float(y) for y, _ in shown] == sorted((float(y) for y, _ in shown), reverse=True)


@pytest.mark.parametrize(
    ("value", "words"), [(1204, "1,204"), (3.25, "3.25"), (4.0, "4"), (-0.00001, "0"), (1 / 3, "0.3333"), (100, "100")]
)
def test_a_number_has_no_more_digits_than_it_needs(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(9000, "9,000"), (10_000, "10k"), (2_500_000, "2.5M"), (-20_000, "-20k"), (3e9, "3G"), (1e12, "1T")],
)
def test_an_axis_writes_large_numbers_short(value: float, words: str) -> None:
    assert short_number(value) == words
