import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.alerting.answers.domain.readability import readability, sentences, syllables

PLAIN = "The cat sat on the mat. It was a warm day. We saw the cat. She had a red hat. " * 3
OFFICIAL = (
    "Notwithstanding organisational considerations necessitating comprehensive reconsideration, our administrative "
    "representatives unfortunately cannot communicate supplementary information regarding individual compensation "
    "possibilities until international verification procedures conclude satisfactorily everywhere simultaneously, "
    "notwithstanding exceptional organisational circumstances."
)


@pytest.mark.parametrize(
    ("language", "word", "count"),
    [
        ("en", "cat", 1), ("en", "apple", 2), ("en", "made", 1), ("en", "wanted", 2), ("en", "called", 1),
        ("en", "information", 4), ("en", "refunds", 2), ("en", "the", 1),
        ("de", "Haus", 1), ("de", "Bestellung", 3), ("de", "Kundendienst", 3), ("de", "Reaktion", 4),
        ("fr", "commande", 2), ("fr", "livraison", 3), ("es", "pedido", 3), ("nl", "bestelling", 3), ("en", "4711", 1),
    ],
)  # fmt: skip
def test_syllables_are_counted(language, word, count):
    assert syllables(word, language) == count


def test_the_formula_of_flesch_is_his():
    words, count, spoken = 60, 12, 60  # each word of the text has one syllable
    found = readability(PLAIN, "en")
    assert found is not None
    assert found.score == pytest.approx(206.835 - 1.015 * words / count - 84.6 * spoken / words, abs=0.06)
    assert (found.words_per_sentence, found.is_hard) == (5.0, False)


def test_a_text_of_offices_is_hard_in_each_formula():
    assert all(readability(OFFICIAL, language).is_hard for language in ("en", "de", "fr", "es", "it", "nl", None, "pl"))


def test_a_plain_text_is_hard_in_none():
    assert not any(readability(PLAIN, language).is_hard for language in ("en", "de", "fr", "es", "it", "nl", None))


def test_a_few_words_have_no_score():
    assert readability("We are sorry.", "en") is None


def test_an_address_or_a_price_ends_no_sentence():
    text = "See https://acme.example/a.b?c now! It costs 3.50 today.\nWell"
    assert [text[each.start : each.end] for each in sentences(text)] == [
        "See https://acme.example/a.b?c now!",
        "It costs 3.50 today.",
        "Well",
    ]


@given(st.text(max_size=300))
def test_sentences_lie_in_their_order_within_any_text(text):
    found = list(sentences(text))
    ends = [0, *(place for each in found for place in (each.start, each.end)), len(text)]
    assert ends == sorted(ends)
    readability(text, "en")
