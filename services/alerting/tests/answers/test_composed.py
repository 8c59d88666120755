"""Accents that are characters of their own: what is found, and where it stands in the text as it came."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.check import Draft, Kind, Review, check
from plaudit.alerting.answers.domain.composed import composed

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BAD = Review(text="La porte est cassée depuis lundi, et personne ne répond.", rating=1)


def kinds(text, language="fr"):
    return {each.kind for each in check(Draft(text=text, language=language, review=BAD), (), NOW).findings}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKD"])
def test_an_apology_is_found_however_its_accents_are_written(form):
    text = unicodedata.normalize(form, "Nous sommes désolés. Quelle porte est cassée ? Écrivez-nous.")
    assert Kind.NO_APOLOGY not in kinds(text)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\N{GRINNING FACE} ",
        "\U0001f469\u200d\U0001f527 ",
        "e\u0301te\u0301 ",
        "\u05e9\u05c1\u05dc\u05d5\u05dd ",
        "q\u0301\u0323 ",
        "\u0130 ",
    ],
)
def test_spans_count_code_points_of_the_text_as_it_came(before):
    said = "you failed to"
    text = f"{before}Sorry. As I see it, {said} tell us.{before}"
    found = check(Draft(text=text, language="en", review=BAD), (), NOW).findings
    [attack] = [each for each in found if each.kind is Kind.COUNTER_ATTACK]
    assert [text[span.start : span.end] for span in attack.spans] == [said]


@given(st.text(st.sampled_from("ae\u0301\u0323\u05d0\u05bc\uac00\u1100\u1161\U0001f600 ß."), max_size=30))
def test_each_character_of_the_composed_text_has_its_place(text):
    whole = composed(text)
    places = [whole.place(at) for at in range(len(whole.text) + 1)]
    assert places == sorted(places)
    assert places[-1] == len(text)
    for at, each in enumerate(whole.text):
        if not unicodedata.combining(each):
            began = text[whole.place(at)]
            assert unicodedata.normalize("NFD", each)[0] == unicodedata.normalize("NFD", began)[0]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "ja",
            "この度はご不便をおかけしております。新しい部品を明日お送りいたしますので、少々お待ちいただけますでしょうか。"
            * 2,
        ),
        ("th", "เราเสียใจกับสิ่งที่เกิดขึ้นและจะส่งชิ้นส่วนใหม่ให้คุณในวันพรุ่งนี้โปรดติดต่อเราได้ทุกเมื่อ" * 2),
    ],
)
def test_a_language_without_spaces_is_checked_and_what_is_not_judged_is_said(language, text):
    report = check(Draft(text=text, language=language, review=BAD), (), NOW)
    skipped = {each.kind for each in report.skipped}
    assert {Kind.NO_APOLOGY, Kind.COUNTER_ATTACK} <= skipped
    assert Kind.NEAR_COPY not in skipped  # it is long enough to compare
