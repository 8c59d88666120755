from uuid import UUID

import pytest

from plaudit.common.people.naming import person_id

PERSON = UUID("01956d00-0000-7000-8000-000000000001")


def test_an_actor_who_is_a_person_has_the_id_of_an_account():
    assert person_id(f"person:{PERSON}") == PERSON


@pytest.mark.parametrize("actor", ["key:abc", "system", "renewal", "", "person:ben", "person:", f"key:{PERSON}"])
def test_whoever_is_no_person_has_no_account(actor):
    assert person_id(actor) is None
