"""What became of the forms in which people asked for something that may have been asked for before."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

_SHARE_DIGITS: Final = 4


class Outcome(StrEnum):
    """What became of one form."""

    ASKED = "asked"
    """The page came back with requests that ask for the same, and nothing else has come since."""
    POSTED = "posted"
    """It became a request."""
    VOTED = "voted"
    """It became a vote for a similar request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One form of a new request that somebody sent. It says nothing of who that was, or of the words."""

    tenant_id: str
    id: UUID
    at: datetime
    outcome: Outcome
    request_id: UUID | None = None
    """The request that it became, or that it became a vote for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflection:
    """How many forms became what, within some time."""

    attempts: int
    voted: int
    posted: int
    asked: int

    @property
    def share(self) -> float | None:
        """The share of attempts that became a vote for a similar request; None where there were none."""
        return round(self.voted / self.attempts, _SHARE_DIGITS) if self.attempts else None


def submission_id(form: str) -> UUID:
    """Return the id of a form that is sent: the same however often it is."""
    return UUID(bytes=sha256(f"submission:{form}".encode()).digest()[:16])
