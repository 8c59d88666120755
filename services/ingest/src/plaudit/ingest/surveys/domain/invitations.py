"""Who is invited to a survey: one person about one subject, once, and nobody who has opted out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

MAX_INVITATIONS: Final = 500
"""In one call."""
DEFAULT_DAYS: Final = 30
MAX_DAYS: Final = 90
"""Until a link expires."""
KEPT: Final = timedelta(days=30)
"""How long an invitation without a response is kept after it has expired, so that its page can say so."""


class Wanted(msgspec.Struct, frozen=True):
    """Whom to invite, about what."""

    person: str
    subject: str
    reference: str | None = None
    """Of the order, the visit or the contract."""


class Reason(StrEnum):
    """Why somebody was left out."""

    INVALID = "invalid"
    OPTED_OUT = "opted_out"
    REPEATED = "repeated"
    RESPONDED = "responded"
    ERASED = "erased"


class LeftOut(msgspec.Struct, frozen=True):
    """Somebody who gets no link."""

    reason: Reason
    detail: str


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """One person's way to a survey; it takes one response."""

    tenant_id: str
    id: UUID
    survey_id: UUID
    person: str
    subject: str
    reference: str | None
    token_hash: bytes
    created_at: datetime
    expires_at: datetime
    responded_at: datetime | None = None

    @property
    def wanted(self) -> Wanted:
        """Whom it invites, about what."""
        return Wanted(self.person, self.subject, self.reference)


class Standing(StrEnum):
    """What a link leads to."""

    OPEN = "open"
    RESPONDED = "responded"
    CLOSED = "closed"
    EXPIRED = "expired"


OPTED_OUT: Final = LeftOut(Reason.OPTED_OUT, "The person does not want to be written to.")
REPEATED: Final = LeftOut(Reason.REPEATED, "The call names this person with this subject and reference before.")
RESPONDED: Final = LeftOut(
    Reason.RESPONDED, "The person has answered about this subject and reference, and that invitation has not expired."
)

ERASED: Final = LeftOut(Reason.ERASED, "The person was erased after the first call.")


def judge(
    wanted: Sequence[Wanted | LeftOut], denied: Collection[str], valid: Iterable[Invitation]
) -> list[Wanted | Invitation | LeftOut]:
    """Return of each whether it is invited anew, has an invitation already, or is left out; in order.

    Args:
        wanted: in the order of the call.
        denied: the persons who do not want to be written to.
        valid: the survey's invitations of these persons that have not expired. Whoever has one without a response
            gets its link again: a reminder is no second survey.
    """
    known: Mapping[Wanted, Invitation] = {each.wanted: each for each in valid}
    seen: set[Wanted] = set()
    judged: list[Wanted | Invitation | LeftOut] = []
    for each in wanted:
        if isinstance(each, LeftOut):
            judged.append(each)
            continue
        before = known.get(each)
        if each.person in denied:
            judged.append(OPTED_OUT)
        elif each in seen:
            judged.append(REPEATED)
        elif before is None:
            judged.append(each)
        else:
            judged.append(before if before.responded_at is None else RESPONDED)
        seen.add(each)
    return judged


def expiry(now: datetime, days: int) -> datetime:
    """Return when a link expires, in whole seconds."""
    return (now + timedelta(days=days)).replace(microsecond=0)


def standing(invitation: Invitation, closed_at: datetime | None, now: datetime) -> Standing:
    """Return what the link of an invitation leads to."""
    if invitation.responded_at is not None:
        return Standing.RESPONDED
    if closed_at is not None:
        return Standing.CLOSED
    return Standing.EXPIRED if invitation.expires_at <= now else Standing.OPEN
