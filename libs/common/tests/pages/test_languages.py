"""Texts of pages in several languages, and which language a reader likes best."""

import pytest

from plaudit.common.http.headers import preferred_language
from plaudit.common.pages.languages import Language

GERMAN = Language(code="de", name="Deutsch", texts={"Open": "Offen", "vote": ["Stimme", "Stimmen"]})


def test_a_text_that_the_catalogue_lacks_is_shown_in_english() -> None:
    assert (GERMAN.text("Open"), GERMAN.text("Closed")) == ("Offen", "Closed")


@pytest.mark.parametrize(
    ("number", "german", "english"), [(0, "Stimmen", "votes"), (1, "Stimme", "vote"), (2, "Stimmen", "votes")]
)
def test_a_noun_has_the_form_of_its_number(number: int, german: str, english: str) -> None:
    assert GERMAN.form("vote", "votes", number) == german
    assert Language(code="en", name="English").form("vote", "votes", number) == english


@pytest.mark.parametrize(
    ("accepted", "liked"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.5", "de"),
        ("fr, de;q=0.2, en;q=0.7", "en"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de;q=much, ;;,", "de"),
    ],
)
def test_the_language_that_a_reader_likes_best_is_chosen(accepted: str, liked: str) -> None:
    assert preferred_language(accepted, ("en", "de")) == liked
