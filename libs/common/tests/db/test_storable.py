import pytest

from plaudit.common.db.storable import MAX_ERROR_CHARS, reason_of, storable


@pytest.mark.parametrize(
    ("text", "stored"), [("Straße 🙂", "Straße 🙂"), ("a\0b", "a␀b"), ("a\ud800b\udfff", "a?b?"), ("", "")]
)
def test_a_text_is_stored_with_signs_for_what_the_database_does_not_take(text, stored):
    assert storable(text) == stored


def test_the_reason_of_an_error_names_it_and_is_cut():
    assert reason_of(ValueError("no such rule: \0")) == "ValueError: no such rule: ␀"
    assert len(reason_of(ValueError("x" * 1_000))) == MAX_ERROR_CHARS
