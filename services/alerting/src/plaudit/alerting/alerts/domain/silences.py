"""Silences: nothing is told of an alert, or of a subject, until an end that somebody gave, with a reason."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.contracts.subjects import is_within
from plaudit.common.refusals import RefusedError
from plaudit.common.text import isolated, one_line
from plaudit.common.time_zones import in_words

MAX_SILENCE: Final = timedelta(days=30)
MAX_REASON_CHARS: Final = 500
HELD_BACK: Final = "silenced until"
"""How the reason of a message begins that a silence held back."""


class SilenceRefusedError(RefusedError):
    """There can be no such silence; the text says why, and what can be done."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a silence is for: one alert, or a subject with what is below it."""

    alert_id: UUID | None = None
    subject_prefix: str | None = None
    source_id: str | None = None
    """Of a subject: only what comes from this source."""

    def __post_init__(self) -> None:
        """Refuse a scope that is none.

        Raises:
            ValueError: it names neither an alert nor a subject, or both, or an alert with a source.
        """
        if (self.alert_id is None) == (self.subject_prefix is None):
            raise ValueError("a silence is for an alert or for a subject")
        if self.alert_id is not None and self.source_id is not None:
            raise ValueError("a source is named with a subject, and not with an alert")

    def holds(self, alert_id: UUID | None, subject: str, source_id: str | None) -> bool:
        """Say whether it is for what has this alert, subject and source."""
        if self.subject_prefix is None:
            return alert_id == self.alert_id
        return is_within(subject, self.subject_prefix) and self.source_id in (None, source_id)


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A silence, until its end or until somebody ends it."""

    tenant_id: str
    id: UUID
    alert_id: UUID | None
    subject_prefix: str | None
    source_id: str | None
    reason: str
    created_at: datetime
    created_by: str
    until: datetime
    ended_at: datetime | None = None
    """When somebody ended it early."""
    ended_by: str | None = None
    told_at: datetime | None = None
    """When what was still open at its end was told."""

    @property
    def scope(self) -> Scope:
        """What it is for."""
        return Scope(alert_id=self.alert_id, subject_prefix=self.subject_prefix, source_id=self.source_id)

    def is_active(self, now: datetime) -> bool:
        """Say whether it holds."""
        return self.ended_at is None and now < self.until

    @property
    def in_words(self) -> str:
        """Why something was not told."""
        return f"{HELD_BACK} {in_words(self.until, UTC)}: {isolated(one_line(self.reason))}"


def checked(until: datetime, reason: str, now: datetime) -> str:
    """Return the reason of a silence without the spaces around it.

    Raises:
        SilenceRefusedError: its end is past or too far away, or the reason is empty or too long.
    """
    stripped = reason.strip()
    if not 1 <= len(stripped) <= MAX_REASON_CHARS:
        raise SilenceRefusedError(f"A silence has a reason of 1 to {MAX_REASON_CHARS} characters. Write one.")
    if until <= now:
        raise SilenceRefusedError("The end of the silence is past. Choose a time to come.")
    if until > now + MAX_SILENCE:
        raise SilenceRefusedError(f"A silence lasts at most {MAX_SILENCE.days} days. Choose an earlier end.")
    return stripped
