"""Time zones of the database that the installation has locked, so that every machine computes the same due times.

The zones of the operating system are not asked: their version differs from machine to machine, and moves with updates
that nobody here decides about. `plaudit.common.time_zones` says which names there are.
"""

from functools import lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

import tzdata

from plaudit.common.names import nearest

CACHED_ZONES: Final = 1_000
"""More than there are."""
_PACKAGE: Final = "tzdata"
_NO_ZONE: Final = "Factory"
"""What a machine is set to that nobody has set: no place has this time."""


class UnknownZoneError(LookupError):
    """There is no zone of this name."""

    def __init__(self, name: str) -> None:
        """Name those that may have been meant."""
        near = nearest_zones(name)
        meant = f"did you mean {' or '.join(near)}" if near else "one is for example Europe/Berlin"
        super().__init__(f"there is no zone of this name; {meant}")


def tz_version() -> str:
    """Return the version of the time zone data that due times are computed by, such as `2026b`."""
    version: str = tzdata.IANA_VERSION
    return version


@lru_cache(maxsize=CACHED_ZONES)
def zone_named(name: str) -> ZoneInfo:
    """Return a zone of the locked database.

    Raises:
        UnknownZoneError: it has none of this name.
    """
    if name not in zone_names():
        raise UnknownZoneError(name)
    with resources.files(_PACKAGE).joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@lru_cache(maxsize=CACHED_ZONES)
def zone_names() -> frozenset[str]:
    """Return the names of all zones."""
    return frozenset(resources.files(_PACKAGE).joinpath("zones").read_text(encoding="ascii").split()) - {_NO_ZONE}


def nearest_zones(name: str) -> list[str]:
    """Return the zones that a misspelt name may have meant: by the whole name, else by its city."""
    by_folded = {each.lower(): each for each in sorted(zone_names())}
    near = nearest(name.replace(" ", "_"), by_folded)
    by_city = {each.rpartition("/")[2]: each for each in by_folded}
    near = near or [by_city[city] for city in nearest(name.replace(" ", "_"), by_city)]
    return [by_folded[each] for each in near]
