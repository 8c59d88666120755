import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.text import ELLIPSIS, MAX_LETTER_CHARS, clean, cut, one_line, seen, shortened, shows

LETTER = regex.compile(r"\X")
FAMILY = "👨‍👩‍👧"
pieces = st.sampled_from(
    [
        *("a", "é", "e\u0301", "ß", "नि", "क्‍ष", "می‌خواهم", "שלום", "각", FAMILY, "🇩🇪", "👍🏽", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\U0001fbff"),
        *("\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u00ad", "\u2060", "\ufeff", "\ufe0f", "\u3164", "\u2800"),
        *("\u202e", "\u2066", "\u2069", "\x00", "\x07", "\x1b", "\x85", "\u2028", "\r\n", "\r", "\ud800", "\udc00"),
        *(" ", "\n", "\t", "\u0301", "\U0001f3f4", "\U000e0067", "\U000e007f", "\U000e0001"),
    ]
)
texts = st.text(st.characters(), max_size=60) | st.lists(pieces, max_size=30).map("".join)


@given(texts)
def test_a_clean_text_is_clean_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert one_line(one_line(text)) == one_line(text)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not regex.search(r"[\p{Cc}\p{Cs}\p{Bidi_Control}--[\t\n\u200e\u200f\u061c]]", cleaned, regex.VERSION1)
    cleaned.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=40))
def test_what_can_be_seen_is_kept(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "text",
    ["نمی‌خواهم", "क्‍ष", f"The {FAMILY} is here", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ـ\u200d", "Ἀ\u200e(3)", "ไทย\u200bไทย", "\U0001fbff", "A\n\tb"],
)
def test_letters_stay_as_they_were_written(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Kün\u00addi\u00adgungs\u00adfrist", "Kündigungsfrist"),
        ("a\u202egnp.exe\u202c", "agnp.exe"),
        ("\u2067שלום\u2069 (3)", "שלום (3)"),
        ("a\x00b\x1b[2J", "ab[2J"),
        ("one\r\ntwo\rthree\u2028four\x85five\x0bsix", "one\ntwo\nthree\nfour\nfive\nsix"),
        ("half \ud83d pair", "half \ufffd pair"),
        ("Cafe\u0301", "Café"),
        ("\u200c\u200da \u200db\u200d\u200d\u200d", "a b\u200d"),
        ("smuggled\U000e0068\U000e0069", "smuggled"),
        ("\ufefftext", "text"),
    ],
)
def test_what_does_not_belong_in_a_text_goes_without_a_blank(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n\t", "\u200e\u200f\u200e", "\u200b" * 3, "\u2060\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u3164"),
        *("\u2800", "\u0301", "\u200d \u034f", "\U000e0067", "\x07", "\u115f\u1160", "\U0001d159", "\u3000"),
    ],
)
def test_a_text_of_unseen_characters_shows_nothing(text: str) -> None:
    assert not shows(text)


@pytest.mark.parametrize("text", ["a", ".", "深", "\u200bא", "e\u0301", FAMILY, "ⵣ", "\U0001fbff", "\ufffd", "؀"])
def test_a_text_with_one_visible_character_shows_something(text: str) -> None:
    assert shows(text)


@given(texts, st.integers(0, 20), st.sampled_from("\u200b\u2060\ufeff\u00ad\ufe0f\u3164\u2800\u200e\U000e0067"))
def test_characters_that_show_nothing_never_make_a_text_longer(text: str, place: int, unseen: str) -> None:
    assert seen(text[:place] + unseen + text[place:]) == seen(text)


def test_every_character_that_unicode_lets_be_ignored_is_an_unseen_one() -> None:
    ignorable = regex.compile(r"\p{Default_Ignorable_Code_Point}")
    assert [char for char in map(chr, range(0x110000)) if ignorable.match(char) and seen(char)] == []


@given(texts, st.integers(0, 40))
def test_a_cut_is_a_beginning_that_ends_between_two_letters(text: str, most: int) -> None:
    beginning = cut(text, most)
    assert text.startswith(beginning)
    assert len(beginning) <= most
    ends = {0, *(letter.end() for letter in LETTER.finditer(text))}
    assert len(beginning) in ends
    # It is the longest of them.
    assert len(beginning) == max(end for end in ends if end <= most)


@given(st.text(st.sampled_from("a \n\r\u0301" + FAMILY), max_size=40), texts, st.integers(0, 80))
def test_a_cut_far_from_the_beginning_ends_between_two_letters_too(first: str, text: str, most: int) -> None:
    whole = f"{first}x {text}"
    assert len(cut(whole, most)) in {0, *(letter.end() for letter in LETTER.finditer(whole))}


def test_a_letter_without_end_is_cut_like_a_text() -> None:
    assert len(cut("a" + "\u0301" * 1_000, 500)) == 500
    assert cut("word " + "a" + "\u0301" * 1_000, 5 + MAX_LETTER_CHARS) == "word "


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("ab cd", 4, "ab…"), (f"a{FAMILY}b", 6, "a…"), ("", 1, "")],
)
def test_a_shortened_text_says_that_it_is(text: str, most: int, short: str) -> None:
    assert shortened(text, most) == short


@given(texts, st.integers(1, 40))
def test_a_shortened_text_is_short(text: str, most: int) -> None:
    short = shortened(text, most)
    assert len(short) <= most
    assert short == text or short.endswith(ELLIPSIS)
