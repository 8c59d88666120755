"""An entry of the audit trail. It is written in the transaction of what it tells, and never changed."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

SYSTEM: Final = "system"
"""In place of an actor where no person did it."""


class About(StrEnum):
    """What kind of thing an entry is about."""

    ALERT = "alert"
    CADENCES = "cadences"
    CALENDAR = "calendar"
    CLOCK = "clock"
    CLOCKS = "clocks"
    """All clocks of the tenant that run."""
    ENDPOINT = "endpoint"
    GUIDELINE = "guideline"
    INCIDENT = "incident"
    MESSAGE = "message"
    OWNERS = "owners"
    POLICY = "policy"
    SILENCE = "silence"
    TOUCHPOINT = "touchpoint"


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that somebody did."""

    tenant_id: str
    actor: str
    """The key, as `key:<public id>`, or the person, as `person:<id>`."""
    kind: str
    """What was done, dotted: `alert.acknowledged`."""
    about_kind: About
    about_id: str
    """Which of its kind: an id, or a name."""
    before: Mapping[str, Any] | None = None
    """What of it was changed, as it stood; none where there was nothing before."""
    after: Mapping[str, Any] | None = None
    """The same as it stands now; none where there is nothing any more."""


def revised(tenant_id: str, actor: str, kind: str, about: tuple[About, str], before: int, after: int) -> Entry:
    """Return an entry about a new revision of something; before it there was the one of this number, or none at 0."""
    about_kind, about_id = about
    return Entry(
        tenant_id=tenant_id,
        actor=actor,
        kind=kind,
        about_kind=about_kind,
        about_id=about_id,
        before={"revision": before} if before else None,
        after={"revision": after},
    )


class Recorded(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry as it was written."""

    id: int
    recorded_at: datetime
    actor: str
    kind: str
    about_kind: str
    about_id: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
