import re
from html.parser import HTMLParser

import pytest

from plaudit.common.pages.charts import Series, small_multiples, sparkline


def test_a_sparkline_goes_from_left_to_right_within_its_bounds_and_ends_with_a_point() -> None:
    drawn = str(sparkline([1, 3, 2], "acme rose from 1 to 2"))
    assert 'role="img" aria-label="acme rose from 1 to 2"' in drawn
    assert 'd="M3 21 L50 3 L97 12"' in drawn
    assert '<circle class="end" cx="97" cy="12"' in drawn


def test_a_gap_interrupts_it_and_the_point_stands_at_the_last_value() -> None:
    drawn = str(sparkline([1, None, 3, None], "x"))
    assert 'd="M3 21 L3 21 M65.7 3 L65.7 3"' in drawn
    assert 'cx="65.7"' in drawn


def test_values_that_are_all_the_same_stand_in_the_middle() -> None:
    assert 'd="M3 12 L97 12"' in str(sparkline([4, 4], "x"))


def test_without_values_there_are_the_words_only() -> None:
    assert "<path" not in str(sparkline([], "nothing yet"))
    assert 'aria-label="nothing yet"' in str(sparkline([None], "nothing yet"))


def test_a_scale_that_is_given_is_kept() -> None:
    assert 'd="M3 21 L97 12"' in str(sparkline([1, 3], "x", bounds=(1, 5)))
    with pytest.raises(ValueError, match="not within the bounds 1 and 5"):
        sparkline([6], "x", bounds=(1, 5))


def test_too_many_points_are_an_error() -> None:
    with pytest.raises(ValueError, match="wider steps"):
        sparkline([1.0] * 1501, "x")


def test_small_multiples_have_one_scale_and_say_how_each_line_went() -> None:
    drawn = str(
        small_multiples(
            [Series("a", [1, 2]), Series("b", [2, 5.125]), Series("c", [None])], addresses={"b": "/b?x=1&y"}
        )
    )
    assert re.findall(r' d="([^"]*)"', drawn) == ["M3 21 L97 16.6", "M3 16.6 L97 3"]
    assert 'aria-label="b: from 2 to 5.12, between 2 and 5.12"' in drawn
    assert 'aria-label="c: no values"' in drawn
    assert '<a href="/b?x=1&amp;y">b</a>' in drawn
    assert re.findall(r"<b>(.*?)</b>", drawn) == ["2", "5.12", "–"]


def test_words_are_escaped_and_nothing_is_styled_inline() -> None:
    hostile = '<script>"&'
    drawn = str(sparkline([1], hostile) + small_multiples([Series(hostile, [1])], addresses={hostile: hostile}))
    assert "<script" not in drawn
    assert "style=" not in drawn
    HTMLParser().feed(drawn)
