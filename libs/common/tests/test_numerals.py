"""Figures as people read them."""

import pytest

from plaudit.common.numerals import counted, noun_of, percent, ratio, signed, up_to


@pytest.mark.parametrize(
    ("value", "decimals", "words"),
    [
        *((0.084, 2, "+0.08"), (-0.1, 2, "−0.10"), (10.0, 0, "+10"), (-100.0, 0, "−100"), (0.5004, 3, "+0.500")),
        *((0.004, 2, "0.00"), (-0.004, 2, "0.00"), (-0.3, 0, "0"), (0.3, 0, "0"), (-0.0, 0, "0"), (0.0, 3, "0.000")),
    ],
)
def test_a_difference_has_a_sign_where_something_is_left_of_it(value: float, decimals: int, words: str) -> None:
    assert signed(value, decimals) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        *((0.0, "0 %"), (0.004, "< 1 %"), (0.006, "1 %"), (0.5, "50 %")),
        *((0.994, "99 %"), (0.996, "> 99 %"), (1 - 1e-6, "> 99 %"), (1.0, "100 %")),
        *((1 - 1e-15, "100 %"), (1e-15, "0 %")),
    ],
)
def test_all_and_none_are_said_of_all_and_none_alone(share: float, words: str) -> None:
    assert percent(share) == words


def test_a_share_may_be_kept_on_one_line() -> None:
    assert percent(0.999, "\u00a0") == ">\u00a099\u00a0%"


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        *((16, 5, "3.2 : 1"), (5, 4, "1.3 : 1"), (7, 7, "1.0 : 1"), (5, 16, "1 : 3.2"), (1, 48, "1 : 48.0")),
        *((12_000, 1, "12,000.0 : 1"), (22, 0, "22 : 0"), (0, 1_500, "0 : 1,500"), (0, 0, "0 : 0")),
    ],
)
def test_the_lesser_of_two_counts_is_1(one: int, other: int, words: str) -> None:
    assert ratio(one, other) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 reviews"),
        (1, "1 review"),
        (2, "2 reviews"),
        (1204, "1,204 reviews"),
        (1.0, "1 review"),
        (0.5, "0.5 reviews"),
    ],
)
def test_a_noun_agrees_with_its_count(count: float, words: str) -> None:
    assert counted(count, "review") == words


def test_a_noun_with_a_plural_of_its_own_and_a_verb_agree_too() -> None:
    assert [counted(count, "reply", "replies") for count in (1, 3)] == ["1 reply", "3 replies"]
    assert [noun_of(count, "was", "were") for count in (0, 1, 2)] == ["were", "was", "were"]


@pytest.mark.parametrize(("count", "words"), [(0, "0"), (999, "999"), (1_000, "1,000+"), (1_001, "1,000+")])
def test_a_count_that_reached_its_bound_says_so(count, words):
    assert up_to(min(count, 1_000), 1_000) == words
