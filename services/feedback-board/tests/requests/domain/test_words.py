"""Words are folded, have one stem whatever their language, and are found by others that are spelt nearly so."""

import pytest

from plaudit.feedback_board.requests.domain.words import misspellings, search_query, stem, stored_words, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Don't hide the MENU", ["dont", "hide", "the", "menu"]),
        ("Größere Übersicht", ["groessere", "uebersicht"]),
        ("Crème brûlée", ["creme", "brulee"]),
        ("snake_case-names", ["snake", "case", "names"]),
        ("夜间模式", ["夜", "间", "模", "式"]),
        ("\u200b \u2800 !?", []),
    ],
)
def test_words_are_folded(text, folded):
    assert words(text) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [("exporting", "export"), ("invoices", "invoice"), ("rechnungen", "rechnung"), ("tabs", "tab")],
)
def test_forms_of_a_word_have_one_stem_in_any_language(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("meant", "typed"), [("invoice", "invioce"), ("invoice", "invoce"), ("invoice", "invoicee"), ("invoice", "invoixe")]
)
def test_words_that_are_one_letter_apart_share_a_misspelling(meant, typed):
    assert {meant, *misspellings(meant)} & {typed, *misspellings(typed)}


def test_a_short_word_has_no_misspellings():
    assert misspellings("form") == []


def test_each_stored_word_stands_behind_its_tenant():
    assert all(word.startswith("acme:") for word in stored_words("acme", "Dark mode", "For the night."))


def test_a_quote_or_a_backslash_of_a_tenant_stays_within_its_word():
    assert search_query("it's", ["menu"]) == "('it''s:menu':*)"
