"""How pages write instants: in the zone of whoever reads, else in UTC. The zone is always named."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from typing import Final

from plaudit.common.time_zones import abbreviation, in_words, local_time

_ZONE: Final[ContextVar[tzinfo]] = ContextVar("zone of the reader", default=UTC)


@contextmanager
def read_in(zone: tzinfo) -> Iterator[None]:
    """Write instants in a zone while a page is rendered: also those in parts that know nothing of their reader."""
    token = _ZONE.set(zone)
    try:
        yield
    finally:
        _ZONE.reset(token)


def moment(at: datetime) -> str:
    """Return an instant for people: `7 March 2026, 09:00 UTC`."""
    return in_words(at, _ZONE.get())


def time_of_day(at: datetime) -> str:
    """Return the time of an instant for people: `09:00:30 UTC`."""
    local = local_time(at, _ZONE.get())
    return f"{local:%H:%M:%S} {abbreviation(local)}"


def zone_name() -> str:
    """Return the zone in which instants are written."""
    return str(_ZONE.get())


def for_input(at: datetime) -> str:
    """Return an instant as a field `datetime-local` takes it, in the zone in which instants are written."""
    return f"{local_time(at, _ZONE.get()):%Y-%m-%dT%H:%M}"
