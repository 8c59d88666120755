"""Time zones by their names in the IANA database, which mean the same on every machine."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_OF_THE_MACHINE: Final = re.compile(r"(?:posix|right)/.*|localtime|posixrules|Factory")
"""What lies beside the zones of the database: what this machine is set to, and the same zones under other rules."""


class UnknownTimeZoneError(LookupError):
    """There is no time zone of this name."""

    def __init__(self, name: str) -> None:
        """Name it, and one that there is."""
        super().__init__(f"there is no zone {name!r}; one is for example Europe/Berlin")


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        UnknownTimeZoneError: there is none of this name in the database.
    """
    if _OF_THE_MACHINE.fullmatch(name):
        raise UnknownTimeZoneError(name)
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise UnknownTimeZoneError(name) from error


def local_time(at: datetime, zone: tzinfo) -> datetime:
    """Return an instant in a zone; in UTC where it has no time there, at the first and the last hours of the calendar.

    Platforms and people write such times: one of them costs no reader a page, and no owner a mail.
    """
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at.astimezone(UTC)


def in_words(at: datetime, zone: tzinfo) -> str:
    """Return an instant for people in a zone: `7 March 2026, 10:00 CET`; a zone without a name says its offset."""
    local = local_time(at, zone)
    return f"{local:%-d %B %Y, %H:%M} {abbreviation(local)}"


def abbreviation(local: datetime) -> str:
    """Return how the zone of a local time is called then: `CET`, or `UTC+04` where it has no name."""
    name = f"{local:%Z}"
    return f"UTC{name}" if name[:1] in {"+", "-"} else name
