"""What is wrong with words that were typed."""

import pytest

from plaudit.common.pages.fields import missing, too_long


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b", "\u0301", "\u2060\u00ad"])
def test_words_that_nobody_can_see_are_missing(nothing: str) -> None:
    assert missing(nothing, 10) == "Write why, in a few words for your team."


def test_as_many_characters_as_may_be_are_right_and_one_more_is_too_many() -> None:
    assert missing("a" * 1000, 1000) == too_long("", 1000) == ""
    assert missing("a" * 1001, 1000) == too_long("a" * 1001, 1000) == "It has at most 1,000 characters."
