"""Which network a request comes from."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from plaudit.common.http.client_address import network_of

KEY = b"k" * 32
PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def _request(peer: str, forwarded: str = "") -> Request:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    return Request({"type": "http", "headers": headers, "client": (peer, 1) if peer else None})


def _network(peer: str, forwarded: str = "", proxies=PROXIES) -> bytes:
    return network_of(_request(peer, forwarded), proxies, KEY)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.1", "203.0.113.250", True),
        ("203.0.113.1", "203.0.114.1", False),
        ("2001:db8:1:2::3", "2001:db8:1:ffff::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("::ffff:203.0.113.1", "203.0.113.9", True),
        ("", "no address", True),
    ],
)
def test_neighbours_are_one_network(one: str, other: str, same: bool) -> None:
    assert (_network(one) == _network(other)) is same


@pytest.mark.parametrize(
    ("peer", "forwarded", "counts_as"),
    [
        ("10.0.0.1", "198.51.100.5", "198.51.100.5"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.5, 10.0.0.9", "198.51.100.5"),
        ("203.0.113.1", "198.51.100.5", "203.0.113.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_only_our_own_proxies_are_believed_about_whom_they_forward_for(
    peer: str, forwarded: str, counts_as: str
) -> None:
    assert _network(peer, forwarded) == _network(counts_as)


def test_a_visitor_cannot_choose_their_network_by_a_long_header() -> None:
    forwarded = ", ".join(["198.51.100.5"] + ["10.0.0.2"] * 50)
    assert _network("10.0.0.1", forwarded) == _network("10.0.0.1")


def test_a_network_is_another_word_for_another_tenant() -> None:
    request = _request("203.0.113.1")
    assert network_of(request, (), b"a") != network_of(request, (), b"b")
