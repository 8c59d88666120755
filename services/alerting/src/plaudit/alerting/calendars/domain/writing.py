"""Hours as people write them: `09:00-12:00, 13:00-17:00`."""

import re
from collections.abc import Iterable
from typing import Final

from plaudit.alerting.calendars.domain.timeline import DAY_MINUTES, Interval

CLOSED: Final = "closed"
INTERVAL_PATTERN: Final = r"^([0-9]{1,2}):([0-5][0-9]) ?[-–] ?([0-9]{1,2}):([0-5][0-9])$"
INTERVAL_RULE: Final = (
    "hours are written as 09:00-17:00, from 00:00 to 23:59 and until 24:00; 22:00-06:00 goes on into the next date, "
    "and so does 09:00-34:00"
)
_INTERVAL: Final = re.compile(INTERVAL_PATTERN)
_MAX_HOUR: Final = 48


class UnreadableHoursError(ValueError):
    """A text is not hours."""

    def __init__(self) -> None:
        """Say how they are written."""
        super().__init__(INTERVAL_RULE)


def interval_of(text: str) -> Interval:
    """Return an interval of its text. An end that is not after the beginning is one of the next date.

    Raises:
        UnreadableHoursError: the text is none.
    """
    match = _INTERVAL.match(text.strip())
    if match is None:
        raise UnreadableHoursError
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if start >= DAY_MINUTES or end > _MAX_HOUR * 60 or start == end:
        raise UnreadableHoursError
    return Interval(start, end if end > start else end + DAY_MINUTES)


def intervals_of(text: str) -> tuple[Interval, ...]:
    """Return the intervals of a date, of texts between commas; none for nothing and for `closed`.

    Raises:
        UnreadableHoursError: one of them cannot be read.
    """
    if text.strip().lower() in {"", CLOSED}:
        return ()
    return tuple(map(interval_of, text.split(",")))


def interval_text(interval: Interval) -> str:
    """Return an interval as `interval_of` reads it."""
    start, end = interval
    if end > DAY_MINUTES and end - DAY_MINUTES < start:
        end -= DAY_MINUTES
    return f"{_clock(start)}-{_clock(end)}"


def intervals_text(intervals: Iterable[Interval]) -> str:
    """Return the intervals of a date as `intervals_of` reads them."""
    return ", ".join(map(interval_text, intervals)) or CLOSED


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
