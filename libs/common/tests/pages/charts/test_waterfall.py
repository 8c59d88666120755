import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.common.pages.charts import MAX_STEPS, Step, waterfall

BEFORE, AFTER = Step("Score on 1 March", 4.1), Step("Score on 31 March", 4.15)
STEPS = [Step("Older reviews faded", -0.02), Step("2 new 5-star reviews", 0.1), Step("1 new 1-star review", -0.03)]


def bars(drawn: str) -> list[tuple[str, float, float]]:
    """Look, place and width of each bar, in percent."""
    found = re.findall(r'<rect class="(up|down)" x="([\d.]+)%" y="\d+" width="([\d.]+)%"', drawn)
    return [(look, float(x), float(width)) for look, x, width in found]


def totals(drawn: str) -> list[float]:
    """The places of the values at both ends."""
    return [float(x) for x in re.findall(r'<svg class="mark" x="([\d.]+)%"', drawn)]


def test_each_step_begins_where_the_one_before_ends_and_the_last_ends_at_the_value_after() -> None:
    drawn = str(waterfall(BEFORE, STEPS, AFTER, summary="It rose."))

    # The scale is from 4.05 to 4.2.
    assert bars(drawn) == [("down", 20, 13.33), ("up", 20, 66.67), ("down", 66.67, 20)]
    assert totals(drawn) == [33.33, 66.67]
    links = re.findall(r'<line class="leader" x1="([\d.]+)%" x2="([\d.]+)%"', drawn)
    assert links == [(place, place) for place in ("33.33", "20", "86.67", "66.67")]


def test_all_figures_are_said_in_the_drawing_and_in_the_table_behind() -> None:
    drawn = str(waterfall(BEFORE, STEPS, AFTER, summary="It rose."))
    table = drawn.partition("<details>")[2]

    assert 'role="img" aria-label="It rose."' in drawn
    for words in ("4.100", "−0.020", "+0.100", "−0.030", "4.150"):
        assert f">{words}</text>" in drawn
        assert f'<td class="figure">{words}</td>' in table
    assert "style=" not in drawn
    assert "<details>" not in str(waterfall(BEFORE, STEPS, AFTER, summary="It rose.", has_table=False))


def test_words_without_room_are_cut_in_the_drawing_alone_and_are_markup_nowhere() -> None:
    long = f"<b>{'very ' * 30}</b>"
    drawn = str(waterfall(BEFORE, [Step(long, 0.05)], AFTER, summary="x"))

    assert drawn.count("…</text>") == 2  # in the wide drawing and in the narrow one
    assert f'<th scope="row">&lt;b&gt;{"very " * 30}&lt;/b&gt;</th>' in drawn
    assert "<b>" not in drawn


def test_without_a_step_and_without_a_change_both_values_stand_below_each_other() -> None:
    drawn = str(waterfall(Step("before", 5), [], Step("after", 5), summary="x"))

    assert bars(drawn) == []
    assert len(set(totals(drawn))) == 1


@pytest.mark.parametrize(
    ("steps", "words"),
    [([Step("x", 0.049)], "add up to 4.149 and not to 4.15"), ([Step("x", 0.0)] * (MAX_STEPS + 1), "more than 24")],
    ids=["do not add up", "too many"],
)
def test_steps_that_cannot_be_drawn_are_refused(steps: list[Step], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        waterfall(BEFORE, steps, AFTER, summary="x")


@given(st.integers(1000, 5000), st.lists(st.integers(-4000, 4000), max_size=MAX_STEPS))
@example(1000, [-150])
def test_everything_stands_within_the_drawing(before: int, effects: list[int]) -> None:
    steps = [Step("x", each / 1000) for each in effects]
    drawn = str(waterfall(Step("a", before / 1000), steps, Step("b", (before + sum(effects)) / 1000), summary="x"))

    assert all(left >= 0 and left + width <= 100.02 for _, left, width in bars(drawn))
    assert all(0 <= place <= 100 for place in totals(drawn))
    assert len(bars(drawn)) == len(effects) - effects.count(0)
