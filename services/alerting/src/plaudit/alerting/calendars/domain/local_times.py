"""Local dates at a local wall time. Nothing here adds hours: a day is as long as its zone makes it.

A wall time that a change of the clocks skips moves forward by the gap; of one that comes twice, the first counts (so
RFC 5545, and `zoneinfo` with fold 0). A date that a zone skipped altogether, as Apia did 2011-12-30, is the next one.
"""

import calendar
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

NOON: Final = time(12)
A_DAY: Final = timedelta(days=1)
MINUTES_OF_A_DAY: Final = 24 * 60


class QuietHours(msgspec.Struct, frozen=True):
    """When nobody is contacted: from one wall time to another, past midnight where the second is the earlier."""

    start: time
    end: time

    def hold(self, wall: time) -> bool:
        """Say whether a wall time is quiet; the end is not."""
        if self.start < self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def at_local(zone: ZoneInfo, day: date, wall: time) -> datetime:
    """Return the instant of a wall time on a local date, in UTC: of one that comes twice, the first."""
    return datetime.combine(existing_date(zone, day), wall.replace(fold=0), zone).astimezone(UTC)


def local_date(zone: ZoneInfo, instant: datetime) -> date:
    """Return the local date of an instant."""
    return instant.astimezone(zone).date()


def existing_date(zone: ZoneInfo, day: date) -> date:
    """Return a date, or the next one where the zone skipped it."""
    return datetime.combine(day, NOON, zone).astimezone(UTC).astimezone(zone).date()


def add_months(anchor: date, months: int) -> date:
    """Return the same day so many months later, or the last of a shorter month.

    The anchor stays what it was: from 31 January, one month leads to 28 February and two to 31 March.
    """
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(anchor.day, last))


def next_allowed(zone: ZoneInfo, quiet: QuietHours | None, instant: datetime) -> datetime:
    """Return the instant itself, or the end of the quiet hours that it lies in.

    Once they have ended, a wall time that comes again because the clocks were set back is not quiet again.
    """
    local = instant.astimezone(zone)
    if quiet is None or not quiet.hold(local.time()):
        return instant
    for first in (local.date() - A_DAY, local.date()):
        last = first if quiet.start < quiet.end else first + A_DAY
        end = at_local(zone, last, quiet.end)
        if at_local(zone, first, quiet.start) <= instant < end:
            return end
    return instant
