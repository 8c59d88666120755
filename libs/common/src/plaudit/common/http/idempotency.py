"""The header `Idempotency-Key`, read in one place for all services."""

import re
from typing import Annotated, Final

from fastapi import Depends, Header

from plaudit.common.http.problems import bad_request

MAX_CHARS: Final = 255
_PATTERN: Final = re.compile(rf"[!-~]{{1,{MAX_CHARS}}}")


async def read_idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(
            description="For 24 hours a repeat gets the first answer.",
            json_schema_extra={"pattern": f"^{_PATTERN.pattern}$", "minLength": 1, "maxLength": MAX_CHARS},
        ),
    ] = None,
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
