"""The words of surveys: every template is whole in both languages, and what is stored can be seen and is bounded."""

import re

import pytest

from plaudit.ingest.reviews.domain.state import Kind
from plaudit.ingest.surveys.domain.responses import InvalidResponseError, read_response
from plaudit.ingest.surveys.domain.survey import (
    BRAND,
    KINDS,
    InvalidSurveyError,
    Language,
    Wording,
    checked_brand,
    checked_wording,
    choices,
    with_brand,
    wrong_words,
)
from plaudit.ingest.surveys.domain.templates import Template, wording_of
from plaudit.ingest.surveys.pages.wording import WORDS, choices_of, preferred

EVERY = [(template, language, kind) for template in Template for language in Language for kind in KINDS]
PLAIN = Wording(title="How was it?", question="How many stars?", text_question="Why?", thanks="Thank you!")


@pytest.mark.parametrize(("template", "language", "kind"), EVERY)
def test_every_template_has_words_that_a_survey_can_have(template: Template, language: Language, kind: Kind):
    wording = wording_of(template, language, kind)
    assert checked_wording(wording) == wording
    assert BRAND in wording.title
    named = with_brand(wording, "Kite Coffee")
    words = f"{named.title} {named.question} {named.text_question} {named.thanks}"
    assert "{" not in words
    assert "Kite Coffee" in words
    is_german = re.search(r"\b(Sie|Ihre|Ihnen|wir)\b", words) is not None
    assert is_german == (language is Language.GERMAN)


def test_no_two_questions_are_the_same_in_a_template_or_between_languages():
    asked = [(template, wording_of(template, language, kind).question) for template, language, kind in EVERY]
    assert len(set(asked)) == len(asked)


def test_a_question_about_health_asks_for_nothing_medical():
    for language, words in ((Language.ENGLISH, "nothing about your health"), (Language.GERMAN, "nichts über Ihre")):
        assert words in wording_of(Template.HEALTH, language, Kind.NPS).text_question


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u2060", "x" * 201])
def test_words_that_cannot_be_seen_or_are_too_long_are_refused_by_name(text: str):
    with pytest.raises(InvalidSurveyError) as refused:
        checked_wording(Wording(title="t", question=text, text_question="t", thanks="t"))
    assert refused.value.field == "question"


def test_all_that_is_wrong_with_words_is_told_at_once_and_each_by_its_field():
    wording = Wording(title="", question="q" * 201, text_question="t", thanks="x" * 600)
    wrong = wrong_words(wording, "\u200b" + "x" * 101)
    assert list(wrong) == ["brand", "title", "question"]
    assert wrong["title"] == "is missing"
    assert "at most 200" in wrong["question"]
    assert wrong_words(PLAIN, None) == {}


def test_words_are_stored_clean_and_a_brand_that_is_empty_is_none():
    wording = checked_wording(Wording(title=" a\n b\u202e ", question="q", text_question="t", thanks=" x\r\ny "))
    assert (wording.title, wording.thanks) == ("a b", "x\ny")
    assert checked_brand(" ") is None
    assert checked_brand(" Kite\tCoffee ") == "Kite Coffee"
    with pytest.raises(InvalidSurveyError):
        checked_brand("x" * 101)


def test_a_brand_is_put_in_as_it_is():
    assert with_brand(Wording(title="{brand}?", question="{0}", text_question="{brand}", thanks=""), "{brand}").title
    named = with_brand(Wording(title="At {brand}", question="{0}", text_question="", thanks=""), "{x}")
    assert (named.title, named.question) == ("At {x}", "{0}")


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", KINDS)
def test_every_value_of_a_scale_has_a_name_that_nobody_else_has(kind: Kind, language: Language):
    named = [(each.shown, each.said) for each in choices_of(kind, language)]
    assert [each.value for each in choices_of(kind, language)] == list(choices(kind))
    assert len(set(named)) == len(named)
    assert WORDS[language].ends[kind][0] != WORDS[language].ends[kind][1]


@pytest.mark.parametrize(
    ("kind", "rating", "rule"),
    [
        (Kind.STARS, "", "missing"),
        (Kind.STARS, "0", "off_scale"),
        (Kind.STARS, "6", "off_scale"),
        (Kind.NPS, "11", "off_scale"),
        (Kind.CES, "8", "off_scale"),
        (Kind.CSAT, "4.5", "off_scale"),
        (Kind.CSAT, " 4", "off_scale"),
        (Kind.CSAT, "\uff14", "off_scale"),
        (Kind.CSAT, "1e0", "off_scale"),
    ],
)
def test_only_a_value_of_the_scale_is_a_response(kind: Kind, rating: str, rule: str):
    with pytest.raises(InvalidResponseError) as refused:
        read_response(kind, rating, "")
    assert refused.value.rule == rule


def test_a_text_is_cleaned_and_bounded():
    assert read_response(Kind.NPS, "0", " \r\n ").text is None
    assert read_response(Kind.NPS, "10", " a\r\nb\x00 ").text == "a\nb"
    assert read_response(Kind.NPS, "10", "x" * 4_000).text == "x" * 4_000
    with pytest.raises(InvalidResponseError, match="too_long"):
        read_response(Kind.NPS, "10", "x" * 4_001)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.7", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("fr,de;q=0.3,en;q=0.2", "de"),
        ("de;q=0.1,en", "en"),
        ("fr", "en"),
        (";;,=,q", "en"),
        ("de;q=x,en;q=0.5", "en"),
    ],
)
def test_a_stranger_is_spoken_to_in_the_language_of_the_browser(header: str, language: str):
    assert preferred(header) == language


def test_plain_words_are_kept_as_they_are():
    assert checked_wording(PLAIN) == PLAIN
