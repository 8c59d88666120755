"""What is decided when an occurrence comes due: it fires, is withheld for a reason, or waits until quiet hours end."""

from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from plaudit.alerting.cadences.domain.person import Person
from plaudit.alerting.cadences.domain.plan import Occurrence, Step, applies, has_responded
from plaudit.alerting.cadences.domain.rules import Purpose, Revision, Rule
from plaudit.alerting.cadences.domain.touchpoint import Touchpoint
from plaudit.alerting.calendars.domain.local_times import local_date, next_allowed
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of


class Why(StrEnum):
    """Why an occurrence that came due contacts nobody."""

    STAGE_LEFT = "stage_left"
    OPTED_OUT = "opted_out"
    RESPONDED = "responded"
    INVITED_LATELY = "invited_lately"
    FREQUENCY_CAP = "frequency_cap"
    STILL_OPEN = "still_open"
    """An earlier touchpoint of the rule has not been done."""
    COLLAPSED = "collapsed"
    """A later occurrence of the same rule came due at the same time."""


WHY_IN_WORDS: Final = {
    Why.STAGE_LEFT: "the customer is in another stage",
    Why.OPTED_OUT: "the customer has opted out",
    Why.RESPONDED: "the customer has responded already",
    Why.INVITED_LATELY: "the customer was invited not long ago",
    Why.FREQUENCY_CAP: "the customer was contacted often enough",
    Why.STILL_OPEN: "the one before is still to be done",
    Why.COLLAPSED: "a later one came due at the same time",
}


class History(NamedTuple):
    """What came of a person's earlier occurrences."""

    contacts: int = 0
    """Touchpoints and invitations that fired within the days of the cap."""
    invited_at: datetime | None = None
    """When the person was invited last, by any rule."""
    is_open: bool = False
    """Whether a touchpoint of the same rule is still to be done."""


class Fire(NamedTuple):
    """The contact is due now."""


class Withhold(NamedTuple):
    """Nobody is contacted."""

    why: Why


class Move(NamedTuple):
    """It is due later."""

    due_at: datetime


Decision = Fire | Withhold | Move
FIRE: Final = Fire()


def decide(
    rule: Rule, occurrence: Occurrence, person: Person, revision: Revision, history: History, now: datetime
) -> Decision:
    """Return what becomes of an occurrence that is due.

    A reason not to contact anybody counts first; then quiet hours of the zone that the person lives in move it, so that
    limits are looked at when it is allowed at last.
    """
    why = _ended(rule, occurrence, person)
    if why is not None:
        return Withhold(why)
    allowed_at = next_allowed(_zone(person, revision), revision.cadences.quiet_hours, now)
    if allowed_at > now:
        return Move(allowed_at)
    why = _limited(rule, occurrence, revision, history, now)
    return FIRE if why is None else Withhold(why)


def _zone(person: Person, revision: Revision) -> ZoneInfo:
    """Return the zone of a person's quiet hours: the person's own, or that of the rules."""
    try:
        return revision.zone if person.zone is None else zone_of(person.zone)
    except UnknownTimeZoneError:  # of a newer list of zones than ours
        return revision.zone


def _ended(rule: Rule, occurrence: Occurrence, person: Person) -> Why | None:
    if not applies(rule, person):
        return Why.STAGE_LEFT
    if person.wants_nothing:
        return Why.OPTED_OUT
    if has_responded(rule, person, occurrence.anchor_at):
        return Why.RESPONDED
    if rule.purpose is Purpose.INVITATION and _has_answered(occurrence, person):
        return Why.RESPONDED
    return None


def _has_answered(occurrence: Occurrence, person: Person) -> bool:
    """Say whether an invitation has lost its object: a review came since its event, or of a reminder any answer."""
    reviewed_at, replied_at = person.reviewed_at, person.replied_at
    if reviewed_at is not None and reviewed_at >= occurrence.anchor_at:
        return True
    return occurrence.step is Step.REMINDER and replied_at is not None and replied_at >= occurrence.anchor_at


def _limited(rule: Rule, occurrence: Occurrence, revision: Revision, history: History, now: datetime) -> Why | None:
    if history.is_open:
        return Why.STILL_OPEN
    is_invitation = rule.purpose is Purpose.INVITATION and occurrence.step is Step.FIRST
    if is_invitation and history.invited_at is not None:
        zone = revision.zone
        days = (local_date(zone, now) - local_date(zone, history.invited_at)).days
        if days < revision.cadences.invitation_every_days:
            return Why.INVITED_LATELY
    return Why.FREQUENCY_CAP if history.contacts >= revision.cadences.cap.most else None


def lost(touchpoint: Touchpoint, rule: Rule | None, person: Person) -> Why | None:
    """Return why an open touchpoint has lost its object; None where it has not, or its rule is no longer there."""
    if person.wants_nothing:
        return Why.OPTED_OUT
    if rule is None:
        return None
    if not applies(rule, person):
        return Why.STAGE_LEFT
    is_invitation = touchpoint.purpose is Purpose.INVITATION
    answered_at = person.reviewed_at if is_invitation else person.response_at if rule.until_response else None
    return Why.RESPONDED if answered_at is not None and answered_at >= touchpoint.fired_at else None
