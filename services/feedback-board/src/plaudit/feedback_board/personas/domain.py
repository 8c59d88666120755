"""What a persona is, and what the rules say of muting one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from plaudit.feedback_board.requests.domain.errors import BoardRefusedError, InvalidInputError
from plaudit.feedback_board.requests.domain.weighing import (
    DEFAULT_CAP,
    MAX_CAP,
    MIN_CAP,
    NO_PERSONA,
    ReachView,
)

MAX_PERSONAS: Final = 50
"""Of one tenant: each request keeps a number for every persona of its people."""
MAX_MUTE: Final = timedelta(days=366)
"""A mute ends by itself: who wants it for longer decides anew, with a reason."""
SHARE_DECIMALS: Final = Decimal("0.0001")


class Source(StrEnum):
    """Where it is known from that a person has a persona: reviewed facts, never what a text sounds like."""

    FACT = "fact"
    PLAN = "plan"
    TAG = "tag"


class UnknownPersonaError(BoardRefusedError):
    """There is no such persona."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("There is no such persona on this board.")


class PersonaExistsError(BoardRefusedError):
    """Another persona has this name."""

    def __init__(self, name: str) -> None:
        """Name it."""
        super().__init__(f"There is a persona “{name}” already. Change that one, or choose another name.")


class TooManyPersonasError(BoardRefusedError):
    """The board has as many personas as it takes."""

    def __init__(self) -> None:
        """Say how many that are."""
        super().__init__(f"A board has at most {MAX_PERSONAS} personas. Rename one that you do not need.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """Why the people of a persona count for nothing, since when and until when, and who says so."""

    at: datetime
    until: datetime
    reason: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A kind of people who ask."""

    tenant_id: str
    id: UUID
    name: str
    population_share: Decimal | None
    """The share of all customers that are of this kind; None where nobody has said."""
    created_at: datetime
    muted_at: datetime | None = None
    muted_until: datetime | None = None
    mute_reason: str | None = None
    muted_by: str | None = None

    def mute(self, now: datetime) -> Mute | None:
        """Return the mute that is in force; None where there is none, or it has ended."""
        if self.muted_at is None or self.muted_until is None or self.muted_until <= now:
            return None
        assert self.mute_reason is not None, "the database takes all four or none"
        assert self.muted_by is not None, "the database takes all four or none"
        return Mute(at=self.muted_at, until=self.muted_until, reason=self.mute_reason, actor=self.muted_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The persona of a person."""

    tenant_id: str
    person_key: str
    persona_id: UUID
    source: Source
    actor: str
    assigned_at: datetime


def shares_of(personas: Iterable[Persona]) -> dict[str, Decimal]:
    """Return stratum → share of the population, of personas that have one; the rest has no persona."""
    shares = {str(each.id): each.population_share for each in personas if each.population_share is not None}
    rest = 1 - sum(shares.values(), Decimal(0))
    return {**shares, NO_PERSONA: rest} if rest > 0 else shares


def check_share(share: Decimal | None) -> Decimal | None:
    """Return a share of the population. Raises InvalidInputError for one out of range or too fine."""
    if share is None:
        return None
    if not (share.is_finite() and 0 < share <= 1 and share == share.quantize(SHARE_DECIMALS)):
        raise InvalidInputError(
            "population_share", "population_share must be above 0 and at most 1, with at most four decimals"
        )
    return share


def check_until(until: datetime, now: datetime) -> datetime:
    """Return when a mute ends. Raises InvalidInputError for a time that is past, or too far away."""
    if not now < until <= now + MAX_MUTE:
        raise InvalidInputError("until", f"until must be in the future, and at most {MAX_MUTE.days} days away")
    return until


def check_cap(view: ReachView, cap: int | None) -> int:
    """Return the cap of a view, or the default one. Raises InvalidInputError."""
    if cap is None:
        return DEFAULT_CAP
    if view is not ReachView.CAPPED:
        raise InvalidInputError("cap", f"cap goes with the view {ReachView.CAPPED} alone")
    if not MIN_CAP <= cap <= MAX_CAP:
        raise InvalidInputError("cap", f"cap must be from {MIN_CAP} to {MAX_CAP} people")
    return cap
