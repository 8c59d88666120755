"""The worked examples of links between reviews and requests; every word is of the same rarity unless told otherwise."""

import pytest

from plaudit.feedback_board.similar.domain.likeness import Rarity
from plaudit.feedback_board.similar.domain.sentences import best_match, read_request, read_review

RARE = Rarity(titles=1_000, holding={})


def matched(title: str, review: str, rarity: Rarity = RARE, text: str = ""):
    return best_match(read_request(title, text), read_review(review), rarity)


@pytest.mark.parametrize(
    ("title", "review", "score"),
    [
        ("Dark mode for all pages", "Please bring a dark mode, my eyes hurt at night.", 0.67),
        # Known to be wrong: somebody rejects it.
        ("Import bookmarks from a file", "I moved. Had to import bookmarks elsewhere.", 0.82),
    ],
)
def test_a_sentence_with_the_words_of_a_request_is_proposed(title, review, score):
    found = matched(title, review)
    assert (round(found.score, 2), found.is_proposed) == (score, True)


@pytest.mark.parametrize(
    ("title", "review"),
    [
        ("Dark mode for all pages", "Dark screen after start. Wrong mode of payment."),
        ("Export invoices as PDF", "PDF"),
        ("Export invoices as PDF", "Rechnungen bitte als PDF exportieren"),
    ],
)
def test_words_of_two_sentences_or_a_single_one_prove_nothing(title, review):
    assert matched(title, review) is None


def test_words_in_common_that_are_frequent_are_not_proposed():
    often = Rarity(titles=1_000, holding={"dark": 300, "mode": 300, "mod": 300, "page": 300, "pag": 300})
    assert matched("Dark mode for all pages", "A dark mode", often) is None


def test_a_word_of_the_text_counts_for_less_than_one_of_the_title():
    by_title = matched("Dark mode at night", "dark mode at night")
    by_text = matched("Dark mode", "dark mode at night", text="At night.")
    assert by_text.score < by_title.score == 1


def test_words_of_the_text_alone_are_no_match():
    assert matched("Another theme", "dark mode at night", text="Dark mode at night.") is None


def test_the_shared_words_are_told():
    assert matched("Export invoices as PDF", "export the invoices").shared == {"export", "invoic"}
