"""What the open time of a calendar is recognised by, to see whether other data of its zone has moved it."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from plaudit.alerting.calendars.domain.calendar import Calendar
from plaudit.alerting.calendars.domain.timeline import FIRST_YEAR, LAST_YEAR, microseconds

YEARS_BEFORE: Final = 1
YEARS_AFTER: Final = 4
"""The years around the one in which a revision was made; clocks of it run within them."""


def fingerprint(calendar: Calendar, year: int) -> bytes:
    """Return the SHA-256 of the open time of the years around one, as UTC.

    Two calendars of one fingerprint have the same due times for what starts and ends within these years.
    """
    first, end = max(year - YEARS_BEFORE, FIRST_YEAR + 1), min(year + YEARS_AFTER, LAST_YEAR - 1)
    bounds = (microseconds(datetime(each, 1, 1, tzinfo=UTC)) for each in (first, end))
    digest = sha256()
    for start, close in calendar.timeline.between(*bounds):
        digest.update(f"{start} {close}\n".encode())
    return digest.digest()
