"""A marker: what was done or happened, when, and to which subject."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.names import checked_name

MAX_NAME_CHARS: Final = 120
MAX_LINK_CHARS: Final = 2_000
MAX_MARKERS: Final = 10_000
"""Of one tenant."""
NAME_PATTERN: Final = r"^\S(.*\S)?$"
LINK_PATTERN: Final = r"^https?://[!-~]+$"
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)


class MarkerKind(StrEnum):
    """What a marker stands for."""

    RELEASE = "release"
    INCIDENT = "incident"
    REQUEST = "request"
    """A request of the board that was shipped."""
    CONTENT = "content"
    """Something that was published or said."""


class TooManyMarkersError(ValueError):
    """A tenant has as many markers as it may."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(f"There are {MAX_MARKERS:,} markers already. Delete some that nobody needs any more.")


class UnknownMarkerError(ValueError):
    """There is no such marker."""


class MarkerTimeError(ValueError):
    """A marker's time lies too far away."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(f"`at` must lie between the years {EARLIEST.year} and {LATEST.year}.")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a marker is made of."""

    kind: MarkerKind
    name: str
    at: datetime
    subject: str
    link: str | None = None


class Marker(Draft, frozen=True, kw_only=True):
    """Something that was done or happened."""

    tenant_id: str
    id: UUID
    made_by: str
    created_at: datetime


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Which markers are listed; what is not given leaves none out."""

    subject: str | None = None
    """Of this subject, and of what is below it."""
    concerning: str | None = None
    """Of this subject, and of all above it: those that a chart of it shows."""
    kind: MarkerKind | None = None
    start: datetime | None = None
    """Then or later."""
    end: datetime | None = None
    """Before."""


ALL_MARKERS: Final = Listed()


def checked(draft: Draft) -> Draft:
    """Return a draft as it is kept: its name can be shown, and its time can be compared around.

    Raises:
        MarkerTimeError: its time lies too far away.
        WrongInputError: its name holds a character that cannot be printed, or nothing that can be seen.
    """
    if not EARLIEST <= draft.at <= LATEST:
        raise MarkerTimeError
    return msgspec.structs.replace(draft, name=checked_name(draft.name, max_chars=MAX_NAME_CHARS))
