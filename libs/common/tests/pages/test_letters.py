"""How much room letters take."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.pages.letters import fitting, width_of


@given(st.text(max_size=60), st.floats(20, 400), st.booleans(), st.floats(8, 30))
def test_what_is_fitted_takes_no_more_than_its_room_and_is_the_beginning(
    words: str, room: float, is_bold: bool, pixels: float
) -> None:
    found = fitting(words, room, is_bold=is_bold, pixels=pixels)

    ellipsis = width_of("…", is_bold=is_bold, pixels=pixels)
    assert width_of(found, is_bold=is_bold, pixels=pixels) <= max(room, ellipsis)
    assert found == words or words.startswith(found.removesuffix("…"))


@given(st.text(max_size=30))
def test_words_that_fit_stay_as_they_are(words: str) -> None:
    assert fitting(words, width_of(words)) == words


@pytest.mark.parametrize("wide", ["W", "日", "🙀", "Ш"])
def test_wide_letters_take_more_room_than_others(wide: str) -> None:
    assert width_of(wide) > width_of("n") > width_of("i")
    assert width_of(unicodedata.normalize("NFD", "é")) == width_of("e")


def test_a_letter_of_several_code_points_is_not_cut() -> None:
    family = "👩‍👩‍👧‍👦"

    assert fitting(f"a{family}{family}", width_of(f"a{family}…") + 1) == f"a{family}…"
    assert fitting(f"a{family}{family}", width_of(f"a{family[:3]}…")) == "a…"
