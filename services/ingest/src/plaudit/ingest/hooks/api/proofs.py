"""Where a delivery is proven: its signature, or the secret token in the address, is checked here."""

import hmac

from starlette.requests import Request

from plaudit.common.http import Problem
from plaudit.common.standard_webhooks import InvalidSignatureError, signature_headers, verify
from plaudit.ingest.hooks.api.source_cache import CachedSource


def prove(cached: CachedSource, request: Request, body: bytes, now: float) -> str | None:
    """Return the sender's own id of a delivery, if it signs; None where the token in the address is the proof.

    Args:
        cached: the source that the address names.
        request: the delivery.
        body: its bytes.
        now: Unix seconds, which the signature's timestamp must be near.

    Raises:
        Problem: the one 401 for every delivery that is not proven.
    """
    token = request.path_params.get("token")
    if cached.adapter.proof == "path_token":
        _check_token(token, cached.source.path_token)
        return None
    if token is not None:
        raise not_proven()
    try:
        message_id, timestamp, signature = signature_headers(request.scope["headers"])
        verify(message_id, timestamp, signature, body, (cached.signing_key,), now)
    except InvalidSignatureError as error:
        raise not_proven() from error
    assert message_id is not None
    return message_id.decode()


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
