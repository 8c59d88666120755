"""Which network a request comes from, through our own proxies, as a keyed hash: no address is stored."""

import hmac
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

    An address in X-Forwarded-For counts where everyone after it in the chain is a trusted proxy.
    """
    peer = request.client.host if request.client else ""
    forwarded = request.headers.get("x-forwarded-for", "").split(",")[-MAX_FORWARDED_ADDRESSES:]
    last: Address | None = None
    for text in (peer, *reversed(forwarded)):
        address = _parse(text)
        if address is None:
            return last
        last = address
        if not _is_within(address, trusted_proxies):
            return last
    return last


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _network(address: Address | None) -> str:
    if address is None:
        return "unknown"
    bits = IPV4_NETWORK_BITS if address.version == 4 else IPV6_NETWORK_BITS
    return str(ip_network(f"{address}/{bits}", strict=False))
