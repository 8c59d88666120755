"""Which network a request comes from, through our own proxies, as a keyed hash: no address is stored."""

import hmac
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.requests import Request

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

IPV4_NETWORK_BITS: Final = 24
IPV6_NETWORK_BITS: Final = 48
NETWORK_HASH_BYTES: Final = 16
MAX_FORWARDED_ADDRESSES: Final = 20

_FORM: Final = re.compile(
    r"""(?P<quote>"?)(?:
        \[(?P<bracketed>[^\[\]]+)\](?::[0-9]{1,5})?
        |(?P<v4>[0-9.]+):[0-9]{1,5}
        |(?P<bare>[0-9A-Fa-f:.]+(?:%[^"\[\]]+)?)
    )(?P=quote)""",
    re.VERBOSE | re.ASCII,
)


def network_of(request: Request, trusted_proxies: Sequence[Network], key: bytes) -> bytes:
    """Return a keyed hash of the network that a request comes from: the /24 of an IPv4 address, the /48 of an IPv6 one.

    Args:
        request: whose client it is.
        trusted_proxies: networks of our own proxies, see `client_address`.
        key: of the hash, for example the tenant's.
    """
    network = _network(client_address(request, trusted_proxies))
    return hmac.new(key, f"network:{network}".encode(), sha256).digest()[:NETWORK_HASH_BYTES]


def client_address(request: Request, trusted_proxies: Sequence[Network]) -> Address | None:
    """Return the address of the client, None when it is not known.

    An address in X-Forwarded-For counts where everyone after it in the chain is a trusted proxy. The header may come in
    several lines, which are one list. `Forwarded` (RFC 7239) is not read: of two headers that tell the same, a proxy
    that knows only one would pass on the other as the client wrote it.
    """
    peer = request.client.host if request.client else ""
    return address_behind(peer, ",".join(request.headers.getlist("x-forwarded-for")), trusted_proxies)


def address_behind(peer: str, forwarded: str, trusted_proxies: Sequence[Network]) -> Address | None:
    """Return the address of a client by the other end of its connection and the lines of X-Forwarded-For, joined.

    See `client_address`.
    """
    last: Address | None = None
    for text in (peer, *_last_first(forwarded)):
        address = parse_address(text)
        if address is None:
            return last
        last = address
        if not is_within(address, trusted_proxies):
            return last
    return last


def parse_address(text: str) -> Address | None:
    """Return the address in what a proxy writes about a client, None when there is none.

    Ports, brackets, zones and quotes are left out: `198.51.100.7:4711`, `[2001:db8::1]`, `"[2001:db8::1]:4711"`,
    `fe80::1%eth0`. An IPv4 address inside an IPv6 one counts as the IPv4 address.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        return None
    host = form["bracketed"] or form["v4"] or form["bare"]
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address if form["bracketed"] is None else None
    return address.ipv4_mapped or address


def _last_first(forwarded: str) -> list[str]:
    """Return the last elements of a list, the last one first; empty ones are no elements (RFC 9110, 5.6.1)."""
    elements = forwarded.rsplit(",", MAX_FORWARDED_ADDRESSES)[-MAX_FORWARDED_ADDRESSES:]
    return [element for element in reversed(elements) if element.strip()]


def is_within(address: Address, networks: Iterable[Network]) -> bool:
    """Say whether an address lies in one of the networks."""
    return any(address in network for network in networks)


def _network(address: Address | None) -> str:
    if address is None:
        return "unknown"
    bits = IPV4_NETWORK_BITS if address.version == 4 else IPV6_NETWORK_BITS
    return str(ip_network(f"{address}/{bits}", strict=False))
