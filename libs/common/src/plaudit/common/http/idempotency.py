"""The header `Idempotency-Key`, read in one place for all services."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from plaudit.common.http.problems import bad_request

_PATTERN: Final = re.compile(r"[!-~]{1,255}")


async def read_idempotency_key(
    idempotency_key: Annotated[str | None, Header(description="For 24 hours a repeat gets the first answer.")] = None,
) -> str | None:
    """Return the header's value, None when it was not sent.

    Raises:
        Problem: 400 `invalid-idempotency-key`.
    """
    if idempotency_key is not None and _PATTERN.fullmatch(idempotency_key) is None:
        raise bad_request("invalid-idempotency-key", "Idempotency-Key has 1 to 255 printable characters and no space.")
    return idempotency_key


IdempotencyKeyHeader = Annotated[str | None, Depends(read_idempotency_key)]
"""A parameter of an endpoint: the caller's key, or None."""
