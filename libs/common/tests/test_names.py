import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.names import MAX_NAME_CHARS, checked_name, did_you_mean, nearest, shown
from plaudit.common.refusals import WrongInputError


@pytest.mark.parametrize(
    "name", ["Acme", "Zürich & Söhne", "株式会社", "a b", "👩‍🚀 crew", "نام‌خانوادگی", "x" * MAX_NAME_CHARS]
)
def test_a_name_in_any_language_is_kept_without_the_spaces_around_it(name: str) -> None:
    assert checked_name(f" {name}\n") == name


@given(st.text(max_size=300))
def test_a_name_that_is_accepted_is_one_printable_line(name: str) -> None:
    try:
        accepted = checked_name(name)
    except WrongInputError:
        return
    assert len(accepted.splitlines()) == 1
    assert checked_name(accepted) == accepted
    accepted.encode()


@pytest.mark.parametrize("name", ["a\x00b", "a\tb", "a\x1b[2Jb", "a\ud800b", "a\u2028b", "a\u202eb"])
def test_a_name_that_a_terminal_or_a_page_could_not_show_is_refused(name: str) -> None:
    with pytest.raises(WrongInputError, match="cannot be printed"):
        checked_name(name)


@pytest.mark.parametrize("name", ["\u200b", "\u00ad", "\u3164", "\u2800\u2060", "\ufe0f", "\u0301", "\u200d \u200e"])
def test_a_name_of_which_nothing_can_be_seen_is_refused(name: str) -> None:
    with pytest.raises(WrongInputError, match="nothing that can be seen"):
        checked_name(name)


def test_the_nearest_known_word_is_named() -> None:
    known = ["clocks:read", "alerts:read", "board:write"]
    assert nearest("clock:read", known)[0] == "clocks:read"
    assert did_you_mean("BOARD:WRITE", known) == "; did you mean 'board:write'?"
    assert did_you_mean("nothing", known) == ""


def test_what_was_typed_is_quoted_escaped_and_cut() -> None:
    assert shown("a\x1b[31m") == r"'a\x1b[31m'"
    assert len(shown("x" * 10_000)) < 100
