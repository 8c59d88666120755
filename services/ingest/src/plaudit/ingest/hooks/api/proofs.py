"""Where a delivery is proven: its signature, or the secret token in the address, is checked here."""

import hmac

from plaudit.common.http import Problem
from plaudit.common.http.direct import DirectRequest
from plaudit.common.standard_webhooks import InvalidSignatureError, signature_headers, verify
from plaudit.ingest.hooks.api.source_cache import CachedSource


def prove(cached: CachedSource | None, request: DirectRequest, now: float) -> tuple[CachedSource, str | None]:
    """Return the source of a delivery, and the sender's own id of it.

    There is an id where the sender signs; it is None where the token in the address is the proof.

    Args:
        cached: the source that the address names, None if there is none.
        request: the delivery.
        now: Unix seconds, which the signature's timestamp must be near.

    Raises:
        Problem: the one 401 for every delivery that is not proven.
    """
    if cached is None:
        raise not_proven()
    _, *tokens = request.parameters
    token = tokens[0] if tokens else None
    if cached.adapter.proof == "path_token":
        _check_token(token, cached.source.path_token)
        return cached, None
    if token is not None:
        raise not_proven()
    try:
        message_id, timestamp, signature = signature_headers(request.headers)
        verify(message_id, timestamp, signature, request.body, (cached.signing_key,), now)
    except InvalidSignatureError as error:
        raise not_proven() from error
    assert message_id is not None
    return cached, message_id.decode()


def not_proven() -> Problem:
    """Return the one answer to every delivery that is not proven, also to one for an unknown source."""
    return Problem(
        "invalid-signature",
        401,
        "The delivery is not proven",
        "Sign `id.timestamp.body` with the source's secret (Standard Webhooks v1) within five minutes, "
        "and post it to the address that the source was made with.",
    )


def _check_token(token: str | None, expected: str | None) -> None:
    if token is None or expected is None:
        raise not_proven()
    if not hmac.compare_digest(token.encode(errors="replace"), expected.encode()):
        raise not_proven()
