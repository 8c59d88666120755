"""What of a review's words are its terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.scoring.insight.domain.terms import MAX_TERMS, MAX_TEXT_CHARS, fold, names_of, statement, terms_of
from plaudit.scoring.insight.domain.word_lists import ENGLISH, GENERIC, GERMAN, GIVEN_NAMES, OPINION

NO_NAMES: frozenset[str] = frozenset()


def stems(text: str, language: str | None = "en", own_names: frozenset[str] = NO_NAMES) -> list[str]:
    return [term.stem for term in terms_of(text, language, own_names)]


def surfaces(text: str, language: str | None = "en") -> list[str]:
    return [term.surface for term in terms_of(text, language, NO_NAMES)]


def test_terms_are_stems_of_content_words_and_of_two_side_by_side():
    assert stems("The refund took weeks, nobody answers phone calls.") == ["refund", "answer", "phone", "answer phone",
                                                                         "call", "phone call"]  # fmt: skip


def test_a_term_is_shown_as_it_is_written():
    assert surfaces("Slow deliveries!") == ["slow", "deliveries", "slow deliveries"]


def test_a_term_counts_once_however_often_it_is_said():
    assert stems("Refund, refunds and refunded. Refund!") == ["refund"]


def test_a_word_that_is_said_twice_on_end_is_no_pair():
    assert stems("Ads ads ads! Only ads.") == ["ad"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The refund &amp; the parcel: it&#39;s &quot;lost&quot;", 'The refund & the parcel: it\'s "lost"'),
        ("The refund &amp;amp; the parcel: it&amp;#x27;s lost", "The refund & the parcel: it's lost"),
        ("My refund.<br/>My <b>parcel</b>&nbsp;came<p class='x'>late", "My refund.\nMy parcel\u00a0came\nlate"),
        ("No <3 for it; a < b > c, AT&T &copy that &nosuch;", "No <3 for it; a < b > c, AT&T &copy that &nosuch;"),
        ("x&#0;y&#8238;z &#1114112;", "x\ufffdyz \ufffd"),
    ],
)
def test_of_a_text_that_was_written_for_a_page_the_words_are_left(text: str, plain: str):
    assert statement(None, text) == plain
    assert {"amp", "quot", "nbsp", "br", "class"}.isdisjoint(stems(statement(None, text)))


@pytest.mark.parametrize("text", ["horrible horrible horrible", "Nice.", "", "It was what it was.", "!!! 😡😡"])
def test_opinions_and_words_of_grammar_are_no_terms(text: str):
    assert stems(text) == []


@pytest.mark.parametrize(
    "between", [". ", ", ", "; ", "\n", " - ", " (", "/", " and ", " horrible ", " 3 ", " Sarah ", " me@example.com "]
)
def test_words_with_something_between_them_are_no_pair(between: str):
    assert "refund parcel" not in stems(f"my refund{between}parcel now")


@pytest.mark.parametrize("between", [" ", "  ", "-"])
def test_words_side_by_side_are_a_pair(between: str):
    assert "refund parcel" in stems(f"my refund{between}parcel now")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I talked to sarah and to JOHN", "en"),
        ("and then Zbigniew came with Kowalczyk", "en"),
        ("as Mr Okonkwo said", "en"),
        ("Die Beratung durch Frau Wuppke und Herrn Dr. Zeisig", "de"),
        ("mit Peter Hagedorn", "de"),
    ],
)
def test_names_of_people_are_no_terms(text: str, language: str):
    assert {*stems(text, language)} <= {"beratung", "berat", "durch", "talk"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("write to max.mustermann@example.com", "en"),
        ("see https://shop.example/Orders?id=x or www.shop.example/help or shop.com/cart", "en"),
        ("by @some_handle", "en"),
        ("they sent it to 12 Baker Street", "en"),
        ("und zwar Lindenstraße 12a, 10115 Musterstadt", "de"),
        ("und an die Kirchgasse 3", "de"),
        ("the A4711-B and 0049301234567 and 4x4 and covid19", "en"),
    ],
)
def test_addresses_and_numbers_are_no_terms(text: str, language: str):
    assert {*stems(text, language)} <= {"write", "sent"}


def test_capitals_of_a_headline_or_of_shouting_name_nobody():
    assert stems("Slow Delivery And Broken Parcel") == ["slow", "deliveri", "slow deliveri", "broken", "parcel",
                                                       "broken parcel"]  # fmt: skip
    assert "deliveri" in stems("this DELIVERY was late")


def test_a_german_noun_keeps_its_capital_and_its_umlauts():
    assert surfaces("Leider fehlt die Kündigungsbestätigung", "de") == ["fehlt", "Kündigungsbestätigung"]


def test_spellings_of_an_umlaut_are_one_term():
    spellings = {tuple(stems(f"wegen der {word}", "de")) for word in ("Kündigung", "Kuendigung", "Ku\u0308ndigung")}
    written = {tuple(stems(statement(None, f"wegen der {word}"), "de")) for word in ("Kündigung", "Ku\u0308ndigung")}
    assert written == {("kundig",)}
    assert ("kundig",) in spellings


def test_the_subjects_own_name_is_no_term():
    own = names_of("fat-llama/berlin", "trustpilot")
    assert own == {"fat", "llama", "fatllama", "berlin", "trustpilot", "fats", "llamas", "berlins", "trustpilots"}
    assert stems("fatllama and fat llama's refund, says trustpilot", own_names=own) == ["refund"]


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("the refund was late", None, ["refund", "late"]),
        ("die Rechnung war falsch", None, ["rechnung", "falsch"]),
        ("refund", None, []),
        ("le remboursement est tardif", "fr", []),
        ("the refund was late", "en-GB", ["refund", "late"]),
        ("the refund was late", "EN", ["refund", "late"]),
    ],
)
def test_terms_are_told_of_english_and_german_alone(text: str, language: str | None, wanted: list[str]):
    assert stems(text, language) == wanted


def test_a_title_that_the_text_begins_with_is_read_once():
    assert statement("The refund took…", "The refund took weeks") == "The refund took weeks"
    assert statement("Late", "The refund took weeks") == "Late\nThe refund took weeks"
    assert (statement("Late", None), statement(None, None)) == ("Late", "")


def test_a_long_text_is_read_to_a_limit():
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [f"{a}{b}{c}x" for a in letters for b in letters for c in "ptk"]
    assert len(stems(" ".join(words), "en")) == MAX_TERMS
    assert len(statement("x" * 9_000, "y" * 9_000)) == MAX_TEXT_CHARS


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.sampled_from(["en", "de", None]))
def test_a_term_holds_letters_only_and_stands_once(text: str, language: str | None):
    found = terms_of(statement(None, text), language, NO_NAMES)
    assert len({term.stem for term in found}) == len(found)
    for term in found:
        assert not any(character.isdigit() or character in "@/\n" for character in term.stem + term.surface)
        assert term.stem.count(" ") == term.surface.count(" ") <= 1


@pytest.mark.parametrize("words", [ENGLISH, GERMAN, OPINION, GENERIC, GIVEN_NAMES])
def test_listed_words_are_folded(words: frozenset[str]):
    assert {word for word in words if fold(word) != word} == set()
