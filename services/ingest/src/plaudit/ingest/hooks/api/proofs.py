"""Where a delivery is proven: by its signature, or by the secret token in the address."""

import re
import secrets
from typing import Final

from plaudit.common.http import Problem
from plaudit.common.http.client_address import Network, address_behind, is_within
from plaudit.common.http.direct import DirectRequest
from plaudit.common.http.problems import unavailable
from plaudit.ingest.hooks.api.source_cache import CachedSource
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.proofs import NotProvenError, PathToken, StandardWebhooks

UNOPENED_RETRY_SECONDS: Final = 60
"""After which a delivery may come again where the secret cannot be decrypted: a person has to act first."""
_NOBODYS_KEYS: Final = (secrets.token_bytes(32),)
_UNSIGNED: Final = PathToken()
_SIGNED: Final = StandardWebhooks()
_KNOWN_HEADERS: Final = frozenset(name for adapter in ADAPTERS.values() for name in adapter.proof.headers)
_LIKE_A_SIGNATURE: Final = re.compile(rb"[a-z0-9-]{0,48}(?:signature|hmac)[a-z0-9-]{0,48}")
"""Of a header that some other scheme signs with: whoever reads its name knows which one was set up."""
MAX_SEEN_HEADERS: Final = 20


def prove(
    cached: CachedSource | None, request: DirectRequest, now: float, trusted_proxies: tuple[Network, ...] = ()
) -> tuple[CachedSource, str | None]:
    """Return the source of a delivery, and the sender's own id of it; None where the platform sends none.

    A delivery to a source that is none is checked too, with a key that nobody has: it costs the same time and gets the
    same answer as one whose signature is wrong.

    Args:
        cached: the source that the address names, None if there is none.
        request: the delivery.
        now: Unix seconds, which a signed timestamp must be near.
        trusted_proxies: networks of our own proxies, see `client_address`.

    Raises:
        NotProvenError: the delivery is not proven, and why.
        UnknownKeyError: keys of an issuer must be read before that is known.
        Problem: 503, the secret of the source cannot be decrypted, so that nobody knows.
    """
    _, *tokens = request.parameters
    token = tokens[0] if tokens else None
    if cached is None or cached.proof.in_address is (token is None):
        nobody = _SIGNED if token is None else _UNSIGNED
        nobody.verify(request.headers, request.body, _NOBODYS_KEYS, now, token)
        raise NotProvenError("no_match", "no signature matches")
    if cached.source.is_unopened:
        detail = "The secret of this source cannot be read at present. Nothing was stored; send it again."
        raise unavailable(detail, UNOPENED_RETRY_SECONDS)
    proven = cached.proof.verify(request.headers, request.body, cached.keys, now, token)
    if cached.networks:
        _check_address(cached, request, trusted_proxies)
    return cached, proven.sent_id


def not_proven(error: NotProvenError, request: DirectRequest) -> Problem:
    """Return the answer to a delivery that is not proven: why, and which headers of signatures it had."""
    names = {name for name in request.fields if name in _KNOWN_HEADERS or _LIKE_A_SIGNATURE.fullmatch(name)}
    seen = sorted(name.decode() for name in names)[:MAX_SEEN_HEADERS]
    detail = str(error)
    return Problem(
        "invalid-signature",
        401,
        "The delivery is not proven",
        f"{detail[:1].upper()}{detail[1:]}. Headers of signatures that were seen: {', '.join(seen) or 'none'}.",
    )


def _check_address(cached: CachedSource, request: DirectRequest, trusted_proxies: tuple[Network, ...]) -> None:
    forwarded = request.fields.get(b"x-forwarded-for", b"").decode("latin-1")
    address = address_behind(request.peer, forwarded, trusted_proxies)
    if address is None or not is_within(address, cached.networks):
        raise NotProvenError(
            "wrong_address", "the delivery is signed, but its address is not one that the source allows"
        )
