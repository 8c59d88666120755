"""A link between a review and a request that is proposed, and what staff made of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError


class UnknownProposalError(BoardRefusedError):
    """No such proposal is there, or the review no longer says so."""

    def __init__(self) -> None:
        """Say what may have happened."""
        super().__init__("There is no such proposal. The review may have changed meanwhile: list the proposals again.")


class Decision(StrEnum):
    """What staff made of a proposal."""

    ACCEPTED = "accepted"
    """The review is linked."""
    REJECTED = "rejected"
    """The review is not about the request; the two are never proposed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A review that seems to be about a request."""

    tenant_id: str
    id: UUID
    request_id: UUID
    """Whose words are like the review's: a root, or what is merged into one."""
    review_id: UUID
    review_revision: int
    sentence: int
    score: float
    proposed_at: datetime
    decision: Decision | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
