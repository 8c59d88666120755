"""Time zones by their names in the IANA database, which mean the same on every machine."""

import re
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
