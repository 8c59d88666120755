import pytest

from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.votes import domain


@pytest.mark.parametrize("person", ["native:c-4711", "a" * 64, "trustpilot:507f191e810c19729de860ea"])
def test_a_person_key_is_taken(person: str) -> None:
    assert domain.clean_person_key(person) == person


@pytest.mark.parametrize(
    "person", ["", "anna@example.com", "mastodon:@anna", "two words", "x" * 201, "zoë", "tab\t", "nul\x00"]
)
def test_an_address_or_a_bad_key_is_no_person_key(person: str) -> None:
    with pytest.raises(InvalidInputError):
        domain.clean_person_key(person)
