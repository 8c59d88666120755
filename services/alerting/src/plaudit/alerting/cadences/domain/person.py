"""One customer, as far as contacts go: stage, dates, last contact, last response, language and zone.

No name, no address, no word.

What is told may come late and in any order: of each thing the latest counts, so the order of arrival does not matter.
"""

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from plaudit.alerting.cadences.domain.rules import Trigger

ANY_CHANNEL: Final = "*"
"""Of an opt-out that names no channel."""


class Told(StrEnum):
    """What an event tells of a customer."""

    PURCHASED = "purchased"
    UPGRADED = "upgraded"
    TICKET_CLOSED = "ticket_closed"
    STAGE_ENTERED = "stage_entered"
    RENEWAL_SET = "renewal_set"
    CONTACTED = "contacted"
    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    REVIEWED = "reviewed"


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened with a customer."""

    tenant_id: str
    person: str
    told: Told
    subject: str
    happened_at: datetime
    received_at: datetime
    stage: str | None = None
    renews_at: datetime | None = None
    channel: str | None = None
    language: str | None = None
    zone: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one customer."""

    tenant_id: str
    person: str
    subject: str
    subject_at: datetime
    stage: str | None = None
    stage_at: datetime | None = None
    purchased_at: datetime | None = None
    upgraded_at: datetime | None = None
    ticket_closed_at: datetime | None = None
    renews_at: datetime | None = None
    renewal_set_at: datetime | None = None
    contact_at: datetime | None = None
    """Of the last contact, whoever began it."""
    replied_at: datetime | None = None
    reviewed_at: datetime | None = None
    language: str | None = None
    """In which the person is written to."""
    language_at: datetime | None = None
    zone: str | None = None
    """That the person lives in; of quiet hours."""
    zone_at: datetime | None = None
    generation: int = 1
    """Goes up when the stage changes: what was planned before has lost its object."""
    received_at: datetime
    """Of the event that came last: what would have been due before its date is not made up for."""
    planned: int = 0
    """The revision of the rules that it is planned by; 0: it is to be planned."""
    wants_nothing: bool = False
    """Whether the person has said last to want nothing any more, over no channel: the log of consent holds it."""

    @property
    def response_at(self) -> datetime | None:
        """When the person last responded: a review, a reply or a purchase."""
        return latest(self.purchased_at, self.replied_at, self.reviewed_at)

    def event_at(self, trigger: Trigger) -> datetime | None:
        """Return when an event last happened."""
        return {
            Trigger.PURCHASED: self.purchased_at,
            Trigger.UPGRADED: self.upgraded_at,
            Trigger.TICKET_CLOSED: self.ticket_closed_at,
            Trigger.STAGE_ENTERED: self.stage_at,
        }[trigger]


def latest(*instants: datetime | None) -> datetime | None:
    """Return the latest of the instants that there are."""
    return max((each for each in instants if each is not None), default=None)


def first_of(happening: Happening, *, wants_nothing: bool = False) -> Person:
    """Return the person that something is told of for the first time."""
    return Person(
        tenant_id=happening.tenant_id,
        person=happening.person,
        subject=happening.subject,
        subject_at=happening.happened_at,
        received_at=happening.received_at,
        wants_nothing=wants_nothing,
    )


_LATEST_OF: Final = {
    Told.PURCHASED: ("purchased_at",),
    Told.UPGRADED: ("upgraded_at",),
    Told.TICKET_CLOSED: ("ticket_closed_at",),
    Told.CONTACTED: ("contact_at",),
    Told.REPLIED: ("replied_at", "contact_at"),
    Told.REVIEWED: ("reviewed_at",),
}
"""What is told → the members that keep the latest time of it."""


def tell(person: Person, happening: Happening) -> Person:
    """Return a person after something was told; what is told twice or late changes nothing that is later."""
    changes: dict[str, object] = {"received_at": max(person.received_at, happening.received_at), "planned": 0}
    at = happening.happened_at
    if (at, happening.subject) > (person.subject_at, person.subject):
        changes |= {"subject": happening.subject, "subject_at": at}
    for member in _LATEST_OF.get(happening.told, ()):
        changes[member] = latest(getattr(person, member), at)
    changes |= _newest(person, "language", happening.language, at) | _newest(person, "zone", happening.zone, at)
    if happening.told is Told.STAGE_ENTERED:
        changes |= _stage(person, happening)
    if happening.told is Told.RENEWAL_SET:
        changes |= _renewal(person, happening)
    return msgspec.structs.replace(person, **changes)


def _newest(person: Person, member: str, said: str | None, at: datetime) -> dict[str, object]:
    """Return what a person said last about a member that is kept with its time."""
    known, known_at = getattr(person, member), getattr(person, f"{member}_at")
    if said is None or (known_at is not None and (at, said) <= (known_at, known)):
        return {}
    return {member: said, f"{member}_at": at}


def _stage(person: Person, happening: Happening) -> dict[str, object]:
    stage, at = happening.stage or "", happening.happened_at
    if person.stage_at is not None and (at, stage) <= (person.stage_at, person.stage or ""):
        return {}
    bump = 0 if stage == person.stage else 1
    return {"stage": stage, "stage_at": at, "generation": person.generation + bump}


def _renewal(person: Person, happening: Happening) -> dict[str, object]:
    said = (happening.happened_at, happening.renews_at or happening.happened_at)
    if person.renewal_set_at is not None and said <= (person.renewal_set_at, person.renews_at or said[0]):
        return {}
    return {"renews_at": happening.renews_at, "renewal_set_at": happening.happened_at}
