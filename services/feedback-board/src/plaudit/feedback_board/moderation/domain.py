"""What staff do about posts and people, and a post that waits with its words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plaudit.feedback_board.holds.domain import PostKind
from plaudit.feedback_board.requests.domain.errors import BoardRefusedError


class UnknownPostError(BoardRefusedError):
    """There is no such post on this board, or nothing of it is left to show."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("There is no such post on this board.")


class Action(StrEnum):
    """What was done."""

    APPROVED = "approved"
    REMOVED = "removed"
    TRUSTED = "trusted"
    BLOCKED = "blocked"
    CLEARED = "cleared"
    """A person is neither trusted nor blocked any more."""
    RULES_SET = "rules_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the log: who did what, when. Rows are only added."""

    tenant_id: str
    at: datetime
    actor: str
    action: Action
    post_kind: PostKind | None = None
    post_id: UUID | None = None
    request_id: UUID | None = None
    person_key: str | None = None
    """Whose post, or which person; None once the person was erased."""
    reason: str | None = None
    until: datetime | None = None
    id: int = 0
    """Rises; 0 before the entry is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPost:
    """A post that waits for a look, with its words."""

    kind: PostKind
    id: UUID
    request_id: UUID
    title: str
    """Of the request; of a comment, that of the request that it is about."""
    text: str
    name: str | None
    person_key: str
    reasons: Sequence[str]
    held_at: datetime
