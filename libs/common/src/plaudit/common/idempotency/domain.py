"""What an idempotency key stands for, and when it may be used again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

KEEP: Final = timedelta(hours=24)
"""How long an answer is kept under its key."""


class KeyReusedError(Exception):
    """An idempotency key came back with another request."""

    def __init__(self) -> None:
        """Say what to do, in a text that may be shown to the caller."""
        super().__init__("This Idempotency-Key came with another request before. Use a new key for a new request.")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one request."""

    key: str
    fingerprint: bytes
    """A hash of the request that the key came with; another one under the same key is refused."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer that is kept under a key, and the fingerprint of the request that it answers."""

    fingerprint: bytes
    answer: str
    """As JSON."""


def order_key(tenant_id: str, key: str) -> str:
    """Return the order key to lock before `find`, so that repeats of one request wait for each other."""
    return f"idempotency:{tenant_id}:{key}"


def answer_to(key: IdempotencyKey, stored: StoredAnswer | None) -> str | None:
    """Return the answer to repeat as JSON, None when the key is new.

    Raises:
        KeyReusedError: the key was stored with another request.
    """
    if stored is None:
        return None
    if stored.fingerprint != key.fingerprint:
        raise KeyReusedError
    return stored.answer
