"""JSON answers by msgspec, for routes that FastAPI does not serialise."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/json"

encode = msgspec.json.Encoder(decimal_format="string").encode
"""Times as RFC 3339, UUIDs and decimals as strings."""


def json_response(
    value: Any, status: int = 200, *, headers: Mapping[str, str] | None = None, media_type: str = MEDIA_TYPE
) -> Response:
    """Return an answer of any value that msgspec encodes: structs, dataclasses, containers, times, UUIDs."""
    return Response(encode(value), status, headers=headers, media_type=media_type)
