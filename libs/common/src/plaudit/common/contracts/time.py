"""Instants on the bus: RFC 3339 with a zone; Plaudit writes UTC with microseconds."""

import re
from datetime import datetime
from typing import Annotated, Final

import msgspec

INSTANT_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$"
Instant = Annotated[datetime, msgspec.Meta(tz=True, extra_json_schema={"pattern": INSTANT_PATTERN})]
_INSTANT: Final = re.compile(INSTANT_PATTERN.removeprefix("^").removesuffix("$"), re.IGNORECASE)


NO_LEAP_SECOND: Final = "seconds go from 00 to 59: write a leap second as the second before or after it"
"""The rule where a time with the second 60 comes in: no calendar here has it, and nothing guesses which is meant."""


def is_leap_second(text: str) -> bool:
    """Return whether a text that has the form of an RFC 3339 time names the second 60."""
    return text[17:19] == "60"


def is_instant(text: str) -> bool:
    """Return whether a text has the form of an RFC 3339 time; its letters may be small, as that allows."""
    return _INSTANT.fullmatch(text) is not None
