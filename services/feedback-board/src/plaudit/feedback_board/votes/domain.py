"""Who votes: a person under a person key, never an address."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.status import Status

PERSON_MAX_CHARACTERS: Final = 200
NETWORKS_FOR: Final = timedelta(days=7)
"""How long it is kept how many anonymous votes came from one network."""

PERSON_PATTERN: Final = rf"^[!-?A-~]{{1,{PERSON_MAX_CHARACTERS}}}$"
_PERSON: Final = re.compile(PERSON_PATTERN.removeprefix("^").removesuffix("$"))
"""Printable ASCII without `@`: an id that looks like an address comes as a hash."""


class VotingClosedError(BoardRefusedError):
    """The request is decided: it takes no new votes."""

    def __init__(self, status: Status) -> None:
        """Name the status of the request."""
        super().__init__(f"This request is {status}: it takes no more votes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One person's vote for one request."""

    tenant_id: str
    request_id: UUID
    person_key: str
    voted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A vote that somebody wants to cast, before anyone knows whether it counts."""

    tenant_id: str
    request_id: UUID
    person_key: str
    actor: str
    """Who does it, for the log."""
    reason: str | None = None
    """Why staff vote in the person's place, for the log; None where the person does it."""
    traceparent: str | None = None
    tracestate: str | None = None


def clean_person_key(text: str) -> str:
    """Return a person key: a keyed hash, or platform:id. Raises InvalidInputError for an address or a bad key."""
    if "@" in text:
        raise InvalidInputError("person", "person is a key, not an address; send an address as email")
    if _PERSON.fullmatch(text) is None:
        raise InvalidInputError("person", f"person must have 1 to {PERSON_MAX_CHARACTERS} printable ASCII characters")
    return text
