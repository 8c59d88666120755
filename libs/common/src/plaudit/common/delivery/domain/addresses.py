"""Which addresses of the network Plaudit connects to when a tenant names an endpoint: public ones alone.

Every address that a name resolves to is checked, and the connection is made to one that was checked. What stands inside
an address (IPv4 in IPv6) is checked as well. Sources: the IANA special-purpose registries for IPv4 and IPv6, RFC 6890.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_URL_CHARS: Final = 2_000
MAX_HOST_CHARS: Final = 253
SCHEMES: Final = {"https": 443, "http": 80}
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
"""Of a host's name. There are names with underscores that servers answer to."""

_NEVER: Final = {
    ip_network("169.254.0.0/16"): "link-local, where clouds keep their metadata",
    ip_network("168.63.129.16/32"): "the metadata service of a cloud",
    ip_network("100.100.100.200/32"): "the metadata service of a cloud",
    ip_network("192.0.0.192/32"): "the metadata service of a cloud",
    ip_network("fd00:ec2::254/128"): "the metadata service of a cloud",
    ip_network("fd20:ce::254/128"): "the metadata service of a cloud",
    ip_network("fe80::/10"): "link-local",
    ip_network("224.0.0.0/4"): "multicast",
    ip_network("ff00::/8"): "multicast",
    ip_network("255.255.255.255/32"): "broadcast",
    ip_network("0.0.0.0/8"): "this network",
    ip_network("::/128"): "unspecified",
    ip_network("::/96"): "an old form of IPv4 in IPv6",
    ip_network("64:ff9b::/96"): "NAT64, which leads to any IPv4 address",
    ip_network("64:ff9b:1::/48"): "NAT64, which leads to any IPv4 address",
    ip_network("2001::/32"): "Teredo, which leads to any IPv4 address",
    ip_network("2002::/16"): "6to4, which leads to any IPv4 address",
    ip_network("192.88.99.0/24"): "6to4",
}
"""Denied whatever the settings allow. Loopback, `::1`, is not among them: a company may name it."""
_PRIVATE: Final = {
    ip_network("127.0.0.0/8"): "loopback",
    ip_network("::1/128"): "loopback",
    ip_network("10.0.0.0/8"): "private",
    ip_network("172.16.0.0/12"): "private",
    ip_network("192.168.0.0/16"): "private",
    ip_network("fc00::/7"): "private",
    ip_network("fec0::/10"): "site-local",
    ip_network("100.64.0.0/10"): "shared by a carrier's customers",
    ip_network("192.0.0.0/24"): "for protocols",
    ip_network("192.0.2.0/24"): "for documentation",
    ip_network("198.18.0.0/15"): "for benchmarks",
    ip_network("198.51.100.0/24"): "for documentation",
    ip_network("203.0.113.0/24"): "for documentation",
    ip_network("240.0.0.0/4"): "reserved",
    ip_network("100::/64"): "for discarding",
    ip_network("2001:2::/48"): "for benchmarks",
    ip_network("2001:db8::/32"): "for documentation",
    ip_network("2001:10::/28"): "for protocols",
    ip_network("2001:20::/28"): "for protocols",
    ip_network("3fff::/20"): "for documentation",
    ip_network("5f00::/16"): "for segment routing",
}
"""Denied unless the installation names their network."""
_GLOBAL_V6: Final = ip_network("2000::/3")


class DeniedAddressError(ValueError):
    """An address that is not connected to; the text says why and not what it is."""


class InvalidUrlError(ValueError):
    """A text that is no address of an endpoint; it says what one has to be."""


class Target(msgspec.Struct, frozen=True):
    """Where an endpoint's address leads."""

    scheme: str
    host: str
    port: int
    path: str
    """With its query; begins with a slash."""

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be shown of an address that is a secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == SCHEMES[self.scheme] else f":{self.port}")


def why_denied(text: str, allowed: Iterable[Network] = ()) -> str:
    """Return why an address is not connected to; empty where it may be.

    Args:
        text: an address of IPv4 or IPv6, as a resolver gives it.
        allowed: private networks that the installation names for its own endpoints.
    """
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return "no address of a network"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    never = _found(address, _NEVER)
    if never and address != ip_address("::1"):
        return never
    if any(address.version == network.version and address in network for network in allowed):
        return ""
    return _found(address, _PRIVATE) or _otherwise(address)


def checked_addresses(found: Sequence[str], allowed: Iterable[Network] = ()) -> list[str]:
    """Return addresses that a name resolves to, when each may be connected to.

    Raises:
        DeniedAddressError: one of them may not, or there is none.
    """
    if not found:
        raise DeniedAddressError("its name leads to no address")
    for each in found:
        if reason := why_denied(each, allowed):
            raise DeniedAddressError(f"its name leads to an address that is not public ({reason})")
    return list(found)


NO_PLAIN_HTTP: Final = "its address begins with http://, which this installation does not allow"


def target_of(url: str, ports: Sequence[int], *, plain_http: bool = True) -> Target:
    """Return where an endpoint's address leads, without asking any server.

    Args:
        url: the address as a person gives it.
        ports: those that may be connected to.
        plain_http: whether it may begin with http://.

    Raises:
        InvalidUrlError: it is no absolute address of https or http with a host and an allowed port.
    """
    if len(url) > MAX_URL_CHARS:
        raise InvalidUrlError(f"an address has at most {MAX_URL_CHARS:,} characters")
    if not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise InvalidUrlError("an address has no blanks, no backslashes and only ASCII letters; write others encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidUrlError("this is no address such as https://hooks.example.com/plaudit") from error
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise InvalidUrlError("an address begins with https:// and a host")
    _check_scheme(parts.scheme, plain_http=plain_http)
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise InvalidUrlError("an address holds no user name and no password")
    if parts.fragment:
        raise InvalidUrlError("an address has no part after #")
    if len(parts.hostname) > MAX_HOST_CHARS:
        raise InvalidUrlError(f"a host has at most {MAX_HOST_CHARS} characters")
    if not _is_host(parts.hostname, is_in_brackets="[" in parts.netloc):
        raise InvalidUrlError(
            "a host is a name such as hooks.example.com, of parts of 1 to 63 letters, digits and hyphens, or an "
            "address of IPv4 or IPv6 without a zone"
        )
    port = SCHEMES[parts.scheme] if port is None else port
    if port not in ports:
        named = ", ".join(map(str, ports))
        raise InvalidUrlError(f"the port {port} is not among those that may be connected to: {named}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port, path)


def _check_scheme(scheme: str, *, plain_http: bool) -> None:
    if scheme == "http" and not plain_http:
        raise InvalidUrlError(NO_PLAIN_HTTP)


def _is_host(text: str, *, is_in_brackets: bool) -> bool:
    if not is_in_brackets:
        return all(map(_LABEL.fullmatch, text.removesuffix(".").split(".")))
    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False


def _found(address: Address, networks: dict[Network, str]) -> str:
    for network, words in networks.items():
        if address.version == network.version and address in network:
            return words
    return ""


def _otherwise(address: Address) -> str:
    """Return why an address outside the lists is denied: what is not global is not public."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return "reserved"
    return "" if address.is_global else "not public"
