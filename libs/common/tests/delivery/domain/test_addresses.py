"""Which addresses are connected to: public ones, and what the installation names."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.delivery.domain.addresses import (
    DeniedAddressError,
    InvalidUrlError,
    checked_addresses,
    target_of,
    why_denied,
)

DENIED = [
    *("127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.88.99.1"),
    *("198.18.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "::8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::"),
    *("2001:0:53aa:64c::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1"),
    *("4000::1", "100::1", "3fff::1", "5f00::1", "not an address", ""),
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:830::200e", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", DENIED)
def test_an_address_that_is_not_public_is_denied(address):
    assert why_denied(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not_denied(address):
    assert why_denied(address) == ""


@given(st.ip_addresses(v=4))
def test_of_ipv4_exactly_the_global_unicast_addresses_may_be_connected_to(address: IPv4Address):
    if why_denied(str(address)) == "":
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_private
        assert not address.is_reserved


@given(st.ip_addresses(v=6))
def test_of_ipv6_none_outside_global_unicast_may_be_connected_to(address: IPv6Address):
    if why_denied(str(address)) == "":
        assert address in ip_network("2000::/3") or address.ipv4_mapped is not None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_in_ipv6_is_judged_as_it_is_or_denied(address: IPv4Address):
    mapped = why_denied(str(IPv6Address(f"::ffff:{address}")))
    assert mapped == why_denied(str(address))
    for prefix in ("64:ff9b::", "2002:", "::"):
        embedded = f"{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
        text = f"2002:{embedded}::" if prefix == "2002:" else f"{prefix}{embedded}"
        assert why_denied(str(IPv6Address(text)))


def test_a_private_network_is_connected_to_where_the_installation_names_it():
    allowed = [ip_network("10.20.0.0/16"), ip_network("::1/128"), ip_network("127.0.0.1/32")]
    assert why_denied("10.20.3.4", allowed) == ""
    assert why_denied("::ffff:10.20.3.4", allowed) == ""
    assert why_denied("127.0.0.1", allowed) == ""
    assert why_denied("::1", allowed) == ""
    assert why_denied("10.21.3.4", allowed)


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe", "0.0.0.0"])
def test_metadata_and_link_local_are_denied_whatever_the_installation_names(address):
    assert why_denied(address, [ip_network("0.0.0.0/0"), ip_network("::/0")])


def test_one_denied_address_among_several_denies_the_name():
    with pytest.raises(DeniedAddressError, match="loopback"):
        checked_addresses(["8.8.8.8", "127.0.0.1"])
    with pytest.raises(DeniedAddressError, match="no address"):
        checked_addresses([])
    assert checked_addresses(["8.8.8.8", "1.1.1.1"]) == ["8.8.8.8", "1.1.1.1"]


def test_an_address_is_taken_apart_and_what_may_be_shown_of_it_hides_its_path():
    target = target_of("https://hooks.example.com/services/T0/secret?a=b", (443,))
    assert (target.host, target.port, target.path) == ("hooks.example.com", 443, "/services/T0/secret?a=b")
    assert target.origin == "https://hooks.example.com"
    assert target_of("http://[::1]:8080", (8080,)).origin == "http://[::1]:8080"


NO_HOSTS = [
    *("x..example", ".x.example", "x.example..", ".", f"{'x' * 64}.example", "-x.example", "x-.example"),
    *("*.example", "a,b", "'x'", "x%2eexample", "[v1.x]", "[fe80::1%25eth0]", "[2606:4700::1111%25]"),
]
"""No name service has them: looking some of them up raises what is no error of a network."""


@pytest.mark.parametrize("host", ["x.example.", "x_y.example", "xn--caf-dma.example", "8.8.8.8", "[2606:4700::1111]"])
def test_a_host_is_a_name_or_an_address(host):
    assert target_of(f"https://{host}/", (443,)).origin == f"https://{host}"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com", "https://"),
        ("https://", "host"),
        ("//example.com", "https://"),
        ("https://user:pw@example.com", "user name"),
        ("https://example.com@evil.example", "user name"),
        ("https://example.com/#x", "after #"),
        ("https://example.com:22", "port 22"),
        ("https://example.com:99999", "no address"),
        ("https://exa mple.com", "blanks"),
        ("https://example.com\\@evil.example", "backslashes"),
        ("https://example.com\r\nHost: x", "blanks"),
        ("https://münchen.example", "ASCII"),
        ("https://[::1", "no address"),
        ("https://example.com/" + "x" * 2_000, "characters"),
        (f"https://{'x' * 254}/", "host has"),
        *((f"https://{host}/", "a host is a name") for host in NO_HOSTS),
    ],
)
def test_a_text_that_is_no_address_of_an_endpoint_says_what_one_is(url, words):
    with pytest.raises(InvalidUrlError, match=words):
        target_of(url, (443,))
