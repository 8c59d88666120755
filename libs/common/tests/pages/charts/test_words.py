"""Words do not stand on each other, whatever a chart has and however wide it is."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.pages.charts.across import at_times
from plaudit.common.pages.charts.labels import words_in_narrow, words_in_wide
from plaudit.common.pages.charts.marks import placed
from plaudit.common.pages.charts.scale import HEIGHT, scale_of
from plaudit.common.pages.charts.values import Mark, Series, Shown, Threshold
from plaudit.common.pages.charts.words import LINE_HEIGHT, NAMES_MARGIN, NARROW, WIDE, Text, shortened, spread
from plaudit.common.pages.letters import width_of
from plaudit_testing.chart_words import texts_of

START = datetime(2026, 3, 1, tzinfo=UTC)
POINTS = 6
LETTERS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)
SCORES = st.floats(1, 5).map(lambda value: round(value, 2))
VALUES = st.lists(st.none() | SCORES, min_size=POINTS, max_size=POINTS)


@st.composite
def shown(draw: st.DrawFn) -> Shown:
    series = draw(
        st.lists(st.builds(Series, LETTERS, VALUES, st.sampled_from(["bad", "soft"])), min_size=1, max_size=6)
    )
    at = st.integers(0, 24 * (POINTS - 1)).map(lambda hours: START + timedelta(hours=hours))
    marks = draw(st.lists(st.builds(Mark, at, LETTERS, st.integers(0, len(series) - 1)), max_size=8))
    thresholds = draw(st.lists(st.builds(Threshold, SCORES, LETTERS), max_size=3))
    return Shown(series, None, thresholds, marks, has_area=False)


def meeting(texts: Sequence[Text], width: float) -> list[tuple[str, str]]:
    return [(a.words, b.words) for a, b in combinations(texts, 2) if a.box(width).meets(b.box(width))]


@given(shown(), st.integers(0, POINTS - 1), st.integers(0, 900))
def test_no_words_of_a_chart_meet_at_any_width(chart: Shown, now: int, more: int) -> None:
    across = at_times([START + timedelta(days=n) for n in range(POINTS)], START + timedelta(days=now))
    scale = scale_of(chart.values, from_zero=False)
    marks = placed(chart, across, scale)
    narrow = texts_of(words_in_narrow(chart, across, scale, marks).drawn)
    assert meeting(narrow, NARROW + more) == []
    wide = texts_of(words_in_wide(chart, across, scale, marks).drawn)
    assert meeting(wide, (WIDE - NAMES_MARGIN if chart.has_key else WIDE) + more) == []
    assert all(0 <= text.y <= HEIGHT for text in (*narrow, *wide))


@given(st.lists(st.floats(0, 200), max_size=6))
def test_names_keep_the_order_of_their_lines_and_a_lines_height(wanted: list[float]) -> None:
    found = spread(wanted)
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    assert all(found[after] - found[before] >= LINE_HEIGHT for before, after in pairwise(order))
    assert all(15 < y < 172 for y in found)


def test_names_with_room_stay_where_they_are() -> None:
    assert spread([100, 40, 70]) == [100, 40, 70]


def test_a_long_name_keeps_its_beginning_and_its_end() -> None:
    assert shortened("acme/berlin/shop-3") == "acme/berlin/shop-3"
    assert shortened("northlight-bikes/rotterdam/central-station") == "northlight…al-station"


@given(LETTERS)
def test_a_name_fits_into_the_margin(name: str) -> None:
    assert width_of(shortened(name), is_bold=True) <= NAMES_MARGIN
    if any(unicodedata.combining(letter) for letter in name):
        return
    begin, _, end = shortened(name).partition("…")
    assert name.startswith(begin)
    assert name.endswith(end)
