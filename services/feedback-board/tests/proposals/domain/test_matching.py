from itertools import permutations
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.proposals.domain.matching import (
    MAX_SENTENCES,
    Asked,
    Board,
    Said,
    count_stems,
    proposal_id,
)
from plaudit.feedback_board.similar.domain.likeness import Rarity
from plaudit.feedback_board.similar.domain.sentences import best_match, read_request, read_sentence

NAMES = UUID(int=7)
FEW = Rarity(titles=200, holding={})
WORDS = [
    *("dark", "mode", "export", "invoices", "pdf", "bookmarks", "import", "night"),
    *("eyes", "payment", "refund", "deposit", "the", "please"),
]


def asked(title: str, text: str = "", **fields) -> Asked:
    made = {"id": uuid5(NAMES, title), "subject": None, "is_shipped": False, **fields}
    return Asked(title=title, text=text, root_id=made.pop("root_id", made["id"]), **made)


def said(excerpt: str, **fields) -> Said:
    made = {"tenant_id": "default", "revision": 1, "subject": "acme/berlin", "rating": 2.0, "title": None, **fields}
    return Said(review_id=uuid5(NAMES, excerpt), excerpt=excerpt, **made)


@pytest.mark.parametrize(
    ("title", "review", "is_proposed"),
    [
        ("Dark mode for all pages", "Please bring a dark mode, my eyes hurt at night.", True),
        ("Dark mode for all pages", "Dark screen after start. Wrong mode of payment.", False),
        ("Import bookmarks from a file", "I moved. Had to import bookmarks elsewhere.", True),
        ("Export invoices as PDF", "PDF", False),
        ("Export invoices as PDF", "Rechnungen bitte als PDF exportieren", False),
    ],
)
def test_the_invented_examples_of_the_study(title: str, review: str, is_proposed: bool) -> None:
    assert bool(Board([asked(title)], FEW).propose(said(review))) is is_proposed


def test_a_proposal_names_its_sentence_counted_from_the_title_on() -> None:
    review = said("My eyes hurt. Please bring a dark mode.", title="Too bright!")
    (found,) = Board([asked("Dark mode for all pages")], FEW).propose(review)
    assert review.sentences[found.sentence].strip() == "Please bring a dark mode"


def test_praise_of_what_is_shipped_is_no_proposal() -> None:
    board = Board([asked("Dark mode for all pages", is_shipped=True)], FEW)
    assert board.propose(said("Finally a dark mode", rating=5.0)) == []
    assert board.propose(said("Still no dark mode", rating=1.0)) != []


def test_a_request_about_a_subject_takes_reviews_of_it_and_below() -> None:
    board = Board([asked("Dark mode for all pages", subject="acme/ber")], FEW)
    assert board.propose(said("A dark mode please", subject="acme/berlin")) == []
    assert board.propose(said("A dark mode please", subject="acme/ber/shop-1")) != []


def test_of_merged_requests_one_is_proposed() -> None:
    root = asked("Dark mode for all pages")
    merged = asked("A dark mode", root_id=root.id)
    (found,) = Board([root, merged], FEW).propose(said("A dark mode please"))
    assert found.request_id == merged.id, "the more alike one"


def test_a_board_that_is_read_anew_reads_what_changed() -> None:
    first = asked("Dark mode for all pages")
    old = Board([first, asked("Export invoices as PDF")], FEW)
    edited = asked("Refund the deposit sooner", id=first.id, root_id=first.id)
    new = Board([edited], FEW, old)
    assert new.propose(said("A dark mode please")) == new.propose(said("Export the invoices as PDF")) == []
    assert [each.request_id for each in new.propose(said("Refund my deposit"))] == [first.id]


def test_the_order_of_requests_does_not_matter() -> None:
    requests = [asked("Dark mode for all pages"), asked("A dark mode at night"), asked("Dark mode, automatic")]
    review = said("Please bring a dark mode, my eyes hurt at night")
    assert len({tuple(Board(each, FEW).propose(review)) for each in permutations(requests)}) == 1


@given(
    titles=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), min_size=1, max_size=6),
    texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=6, max_size=6),
    review=st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), max_size=4).map(". ".join),
)
def test_looking_up_finds_what_comparing_with_each_request_finds(
    titles: list[str], texts: list[str], review: str
) -> None:
    requests = [asked(title, text) for title, text in dict(zip(titles, texts, strict=False)).items()]
    one = said(review)
    rarity = Rarity(titles=200, holding={"mode": 150, "import": 30})
    sentences = [stems for each in one.sentences if (stems := read_sentence(each))]
    slow = {}
    for each in requests:
        match = best_match(read_request(each.title, each.text), sentences, rarity)
        if match is not None and match.is_proposed:
            slow[each.id] = match.score
    fast = {each.request_id: each.score for each in Board(requests, rarity).propose(one)}
    assert fast == dict(sorted(slow.items(), key=lambda item: (-item[1], item[0]))[:2])


@pytest.mark.parametrize("text", ["a" * 100_000, "dark mode " * 10_000, "Dark mode. " * 10_000, "." * 10_000, "\u200b"])
def test_hostile_reviews_are_read_up_to_a_limit(text: str) -> None:
    board = Board([asked("Dark mode for all pages")], FEW)
    assert len(said(text).sentences) <= MAX_SENTENCES
    assert len(board.propose(said(text))) <= 1


def test_a_frequent_word_is_found_frequent_once_enough_reviews_hold_it() -> None:
    rarity = count_stems(said(f"Dark mode {number}") for number in range(1_200))
    assert rarity.titles == 1_200
    assert rarity.idf("dark") < 0.1 < 5 < rarity.idf("invoic")


def test_a_proposal_has_one_id_and_that_of_no_other_tenant() -> None:
    one, other = UUID(int=1), UUID(int=2)
    ids = {proposal_id("a", one, other), proposal_id("a", one, other), proposal_id("b", one, other)}
    assert len(ids | {proposal_id("a", other, one)}) == 3
