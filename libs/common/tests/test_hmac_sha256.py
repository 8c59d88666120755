"""HMAC-SHA256 beside the standard library's."""

import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plaudit.common.hmac_sha256 import _begun, hmac_sha256


@given(key=st.binary(max_size=200), messages=st.lists(st.binary(max_size=300), min_size=1, max_size=3))
@example(key=b"k" * 64, messages=[b"", b""])
@example(key=b"k" * 65, messages=[b"x" * 64, b"x" * 65])
def test_each_message_has_the_mac_of_the_standard_library(key, messages):
    for message in messages:
        assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


# RFC 4231, test cases 1, 2 and 6.
@pytest.mark.parametrize(
    ("key", "message", "mac"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
)
def test_the_published_vectors_hold(key, message, mac):
    assert hmac_sha256(key, message).hex() == mac


def test_a_key_is_prepared_once():
    key = bytes(range(32))
    hmac_sha256(key, b"first")
    misses = _begun.cache_info().misses
    hmac_sha256(key, b"second")
    assert _begun.cache_info().misses == misses
