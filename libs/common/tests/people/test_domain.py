import pytest

from plaudit.common.people.domain import (
    ROLE_SCOPES,
    InvalidPersonError,
    Role,
    checked_name,
    checked_role,
    normalised_email,
)


def test_each_role_may_do_what_the_one_before_it_may() -> None:
    assert list(ROLE_SCOPES) == [Role.VIEWER, Role.RESPONDER, Role.ADMIN]
    assert ROLE_SCOPES[Role.VIEWER] < ROLE_SCOPES[Role.RESPONDER]
    assert ROLE_SCOPES[Role.ADMIN] == {"*"}


def test_a_viewer_changes_nothing() -> None:
    assert all(scope.endswith(":read") for scope in ROLE_SCOPES[Role.VIEWER])


def test_an_unknown_role_is_told_with_those_that_there_are() -> None:
    assert checked_role(" Admin") is Role.ADMIN
    with pytest.raises(InvalidPersonError, match="viewer, responder, admin"):
        checked_role("boss")


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a" * 101, "Ada\u202egnik", "Ada\ue000"])
def test_a_name_that_cannot_be_shown_is_refused(name: str) -> None:
    with pytest.raises(InvalidPersonError):
        checked_name(name)


def test_an_address_is_the_same_in_large_letters() -> None:
    assert normalised_email(" Ada.King+Work@Example.COM ") == "ada.king+work@example.com"


@pytest.mark.parametrize(
    "email", ["\N{KELVIN SIGN}im@example.com", "ada@\N{LATIN SMALL LETTER DOTLESS I}.example", "", "@"]
)
def test_an_address_with_a_letter_that_only_resembles_an_ascii_one_is_refused(email: str) -> None:
    with pytest.raises(InvalidPersonError):
        normalised_email(email)


@pytest.mark.parametrize("email", ["(work)ada@example.com", "ada(work)@example.com", "ada@(work)example.com"])
def test_one_mailbox_has_one_address(email: str) -> None:
    with pytest.raises(InvalidPersonError, match="not one e-mail address"):
        normalised_email(email)


@pytest.mark.parametrize("email", ["o'hara@example.com", '"a,b"@example.com', "ada@[127.0.0.1]", "ada@xn--a-ecp.org"])
def test_an_unusual_address_is_kept(email: str) -> None:
    assert normalised_email(email) == email
