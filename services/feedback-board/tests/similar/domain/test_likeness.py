"""The worked examples of how alike two titles are, and the rules that keep such figures honest."""

from collections import Counter
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.feedback_board.requests.domain.words import stem
from plaudit.feedback_board.similar.domain.likeness import (
    RELATED_COSINE,
    SAME_COSINE,
    SAME_TRIGRAMS,
    Likeness,
    Rarity,
    are_opposed,
    compare,
    cosine,
    jaccard,
    looked_up,
    most_alike,
    read_title,
)

SOME = UUID(int=1)
BOARD = (
    "Print the editor contents",
    "Open one folder in several windows",
    "Hide the status bar",
    "Support vertical tabs",
    "Dark mode for all pages",
    "Import bookmarks from a file",
    "Export invoices as PDF",
    "Highlight the status of a build in the list",
    "A shortcut for the next bar chart",
    "Vertical ruler in the editor",
)


def rarity_of(*titles: str) -> Rarity:
    stems = [read_title(title).stems for title in titles]
    return Rarity(titles=len(titles), holding=Counter(stem for each in stems for stem in each))


def compared(one: str, other: str):
    return compare(SOME, read_title(one), read_title(other), rarity_of(*BOARD, one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Print the editor contents", "Allow to print the editor contents"),
        ("Support vertical tabs", "Add vertical tabs"),
        ("[feature] Dark mode", "Feature request: Dark mode"),
        ("Export invoices as PDF", "export invoice as pdf"),
        ("Rechnungen als PDF exportieren", "Rechnung als PDF exportieren"),
        # Measured as such, and wrong: the reason why nothing is merged by itself.
        ("Open one folder in several windows", "Open several folders in one window"),
    ],
)
def test_two_titles_are_possibly_the_same(one, other):
    assert compared(one, other).likeness is Likeness.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hide the status bar", "Show the status bar"),
        ("Hiding the status bar", "Shows the status bar"),
        ("Lock the status bar at the top", "Unlock the status bar at the top"),
        ("Open the sidebar with one click", "Close the sidebar with one click"),
        ("Statusleiste der Anwendung ausblenden", "Statusleiste der Anwendung einblenden"),
    ],
)
def test_opposites_are_related_at_most(one, other):
    found = compared(one, other)
    assert found is None or found.likeness is Likeness.RELATED
    assert are_opposed(read_title(one), read_title(other))


def test_a_title_that_holds_both_opposites_is_opposed_to_neither():
    assert not are_opposed(read_title("Hide or show the status bar"), read_title("Show the status bar"))


@pytest.mark.parametrize(("one", "other", "share"), [("Support vertical tabs", "Add vertical tabs", 0.54)])
def test_trigrams_are_shared_as_pg_trgm_counts_them(one, other, share):
    assert round(jaccard(read_title(one).trigrams, read_title(other).trigrams), 2) == share


def test_titles_with_nothing_in_common_are_not_alike():
    assert compared("Dark mode for all pages", "Export invoices as PDF") is None


def test_how_people_ask_does_not_count():
    found = compared("Please add an option to provide dark mode", "Dark mode")
    assert found.cosine == 1.0


def test_a_title_of_words_that_say_nothing_is_compared_by_all_of_them():
    assert compared("Add more options", "Add more options").likeness is Likeness.SAME


HOLDING = {stem(word): titles for word, titles in {"hide": 60, "show": 80, "status": 30, "bar": 40}.items()}


def test_the_same_come_before_the_related_and_ties_are_broken_by_id():
    titles = {
        UUID(int=3): read_title("Hide the status bar"),
        UUID(int=2): read_title("Hide the status bar"),
        UUID(int=1): read_title("Show the status bar"),
        UUID(int=4): read_title("Dark mode"),
    }
    found = most_alike(read_title("Hide the status bar"), titles, Rarity(titles=1_000, holding=HOLDING))
    assert [each.request_id.int for each in found] == [2, 3, 1]


def test_opposites_are_told_apart_where_both_figures_say_the_same():
    found = compare(
        SOME,
        read_title("Hide the status bar"),
        read_title("Show the status bar"),
        Rarity(titles=1_000, holding=HOLDING),
    )
    assert found.cosine >= SAME_COSINE
    assert found.trigrams >= SAME_TRIGRAMS
    assert found.likeness is Likeness.RELATED


STEMS = st.frozensets(st.sampled_from("abcdefghijkl"), min_size=1, max_size=6)


@given(STEMS, STEMS, st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(0, 200)))
def test_whoever_shares_no_looked_up_stem_is_not_related(one, other, holding):
    rarity = Rarity(titles=100, holding=holding)
    if not other.intersection(looked_up(one, rarity)):
        assert cosine(one, other, rarity) < RELATED_COSINE + 1e-6


@given(STEMS, STEMS, st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(0, 200)))
def test_a_cosine_is_the_same_both_ways_and_between_0_and_1(one, other, holding):
    rarity = Rarity(titles=100, holding=holding)
    assert cosine(one, other, rarity) == cosine(other, one, rarity)
    assert 0 <= cosine(one, other, rarity) <= 1
    assert cosine(one, one, rarity) == 1
