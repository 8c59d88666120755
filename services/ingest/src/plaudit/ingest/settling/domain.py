"""How a review is settled, and a report of it to its platform."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.common.text import clean, shows
from plaudit.ingest.reviews.domain.state import Disposition, Resolution

LABEL_PATTERN: Final = r"^[a-z0-9][a-z0-9._-]{0,63}$"
"""Of an outcome and of a cause. Labels are counted and published, so they hold no sentences."""
MIN_EASE: Final = 1
MAX_EASE: Final = 7
MAX_NOTE_CHARS: Final = 5_000
TAKEN_DOWN: Final = "the platform took the review down"


class UnknownReviewError(LookupError):
    """The tenant has no such review."""


class ResolutionChangedError(ValueError):
    """The resolution is another one than the caller has read."""


class ReportOpenError(ValueError):
    """The review is reported already, and the platform has not decided."""


class NoOpenReportError(ValueError):
    """No report of the review is open."""


class ReviewGoneError(ValueError):
    """The platform has taken the review down: there is nothing to report."""


class ReportReason(StrEnum):
    """Which rule of its platform a review breaks."""

    SPAM = "spam"
    ABUSIVE = "abusive"
    OFF_TOPIC = "off_topic"
    NOT_A_CUSTOMER = "not_a_customer"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    PERSONAL_DATA = "personal_data"
    WRONG_FACT = "wrong_fact"
    OTHER = "other"


class ReportState(StrEnum):
    """How far a report is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody found and did about a review."""

    disposition: Disposition
    outcome: str
    cause: str | None
    ease: int | None
    note: str | None
    """In words; it is kept here and not published."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """One resolution of a review. The one with the highest number counts."""

    tenant_id: str
    review_id: UUID
    number: int
    id: UUID
    finding: Finding
    resolved_by: str
    resolved_at: datetime

    @property
    def resolution(self) -> Resolution:
        """What the review shows of it."""
        return Resolution(
            disposition=self.finding.disposition,
            outcome=self.finding.outcome,
            cause=self.finding.cause,
            ease=self.finding.ease,
            resolved_at=self.resolved_at,
        )


class PlatformReport(msgspec.Struct, frozen=True, kw_only=True):
    """A review that its platform was asked to take down. It counts as before until the platform does."""

    tenant_id: str
    id: UUID
    review_id: UUID
    reason: ReportReason
    evidence: str | None
    state: ReportState
    reported_by: str
    reported_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    """What the platform answered, in words."""


def check_expected(current: Settled | None, expected: Collection[int] | None) -> None:
    """Check that a resolution is the one that the caller has read.

    Args:
        current: the one that counts; None where there is none.
        expected: the numbers of those that will do, 0 for none at all; None if any will.

    Raises:
        ResolutionChangedError: it is another one.
    """
    if expected is None or (0 if current is None else current.number) in expected:
        return
    now = "there is none" if current is None else f"it is number {current.number} now"
    raise ResolutionChangedError(f"The resolution is not the one that you have read: {now}.")


def words(text: str | None) -> str | None:
    """Return a text as it is kept; None where nothing of it can be seen."""
    cleaned = clean(text or "").strip()
    return cleaned if shows(cleaned) else None
