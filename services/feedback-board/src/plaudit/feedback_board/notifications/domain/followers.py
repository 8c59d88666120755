"""Who follows a request. Whoever votes, asks or comments does, unless they have stopped; that outlasts a new vote."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    """What a person wants of one request."""

    FOLLOWING = "following"
    STOPPED = "stopped"
    """They want to hear of it no more, whatever else they do."""


class Source(StrEnum):
    """How a person came to follow, or to stop."""

    CHOSEN = "chosen"
    """They said so: by the button, the API, or a link in a mail."""
    ASKED = "asked"
    """They made the request."""
    COMMENTED = "commented"


@dataclass(frozen=True, slots=True, kw_only=True)
class Follower:
    """What is kept of one person and one request. Of voters nothing is, until they choose: the vote says it."""

    tenant_id: str
    request_id: UUID
    person_key: str
    state: State
    source: Source
    changed_at: datetime
