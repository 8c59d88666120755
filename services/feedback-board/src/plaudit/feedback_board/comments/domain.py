"""A comment on a request, and the official response to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError
from plaudit.feedback_board.requests.domain.visibility import Visibility, is_editable, sees


class UnknownCommentError(BoardRefusedError):
    """There is no such comment on this request."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("There is no such comment on this request.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment on one request."""

    tenant_id: str
    id: UUID
    request_id: UUID
    author_key: str | None
    """The person key of who wrote it; None for staff, and once the person was erased."""
    author_name: str | None
    """The name that it is shown under; None for a visitor."""
    by_staff: bool
    text: str
    """Empty once its author was erased."""
    visibility: Visibility
    created_at: datetime
    edited_at: datetime | None = None
    edited_by_staff: bool = False
    """Whether the last edit was one of staff, which its page says."""

    def is_seen_by(self, person_key: str | None) -> bool:
        """Return whether a person who is not of the staff sees it."""
        return sees(self.visibility, self.author_key, person_key)

    def is_editable_by(self, person_key: str | None, now: datetime) -> bool:
        """Return whether a person may edit it or take it back now."""
        is_author = person_key is not None and self.author_key == person_key
        return is_author and self.is_seen_by(person_key) and is_editable(self.created_at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One revision of the official response to a request."""

    tenant_id: str
    request_id: UUID
    revision: int
    text: str | None
    """None when it was taken back."""
    actor: str
    at: datetime
