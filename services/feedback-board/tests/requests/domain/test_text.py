import re
import unicodedata
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain import text
from plaudit.feedback_board.requests.domain.errors import InvalidInputError


@given(st.text(min_size=0, max_size=300))
def test_any_title_that_is_taken_has_an_address_that_can_be_found(title: str) -> None:
    try:
        cleaned = text.clean_title(title)
    except InvalidInputError:
        return
    slug = text.slug(cleaned)
    assert text.SLUG.fullmatch(slug)
    assert len(slug) <= text.SLUG_MAX_CHARACTERS
    assert text.SLUG.fullmatch(text.distinct_slug(cleaned, UUID(int=255)))


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Refund the deposit at once!", "refund-the-deposit-at-once"),
        ("Größere Körbe für Räder", "grossere-korbe-fur-rader"),
        ("  --  ", "request"),
        ("深夜也能还车", "request"),
        ("a" * 80, "a" * 60),
        (
            "Let two people share one account so that either of us can pick up",
            "let-two-people-share-one-account-so-that-either-of-us-can",
        ),
    ],
)
def test_an_address_is_made_of_whole_words_of_the_title(title: str, slug: str) -> None:
    assert text.slug(title) == slug


def test_a_title_becomes_one_line_in_one_form() -> None:
    assert text.clean_title("  Cafe\u0301\n at\tnoon ") == "Café at noon"


@pytest.mark.parametrize("bad", ["no\x00", "no\x07pe", "half \ud800 pair", "turned \u202e round"])
@pytest.mark.parametrize("clean", [text.clean_title, text.clean_text, text.clean_reason, text.clean_persona])
def test_what_is_no_text_is_refused(bad: str, clean) -> None:
    with pytest.raises(InvalidInputError):
        clean(bad)


@pytest.mark.parametrize(
    ("clean", "bad"),
    [
        (text.clean_title, "ab"),
        (text.clean_title, "x" * 121),
        (text.clean_text, "x" * 5_001),
        (text.clean_reason, "  . "),
        (text.clean_reason, "x" * 2_001),
        (text.clean_persona, ""),
        (text.clean_persona, "x" * 65),
    ],
)
def test_limits_are_kept_and_said(clean, bad: str) -> None:
    with pytest.raises(InvalidInputError, match=r"must have \d+ to \d+ characters"):
        clean(bad)


unseen = st.sampled_from(["\u200e", "\u200b", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u3164", "\u2800", "\u200d"])


@given(st.lists(unseen | st.sampled_from([" ", "\n", "\u0301"]), max_size=50).map("".join))
@pytest.mark.parametrize("clean", [text.clean_title, text.clean_reason])
def test_a_text_of_which_nothing_can_be_seen_is_refused(clean, nothing: str) -> None:
    with pytest.raises(InvalidInputError):
        clean(nothing)


def test_characters_that_show_nothing_do_not_count() -> None:
    with pytest.raises(InvalidInputError, match="3 to 120 characters; it has 2"):
        text.clean_title("a\u200b\u200bb")
    with pytest.raises(InvalidInputError, match="1 to 64 characters; it has 0"):
        text.clean_persona("\u200b")
    assert text.clean_title("Kün\u00addigen \u200dنمی\u200cخواهم") == "Kündigen نمی\u200cخواهم"


@given(
    st.lists(unseen | st.sampled_from(["a", "é", "שּ", "👍", " ", "\n", "\t", "\x07", "\u202e"]), max_size=8).map(
        "".join
    )
)
@pytest.mark.parametrize(
    ("clean", "pattern"),
    [
        (text.clean_title, text.TITLE_PATTERN),
        (text.clean_reason, text.REASON_PATTERN),
        (text.clean_text, text.TEXT_PATTERN),
        (text.clean_persona, text.PERSONA_PATTERN),
    ],
)
def test_the_document_takes_the_texts_that_are_taken(clean, pattern: str, typed: str) -> None:
    typed = unicodedata.normalize("NFC", typed)
    # Python's dollar stands before a last line feed too, that of documents does not.
    is_in_document = re.search(rf"{pattern.removesuffix('$')}\Z", typed) is not None
    try:
        clean(typed)
    except InvalidInputError:
        assert not is_in_document
    else:
        assert is_in_document


def test_an_emoji_newer_than_our_tables_is_taken() -> None:
    unknown_yet = "\U0001fbff"
    assert text.clean_title(f"Ride {unknown_yet}") == f"Ride {unknown_yet}"


def test_the_lines_of_a_text_are_kept() -> None:
    assert text.clean_text("One.\r\n\r\nTwo,\rthree. ") == "One.\n\nTwo,\nthree."


def test_an_excerpt_ends_between_words() -> None:
    shown = text.excerpt("word " * 200)
    assert shown is not None
    assert shown.endswith("word …")
    assert len(shown) <= text.EXCERPT_MAX_CHARACTERS + 2


def test_an_excerpt_ends_with_a_whole_letter() -> None:
    shown = text.excerpt("👨‍👩‍👧" * 200)
    assert shown is not None
    assert shown.removesuffix(" …").replace("👨‍👩‍👧", "") == ""


@pytest.mark.parametrize(("given_text", "shown"), [(None, None), ("  \n ", None), ("\u200b", None), (" a\n b ", "a b")])
def test_a_short_text_is_its_own_excerpt(given_text: str | None, shown: str | None) -> None:
    assert text.excerpt(given_text) == shown
