"""Instants on the bus: RFC 3339 with a zone; Plaudit writes UTC with microseconds."""

import re
from datetime import datetime
from typing import Annotated, Final

import msgspec

INSTANT_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
Instant = Annotated[datetime, msgspec.Meta(tz=True, extra_json_schema={"pattern": INSTANT_PATTERN})]
_INSTANT: Final = re.compile(INSTANT_PATTERN.removeprefix("^").removesuffix("$"), re.IGNORECASE)


def is_instant(text: str) -> bool:
    """Return whether a text has the form of an RFC 3339 time; its letters may be small, as that allows."""
    return _INSTANT.fullmatch(text) is not None
