"""The rules of a tenant's cadences: one document, of which each revision stays as it is.

Five kinds of schedule: days after an event, days before a date, days since the last contact, a weekday, and monthly
with the anchor's day kept.
"""

from collections.abc import Mapping
from datetime import datetime, time
from enum import IntEnum, StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from plaudit.alerting.calendars.domain.local_times import QuietHours
from plaudit.alerting.people.domain import Owner, Owners, fallback_owner
from plaudit.common.time_zones import zone_of

MAX_RULES: Final = 50
MAX_DAYS: Final = 1_000
"""Of an offset or an interval."""
MAX_OFFSETS: Final = 20
GATING: Final = frozenset(
    {"rating", "ratings", "stars", "score", "outcome", "mood", "sentiment", "severity", "satisfaction", "nps", "csat"}
)
"""What an invitation may not be chosen by: customers would be asked because they are content (review gating)."""
GATING_REASON: Final = (
    "an invitation asks every customer: choosing customers by rating, outcome, mood or score is review gating, which "
    "misleads readers and is against the rules of platforms. Remove the condition"
)


SURVEY: Final = "survey:"
"""Before the id of a survey in `review_at`."""


class Trigger(StrEnum):
    """An event that days are counted from."""

    PURCHASED = "purchased"
    UPGRADED = "upgraded"
    TICKET_CLOSED = "ticket_closed"
    STAGE_ENTERED = "stage_entered"


class Purpose(StrEnum):
    """What is done when a rule comes due."""

    TOUCHPOINT = "touchpoint"
    """Somebody of the staff contacts the customer."""
    INVITATION = "invitation"
    """The customer is asked for a review."""
    DIGEST = "digest"
    """The week is told to the owner; it is about no customer."""


class Weekday(IntEnum):
    """Days of the week, as `date.weekday` counts them."""

    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


class AfterEvent(msgspec.Struct, frozen=True, tag="after_event"):
    """Days after an event; day 0 is its own local date."""

    event: Trigger
    days: tuple[int, ...]


class BeforeRenewal(msgspec.Struct, frozen=True, tag="before_renewal"):
    """Days before the customer's contract renews."""

    days: tuple[int, ...]


class SinceContact(msgspec.Struct, frozen=True, tag="since_contact"):
    """Every so many days, counted from the last contact, whoever began it, or from the entry into the stage."""

    every_days: int


class Weekly(msgspec.Struct, frozen=True, tag="weekly"):
    """Each week on one day."""

    weekday: Weekday


class Monthly(msgspec.Struct, frozen=True, tag="monthly"):
    """Each month on the day on which the customer entered the stage, or on the last of a shorter month."""


Schedule = AfterEvent | BeforeRenewal | SinceContact | Weekly | Monthly


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule."""

    id: str
    title: str
    purpose: Purpose
    schedule: Schedule
    at: time
    """The wall time, in the tenant's zone."""
    stages: tuple[str, ...] = ()
    """Only customers in one of these; all, if none is named."""
    subject: str | None = None
    """Only customers of this subject and what is below it."""
    until_response: bool = False
    """Whether a review, a reply or a purchase of the customer since the anchor ends it."""
    reminder_after_days: int | None = None
    """Of an invitation: after how many days it is brought back to mind, once, unless the customer has responded."""
    owner: str | None = None
    """The address of the person who does it; whoever answers for the customer's subject, if none is named."""
    review_at: str | None = None
    """Of an invitation: where the customer is led to; that of all rules, if none is named."""


class Cap(msgspec.Struct, frozen=True):
    """How often one customer may be contacted, by all rules together."""

    most: int
    days: int


class Cadences(msgspec.Struct, frozen=True, kw_only=True):
    """The document of a tenant."""

    zone: str
    quiet_hours: QuietHours | None
    cap: Cap
    invitation_every_days: int
    """A customer is invited at most once in so many days."""
    owner: str | None
    """The address of who does what no rule and no assignment gives to anybody; the default owner, if none is named."""
    rules: tuple[Rule, ...]
    review_at: str | None = None
    """Where invitations lead that name nothing else: a web address, or `survey:<id>`. None: they are not mailed."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of the document; it never changes."""

    tenant_id: str
    number: int
    cadences: Cadences
    active_from: datetime
    """Nothing that was due before a local date of then comes due by this revision."""
    saved_by: str

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return zone_of(self.cadences.zone)

    @property
    def by_id(self) -> Mapping[str, Rule]:
        """Id → rule."""
        return {rule.id: rule for rule in self.cadences.rules}

    def owner_of(self, rule: Rule, people: Owners, fallback: Owner, subject: str | None = None) -> Owner:
        """Return who does what a rule asks for: whom it names, else who answers for the subject, else the default.

        Args:
            rule: of this revision.
            people: what the tenant says of its people.
            fallback: the owner of the settings.
            subject: the customer's; none for the digest, which is about all subjects.
        """
        assigned = None if rule.owner or subject is None else people.assignment(subject, None, None)
        if assigned is not None:
            return assigned.person
        address = rule.owner or self.cadences.owner
        if address is None:
            return people.default_owner(fallback)
        return people.by_address(address) or fallback_owner(address)

    def review_at(self, rule: Rule) -> str:
        """Return where an invitation leads to; empty where nothing is named."""
        return rule.review_at or self.cadences.review_at or ""


def faults_of(cadences: Cadences) -> list[tuple[str, str]]:
    """Return what is wrong with a document beyond the form of its fields: JSON pointer and rule, in order."""
    faults: list[tuple[str, str]] = []
    seen: set[str] = set()
    for number, rule in enumerate(cadences.rules):
        place = f"/rules/{number}"
        if rule.id in seen:
            faults.append((f"{place}/id", f"another rule has the id {rule.id} already; give each one of its own"))
        seen.add(rule.id)
        faults += [(f"{place}{pointer}", text) for pointer, text in _faults_of_rule(rule)]
    return faults


def _faults_of_rule(rule: Rule) -> list[tuple[str, str]]:
    faults: list[tuple[str, str]] = []
    schedule = rule.schedule
    if isinstance(schedule, AfterEvent) and list(schedule.days) != sorted(set(schedule.days)):
        faults.append(("/schedule/days", "write each day once, in ascending order"))
    if isinstance(schedule, BeforeRenewal) and list(schedule.days) != sorted(set(schedule.days), reverse=True):
        faults.append(("/schedule/days", "write each day once, in descending order"))
    if rule.purpose is Purpose.DIGEST and not isinstance(schedule, Weekly):
        faults.append(("/schedule/kind", "a digest is of a week: its schedule is `weekly`"))
    if rule.purpose is Purpose.DIGEST and (rule.stages or rule.subject):
        faults.append(("/purpose", "a digest is about no customer: it takes neither stages nor a subject"))
    if rule.purpose is Purpose.INVITATION and not isinstance(schedule, AfterEvent):
        faults.append(("/schedule/kind", "an invitation follows an event: its schedule is `after_event`"))
    if rule.purpose is not Purpose.INVITATION and rule.review_at is not None:
        faults.append(("/review_at", "only an invitation leads to a review"))
    if rule.purpose is not Purpose.INVITATION and rule.reminder_after_days is not None:
        faults.append(("/reminder_after_days", "only an invitation is brought back to mind"))
    if isinstance(schedule, Monthly) and not rule.stages:
        faults.append(("/stages", "name the stage whose first day is the day of each month"))
    return faults
