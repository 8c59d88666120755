"""What was set aside: a timer, a step of an escalation, the end of a silence, or a contact that raised an error."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.alerting.audit.domain import About


class Kind(StrEnum):
    """What could not be processed."""

    CONTACT = "contact"
    """A contact of a cadence, or a digest; its id is the key of the person, and empty for a digest."""
    SILENCE = "silence"
    """The end of a silence."""
    STEP = "step"
    """Steps of the escalation of an alert; the id is the alert's."""
    TIMER = "timer"
    """Timers of a clock; the id is the clock's."""


ABOUT: Final[Mapping[Kind, About]] = {
    Kind.CONTACT: About.CADENCES,
    Kind.SILENCE: About.SILENCE,
    Kind.STEP: About.ALERT,
    Kind.TIMER: About.CLOCK,
}
"""Kind → what the audit trail says that it is about."""


class SetAside(msgspec.Struct, frozen=True, kw_only=True):
    """Something that raised an error by itself. It waits for a person."""

    kind: Kind
    id: str
    due_at: datetime
    """When it was to be processed."""
    failed_at: datetime
    error: str
