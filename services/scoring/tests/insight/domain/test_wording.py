"""How what is told is worded."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.insight.domain.report import Sample, insight_of
from plaudit.scoring.insight.domain.sample import SampledReview, group_of
from plaudit.scoring.insight.domain.window import Window
from plaudit.scoring.insight.domain.wording import MAX_EXCERPT_CHARS, Wording, excerpt, wanted, worded

WINDOW = Window(date(2026, 1, 1), date(2026, 3, 1))


@pytest.mark.parametrize(
    ("words", "surface", "wanted_line"),
    [
        ("Bad. The refund took weeks. Never again.", "refund", "The refund took weeks. Never again."),
        ("Bad.\nA refund\ntook weeks.", "refund", "A refund took weeks."),
        ("Refund? None.", "refund", "Refund? None."),
        ("I was happy. The app crashes.", "app", "The app crashes."),
        ("Chocolate. Always late.", "late", "Always late."),
        ("Not a word. A slow-delivery service.", "slow delivery", "A slow-delivery service."),
        ("Gut. Die Lieferung\tkam spät.", "lieferung kam", "Die Lieferung kam spät."),
        ("İİİİ. Good. The refund came.", "refund", "The refund came."),
        ("What of a (bracket? Nothing.", "(bracket", "What of a (bracket? Nothing."),
        ("It is only unrefunded.", "refund", "It is only unrefunded."),
        ("Nothing of it.", "refund", "Nothing of it."),
        ("Nothing of it.", "", "Nothing of it."),
        ("", "", ""),
    ],
)
def test_an_excerpt_is_the_sentence_of_the_term(words: str, surface: str, wanted_line: str):
    assert excerpt(words, surface) == wanted_line


def test_a_long_sentence_is_cut_before_and_behind_the_term():
    found = excerpt("so " * 100 + "the refund came " + "late " * 100, "refund")
    assert found.startswith("…")
    assert found.endswith("…")
    assert "refund" in found


@given(st.text(max_size=800), st.text(max_size=12))
def test_an_excerpt_is_one_line_of_bounded_length(words: str, surface: str):
    found = excerpt(words, surface)
    assert len(found) <= MAX_EXCERPT_CHARS
    assert "\n" not in found


def review(number: int, stems: str) -> SampledReview:
    return SampledReview(review_id=UUID(int=number), day=WINDOW.start, writer=None, same_text=None, topics="",
                         stems=stems, is_question=False)  # fmt: skip


def test_a_term_is_told_as_it_is_written_most_often_and_an_example_that_has_gone_is_left_out():
    low = group_of([review(n, "refund") for n in range(60)], WINDOW.end)
    high = group_of([review(n, "quick") for n in range(100, 300)], WINDOW.end)
    found = insight_of(WINDOW, [], Sample(low, high, group_of([], WINDOW.end), is_whole=True), limit=1)
    ids = wanted(found)
    assert {UUID(int=59), UUID(int=58), UUID(int=57)} < ids
    wordings = {
        each: Wording(each, "refund", "refunded" if each.int % 3 else "refunds", f"Not refunded by {each.int}.")
        for each in ids
        if each.int != 58
    }
    [term] = worded(found, wordings, {UUID(int=59): "incentivised"}).complaints
    assert term.term == "refunded"
    assert [(example.review_id.int, example.excerpt, example.origin) for example in term.examples] == [
        (59, "Not refunded by 59.", "incentivised"),
        (57, "Not refunded by 57.", None),
    ]
