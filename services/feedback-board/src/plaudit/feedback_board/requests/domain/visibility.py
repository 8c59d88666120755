"""Who may see a post, a request or a comment, and for how long its author may change it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError

EDITABLE_FOR: Final = timedelta(minutes=10)
"""How long an author may edit a post or take it back."""


class TooLateError(BoardRefusedError):
    """The time in which an author may change a post is over."""

    def __init__(self) -> None:
        """Say how long it was."""
        minutes = EDITABLE_FOR.total_seconds() // 60
        super().__init__(f"You can edit this or take it back within {minutes:.0f} minutes; that time is over.")


class Visibility(StrEnum):
    """Who sees a post."""

    PUBLISHED = "published"
    """Everybody."""
    HELD = "held"
    """Its author, and staff, whose look it waits for. It counts nowhere and is told to nobody."""
    REMOVED = "removed"
    """Nobody: staff removed it, or its author took it back. The row stays."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a post, and the name that it is shown under."""

    key: str
    """A person key."""
    name: str | None = None
    """None: \"a visitor\"."""


def is_editable(created_at: datetime, now: datetime) -> bool:
    """Return whether the author of a post may still change it."""
    return now < created_at + EDITABLE_FOR


def sees(visibility: Visibility, author_key: str | None, person_key: str | None) -> bool:
    """Return whether a person who is not of the staff sees a post."""
    is_author = author_key is not None and author_key == person_key
    return visibility is Visibility.PUBLISHED or (visibility is Visibility.HELD and is_author)
