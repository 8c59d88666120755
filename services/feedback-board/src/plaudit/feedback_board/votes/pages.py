"""Who a visitor is, and which network a request is from."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from plaudit.feedback_board.domain.people import read_visitor, sign_visitor

Network = IPv4Network | IPv6Network

IPV4_NETWORK_BITS: Final = 24
IPV6_NETWORK_BITS: Final = 48
NETWORK_HASH_BYTES: Final = 16
COOKIE_AGE_SECONDS: Final = 400 * 86_400
"""As long as browsers keep one."""
MAX_FORWARDED_ADDRESSES: Final = 20


def visitor_of(request: Request, tenant: str, tenant_key: bytes) -> UUID | None:
    """Return who the cookie says this visitor is, or None without one that we signed."""
    cookie = request.cookies.get(cookie_name(tenant))
    return None if cookie is None else read_visitor(tenant_key, cookie)


def remember(response: Response, tenant: str, tenant_key: bytes, visitor_id: UUID, *, secure: bool) -> None:
    """Give a visitor a cookie: made only by someone who votes or wishes, never by someone who looks."""
    response.set_cookie(
        cookie_name(tenant),
        sign_visitor(tenant_key, visitor_id),
        max_age=COOKIE_AGE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=secure,
        path="/",
    )


def cookie_name(tenant: str) -> str:
    """Return the name of a board's cookie; each tenant has its own, so that nobody is followed from one to another."""
    return f"plaudit_visitor_{tenant}"


def network_of(request: Request, trusted_proxies: Sequence[Network], tenant_key: bytes) -> bytes:
    """Return a keyed hash of the network a request is from: the /24 of an IPv4 address, the /48 of an IPv6 one.

    An address in X-Forwarded-For counts where everyone after it in the chain is a proxy that we trust.
    """
    address = _address(request.client.host if request.client else "", request.headers, trusted_proxies)
    return hmac.new(tenant_key, f"network:{_network(address)}".encode(), sha256).digest()[:NETWORK_HASH_BYTES]


def _address(
    peer: str, headers: Mapping[str, str], trusted_proxies: Sequence[Network]
) -> IPv4Address | IPv6Address | None:
    forwarded = headers.get("x-forwarded-for", "").split(",")[-MAX_FORWARDED_ADDRESSES:]
    last: IPv4Address | IPv6Address | None = None
    for text in (peer, *reversed(forwarded)):
        address = _parse(text)
        if address is None:
            return last
        last = address
        if not _within(address, trusted_proxies):
            return last
    return last


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _network(address: IPv4Address | IPv6Address | None) -> str:
    if address is None:
        return "unknown"
    bits = IPV4_NETWORK_BITS if address.version == 4 else IPV6_NETWORK_BITS
    return str(ip_network(f"{address}/{bits}", strict=False))
