import hashlib
import hmac
import re
import unicodedata
from functools import partial
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plaudit.common.mailbox import ADDRESS_PATTERN, MAX_CHARS
from plaudit.common.person_keys import person_key
from plaudit.feedback_board.requests.domain.errors import InvalidInputError
from plaudit.feedback_board.visitors.domain import visitor as domain

KEY = b"k" * 32


@pytest.mark.parametrize(
    "spelling",
    [
        *("anna@café.example", " Anna@CAFÉ.example ", "anna@cafe\u0301.example", "anna@xn--caf-dma.example"),
        *("anna@café.example.", "Anna <anna@café.example>", "mailto:anna@café.example", "anna@café.example\u200b"),
    ],
)
def test_an_address_in_any_spelling_is_one_person(spelling: str) -> None:
    expected = hmac.new(KEY, "anna@café.example".encode(), hashlib.sha256).hexdigest()
    assert domain.person_at(KEY, spelling) == person_key(KEY, spelling) == expected


def test_the_same_address_is_another_person_for_another_tenant() -> None:
    assert person_key(b"a" * 32, "anna@example.com") != person_key(b"b" * 32, "anna@example.com")


@given(st.uuids())
def test_a_cookie_that_we_signed_is_known_again(visitor_id: UUID) -> None:
    assert domain.read_visitor(KEY, domain.sign_visitor(KEY, visitor_id)) == domain.Visitor(visitor_id)


def test_a_cookie_of_another_tenant_is_not_known() -> None:
    assert domain.read_visitor(KEY, domain.sign_visitor(b"x" * 32, uuid4())) is None


@pytest.mark.parametrize("cookie", ["", ".", "x.y", "0" * 32, "0" * 32 + ".", f"{UUID(int=1).hex}.{'0' * 64}", "é.é"])
def test_a_cookie_that_someone_made_up_is_not_known(cookie: str) -> None:
    assert domain.read_visitor(KEY, cookie) is None


def test_a_cookie_with_another_visitor_in_it_is_not_known() -> None:
    tag = domain.sign_visitor(KEY, uuid4()).partition(".")[2]
    assert domain.read_visitor(KEY, f"{uuid4().hex}.{tag}") is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "anna@localhost",
        "a b@example.com",
        "x" * 250 + "@a.de",
        "a\ud800@b.de",
        "\u200b@b.de",
        "a@b.de, c@d.de",
        "a@b..de",
        "a\x07@b.de",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInputError):
        domain.person_at(KEY, address)


@given(st.from_regex(ADDRESS_PATTERN).map(partial(unicodedata.normalize, "NFC")))
def test_an_address_that_the_document_takes_is_taken(address: str) -> None:
    assume(re.search(ADDRESS_PATTERN, address) and len(address) <= MAX_CHARS)
    assert len(domain.person_at(KEY, address)) == 64


def _old_cookie(visitor_id: UUID, key: bytes = KEY) -> str:
    """A cookie as it was signed formerly, written down once more by hand."""
    tag = hmac.new(key, b"board visitor:" + visitor_id.bytes, hashlib.sha256).hexdigest()
    return f"{visitor_id.hex}.{tag}"


@given(st.uuids())
def test_a_cookie_that_was_signed_formerly_is_known_as_an_old_one(visitor_id: UUID) -> None:
    assert domain.read_visitor(KEY, _old_cookie(visitor_id)) == domain.Visitor(visitor_id, cookie_is_old=True)


def test_an_old_cookie_counts_under_its_own_key_only() -> None:
    assert domain.read_visitor(KEY, _old_cookie(uuid4(), b"x" * 32)) is None
