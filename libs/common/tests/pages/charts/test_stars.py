import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.pages.charts import distribution
from plaudit.common.pages.charts.stars import whole_percents

COUNTS = st.lists(st.integers(0, 10**9), min_size=5, max_size=5)


def rows(drawn: str) -> list[tuple[str, str, str, str]]:
    """Stars, width of the bar, share and count of each row."""
    figure = r'.*?<td class="figure">(.*?)</td>'
    return re.findall(r'<th scope="row">(.*?)</th>.*?<rect width="([\d.]+)%"' + 2 * figure, drawn)


def test_five_stars_come_first_with_shares_and_counts() -> None:
    drawn = str(distribution([214, 87, 3, 412, 1204], title="Ratings"))
    assert rows(drawn) == [
        ("5 stars", "62.71", "63 %", "1,204"),
        ("4 stars", "21.46", "21 %", "412"),
        ("3 stars", "0.16", "&lt; 1 %", "3"),
        ("2 stars", "4.53", "5 %", "87"),
        ("1 star", "11.15", "11 %", "214"),
    ]
    assert "<caption>Ratings</caption>" in drawn
    assert "style=" not in drawn


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ([0, 0, 0, 0, 7], ["100 %", "0 %", "0 %", "0 %", "0 %"]),
        ([1, 0, 0, 0, 999], ["&gt; 99 %", "0 %", "0 %", "0 %", "&lt; 1 %"]),
    ],
)
def test_all_and_none_are_said_of_all_and_none_alone(counts: list[int], shares: list[str]) -> None:
    assert [row[2] for row in rows(str(distribution(counts, title="Ratings")))] == shares


def test_without_ratings_there_are_no_shares() -> None:
    assert {row[1:] for row in rows(str(distribution([0] * 5, title="x")))} == {("0", "–", "0")}


@given(COUNTS.filter(any))
def test_shares_add_up_and_none_is_off_by_one(counts: list[int]) -> None:
    percents = whole_percents(counts)
    assert sum(percents) == 100
    assert all(abs(percent - 100 * count / sum(counts)) < 1 for percent, count in zip(percents, counts, strict=True))


@pytest.mark.parametrize("counts", [[1] * 4, [1] * 6, [1, 1, 1, 1, -1]])
def test_other_counts_are_an_error(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="one to five stars"):
        distribution(counts, title="x")


def test_the_title_is_escaped() -> None:
    assert "<script" not in str(distribution([0] * 5, title="<script>"))
