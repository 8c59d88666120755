"""A touchpoint: what became of an occurrence that came due. An invitation is one too."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from plaudit.alerting.cadences.domain.plan import Occurrence, Step
from plaudit.alerting.cadences.domain.rules import Purpose

MAX_NOTE_CHARS: Final = 2_000
_NAMESPACE: Final = UUID("5f1d0c2e-6f0a-4e1b-9a53-0f1f5b3f7f21")


class State(StrEnum):
    """How a touchpoint stands."""

    OPEN = "open"
    """To be done; of an invitation: given, and not responded to."""
    DONE = "done"
    SKIPPED = "skipped"
    """By a person, for a reason."""
    ENDED = "ended"
    """It has lost its object: the customer is in another stage, has opted out or has responded."""
    WITHHELD = "withheld"
    """It came due, and nobody was contacted."""


class Channel(StrEnum):
    """By which way a customer was contacted."""

    MAIL = "mail"
    PHONE = "phone"
    CHAT = "chat"
    VISIT = "visit"
    LETTER = "letter"
    OTHER = "other"


class TouchpointClosedError(ValueError):
    """A touchpoint is not open: nothing is left to do for it."""


class UnknownTouchpointError(ValueError):
    """There is no such touchpoint."""


class Touchpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One touchpoint."""

    tenant_id: str
    id: UUID
    person: str
    rule: str
    step: Step
    local_date: date
    purpose: Purpose
    title: str
    subject: str
    revision: int
    generation: int
    owner: str
    state: State
    why: str | None = None
    """Of one that is withheld, ended or skipped."""
    fired_at: datetime
    channel: str | None = None
    note: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    mail_id: UUID | None = None
    """Of an invitation: the delivery of its mail; None where none was queued, as it leads nowhere."""


def touchpoint_id(occurrence: Occurrence) -> UUID:
    """Return the id of what becomes of an occurrence: the same whenever it is computed."""
    name = f"{occurrence.tenant_id}\n{occurrence.person}\n{occurrence.rule}\n{occurrence.step}\n{occurrence.local_date}"
    return uuid5(_NAMESPACE, name)
