"""Which network a request comes from."""

from ipaddress import ip_network

import pytest
from starlette.requests import Request

from plaudit.common.http.client_address import MAX_FORWARDED_ADDRESSES, client_address, network_of, parse_address

KEY = b"k" * 32
PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


def _request(peer: str, *forwarded: str, **others: str) -> Request:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded if line]
    headers += [(name.encode(), value.encode()) for name, value in others.items()]
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


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        (" 198.51.100.7\t", "198.51.100.7"),
        ("198.51.100.7:40001", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("2001:DB8::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("[2001:db8::7]:443", "2001:db8::7"),
        ('"[2001:db8::7]:443"', "2001:db8::7"),
        ('"198.51.100.7:443"', "198.51.100.7"),
        ("fe80::7%eth0", "fe80::7"),
        ("[fe80::7%25eth0]:443", "fe80::7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("[::ffff:198.51.100.7]:443", "198.51.100.7"),
    ],
)
def test_every_form_of_an_address_is_read(text: str, address: str) -> None:
    assert str(parse_address(text)) == address


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "unknown",
            "_hidden",
            "example.com",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3.4:",
            "1.2.3.4:x",
        ),
        *("1.2.3.4:123456", "[1.2.3.4]", "[]", "[2001:db8::7", "2001:db8::7]", "[2001:db8::7]443", "[2001:db8::7]:"),
        *('"1.2.3.4', '1.2.3.4"', "for=1.2.3.4", "1.2.3.4 5.6.7.8", "1.2.3.4\x01", "٣.1.1.1", "%eth0", "fe80::7%"),
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


def test_several_lines_of_the_header_are_one_list() -> None:
    request = _request("10.0.0.1", "198.51.100.1", "198.51.100.2, 10.0.0.3", "10.0.0.2:5000")
    assert str(client_address(request, PROXIES)) == "198.51.100.2"


def test_empty_elements_of_the_list_are_skipped() -> None:
    assert _network("10.0.0.1", "198.51.100.5, , 10.0.0.2,") == _network("198.51.100.5")


def test_the_header_forwarded_says_nothing() -> None:
    assert str(client_address(_request("10.0.0.1", forwarded="for=198.51.100.5"), PROXIES)) == "10.0.0.1"


def test_visitors_behind_a_proxy_that_writes_ports_do_not_share_one_network() -> None:
    networks = {_network("10.0.0.1", f"198.51.{n}.7:{40_000 + n}") for n in range(34)}
    assert networks == {_network(f"198.51.{n}.7") for n in range(34)}
    assert len(networks) == 34


def test_a_header_of_commas_costs_no_more_than_a_short_one() -> None:
    hops = ",".join(["10.0.0.2"] * (MAX_FORWARDED_ADDRESSES - 1))
    assert (
        str(client_address(_request("10.0.0.1", f"{'1.1.1.1,' * 4000}198.51.100.9,{hops}"), PROXIES)) == "198.51.100.9"
    )
