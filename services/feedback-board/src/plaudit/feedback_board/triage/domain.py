"""What of the board waits for the team: the sections of the inbox, and when a request is in which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from plaudit.feedback_board.requests.domain.request import Request
from plaudit.feedback_board.requests.domain.status import UNDECIDED, Status

OPEN_FOR: Final = timedelta(days=7)
PLANNED_FOR: Final = timedelta(days=90)
IN_PROGRESS_FOR: Final = timedelta(days=30)
NEW_FOR: Final = timedelta(days=7)
MAX_FAILED: Final = 1_000
LARGE_REACH: Final = 10
"""People from whom on an unsized request is worth an estimate."""
BURST_VOTES: Final = 10
"""More anonymous votes than these, of one network within an hour of the clock, are a burst."""
BURSTS_FOR: Final = timedelta(days=7)
"""How long a burst stands in the inbox; then what is known of networks is deleted."""


class Section(StrEnum):
    """A part of the inbox."""

    NEW = "new"
    WAITING = "waiting"
    SUSPICIOUS = "suspicious"
    LINKS = "links"
    UNSIZED = "unsized"
    STALE_OPEN = "stale_open"
    STALE_PLANNED = "stale_planned"
    STALE_IN_PROGRESS = "stale_in_progress"


STALE: Final[Mapping[Section, tuple[Status, timedelta]]] = {
    Section.STALE_OPEN: (Status.OPEN, OPEN_FOR),
    Section.STALE_PLANNED: (Status.PLANNED, PLANNED_FOR),
    Section.STALE_IN_PROGRESS: (Status.IN_PROGRESS, IN_PROGRESS_FOR),
}
"""Which status is stale after which time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """How much waits, at one instant; requests that are merged into others are not counted."""

    new: int
    """Made within the last seven days."""
    new_open: int
    """Of these, the ones that are open yet: nobody has looked at them."""
    waiting: int
    """Open or under review."""
    under_review: int
    stale_open: int
    """Open for more than seven days: nobody has looked at them."""
    stale_planned: int
    """Planned for more than 90 days."""
    stale_in_progress: int
    """In progress for more than 30 days without another status."""
    unsized_large: int
    """Undecided, not sized, and of a reach of ten people or more."""
    held_posts: int
    vote_bursts: int
    """Networks that cast more than ten anonymous votes within an hour, in the last seven days."""
    suggested_links: int
    """Links to reviews that are proposed and not yet decided on."""
    failed_mails: int
    """Mails that could not be sent, counted up to `MAX_FAILED`."""

    @property
    def by_section(self) -> Mapping[Section, int]:
        """How many rows each section of the inbox has."""
        return {
            Section.NEW: self.new_open,
            Section.WAITING: self.under_review,
            Section.SUSPICIOUS: self.held_posts + self.vote_bursts,
            Section.LINKS: self.suggested_links,
            Section.UNSIZED: self.unsized_large,
            Section.STALE_OPEN: self.stale_open,
            Section.STALE_PLANNED: self.stale_planned,
            Section.STALE_IN_PROGRESS: self.stale_in_progress,
        }

    @property
    def total(self) -> int:
        """How many rows wait, of all sections but that of estimates: its requests are in another one too."""
        return sum(number for section, number in self.by_section.items() if section is not Section.UNSIZED)


def sections_of(request: Request, now: datetime) -> frozenset[Section]:
    """Return the sections that a request on the board, which is merged into no other one, stands in."""
    held_for = now - request.status_changed_at
    found = {section for section, (status, age) in STALE.items() if request.status is status and held_for > age}
    if request.status is Status.OPEN and now - request.created_at < NEW_FOR:
        found.add(Section.NEW)
    if request.status is Status.UNDER_REVIEW:
        found.add(Section.WAITING)
    if request.status in UNDECIDED and request.priority is None and request.reach >= LARGE_REACH:
        found.add(Section.UNSIZED)
    return frozenset(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Many anonymous votes of one network within an hour of the clock, for one request or several."""

    hour: datetime
    votes: int
    titles: Mapping[str, str]
    """Of the requests that got the most of them: id → title."""
