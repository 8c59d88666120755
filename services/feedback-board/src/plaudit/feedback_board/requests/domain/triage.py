"""What of the board waits for the team, in numbers: read by people, and by whoever makes a digest of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

OPEN_FOR: Final = timedelta(days=7)
PLANNED_FOR: Final = timedelta(days=90)
IN_PROGRESS_FOR: Final = timedelta(days=30)
NEW_FOR: Final = timedelta(days=7)
MAX_FAILED: Final = 1_000
LARGE_REACH: Final = 10
"""People from whom on an unsized request is worth an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """How many requests wait, at one instant; those that are merged into others are not counted."""

    new: int
    """Made within the last seven days."""
    waiting: int
    """Open or under review."""
    stale_open: int
    """Open for more than seven days: nobody has looked at them."""
    stale_planned: int
    """Planned for more than 90 days."""
    stale_in_progress: int
    """In progress for more than 30 days without another status."""
    unsized_large: int
    """Undecided, not sized, and of a reach of ten people or more."""
    failed_mails: int
    """Mails that could not be sent, counted up to `MAX_FAILED`."""
