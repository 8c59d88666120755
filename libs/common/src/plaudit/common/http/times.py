"""Times as parameters and in bodies: RFC 3339 text with a zone, and never a number."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from plaudit.common.contracts.time import NO_LEAP_SECOND, is_instant, is_leap_second

_RULE: Final = "a time is RFC 3339 text with a zone, such as 2026-03-01T12:00:00Z"


def _check(value: Any) -> Any:
    if not (isinstance(value, datetime) or (isinstance(value, str) and is_instant(value))):
        raise PydanticCustomError("instant", "{rule}", {"rule": _RULE})
    if isinstance(value, str) and is_leap_second(value):
        raise PydanticCustomError("instant", "{rule}", {"rule": NO_LEAP_SECOND})
    return value


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("instant", "a time lies between the years 1 and 9999") from error


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_check),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T12:00:00Z"]}),
]
"""A time, in UTC."""
