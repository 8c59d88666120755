"""The document of the rules."""

from datetime import datetime, time
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.rules import (
    GATING,
    GATING_REASON,
    MAX_DAYS,
    MAX_OFFSETS,
    MAX_RULES,
    SURVEY,
    AfterEvent,
    BeforeRenewal,
    Cadences,
    Cap,
    Monthly,
    Purpose,
    Revision,
    Rule,
    Schedule,
    SinceContact,
    Trigger,
    Weekday,
    Weekly,
)
from plaudit.alerting.calendars.domain.local_times import QuietHours
from plaudit.alerting.clocks.domain.about import is_web_address
from plaudit.common import mailbox
from plaudit.common.http import WHOLE, AnyText, Body, Subject
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

WALL_PATTERN: Final = "^([01][0-9]|2[0-3]):[0-5][0-9]$"
MAX_TEXT_CHARS: Final = 100
MAX_STAGES: Final = 20


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except UnknownTimeZoneError as error:
        raise PydanticCustomError("zone", "{rule}", {"rule": str(error)}) from error
    return name


def _address(text: str) -> str:
    try:
        return mailbox.parse(text).address
    except mailbox.NotAMailboxError as error:
        raise PydanticCustomError("address", "{rule}", {"rule": mailbox.RULE}) from error


def _review_at(text: str) -> str:
    """Return where invitations lead to: an address that a browser opens, or a survey."""
    if text.startswith(SURVEY):
        try:
            return f"{SURVEY}{UUID(text.removeprefix(SURVEY))}"
        except ValueError as error:
            rule = "after `survey:` write the id of a survey, as `GET /v1/surveys` lists it"
            raise PydanticCustomError("survey", "{rule}", {"rule": rule}) from error
    address = urlsplit(text)
    if address.scheme != "https" or not address.hostname or address.username or not is_web_address(text):
        rule = "write an address that begins with https://, or `survey:` and the id of a survey"
        raise PydanticCustomError("web_address", "{rule}", {"rule": rule})
    return text


ReviewAt = Annotated[str, StringConstraints(max_length=500), AfterValidator(_review_at)]
Wall = Annotated[str, StringConstraints(pattern=WALL_PATTERN)]
Text = Annotated[AnyText, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS, strip_whitespace=True)]
Zone = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS), AfterValidator(_zone)]
Owner = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]
Days = Annotated[int, Field(ge=0, le=MAX_DAYS), WHOLE]
SomeDays = Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE]


class AfterEventIn(Body):
    """Days after an event."""

    kind: Literal["after_event"] = Field(description="Which kind of rule it is.", examples=["after_event"])
    event: Trigger = Field(description="What days are counted from.", examples=["stage_entered"])
    days: list[Days] = Field(
        min_length=1, max_length=MAX_OFFSETS, description="Ascending; 0 is the day itself.", examples=[[0, 3, 7, 30]]
    )


class BeforeRenewalIn(Body):
    """Days before the contract renews."""

    kind: Literal["before_renewal"] = Field(description="Which kind of rule it is.", examples=["before_renewal"])
    days: list[Days] = Field(min_length=1, max_length=MAX_OFFSETS, description="Descending.", examples=[[90, 60, 30]])


class SinceContactIn(Body):
    """An interval that each contact begins anew."""

    kind: Literal["since_contact"] = Field(description="Which kind of rule it is.", examples=["since_contact"])
    every_days: SomeDays = Field(description="How long after the last contact.", examples=[14])


class WeeklyIn(Body):
    """One day of each week."""

    kind: Literal["weekly"] = Field(description="Which kind of rule it is.", examples=["weekly"])
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        description="On which day.", examples=["monday"]
    )


class MonthlyIn(Body):
    """Each month on the day of the entry into the stage, or on the last of a shorter month."""

    kind: Literal["monthly"] = Field(description="Which kind of rule it is.", examples=["monthly"])


ScheduleIn = Annotated[
    AfterEventIn | BeforeRenewalIn | SinceContactIn | WeeklyIn | MonthlyIn, Field(discriminator="kind")
]


class RuleIn(Body):
    """One rule."""

    id: Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9-]{0,63}$")] = Field(
        description="Its name for programs: letters, digits and hyphens.", examples=["new-customer"]
    )
    title: Text = Field(description="Its name for people.", examples=["New customer, days 0, 3, 7 and 30"])
    purpose: Purpose = Field(description="What is done when it comes due.", examples=["touchpoint"])
    schedule: ScheduleIn = Field(
        description="When it comes due, in local dates of the zone.",
        examples=[{"kind": "after_event", "event": "stage_entered", "days": [0, 3, 7, 30]}],
    )
    at: Wall = Field(description="The wall time.", examples=["09:00"])
    stages: list[Text] = Field(
        default_factory=list,
        max_length=MAX_STAGES,
        description="Only customers in one of these stages; all, if none is named.",
        examples=[["new"]],
    )
    subject: Subject | None = Field(default=None, description="Only customers of this subject and what is below it.")
    until_response: bool = Field(
        default=False, strict=True, description="Whether a review, a reply or a purchase since the anchor ends it."
    )
    reminder_after_days: SomeDays | None = Field(
        default=None, description="Of an invitation: when it is brought back to mind, once, without a response."
    )
    owner: Owner | None = Field(default=None, description="Who does it; the owner of all rules, if not given.")
    review_at: ReviewAt | None = Field(
        default=None, description="Of an invitation: where it leads; where all others lead, if not given."
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_gating(cls, value: Any) -> Any:
        """Refuse a condition on how content a customer is: on a rule itself, or in an object within it."""
        if isinstance(value, dict) and value.get("purpose") == Purpose.INVITATION:
            names = {*value, *(name for each in value.values() if isinstance(each, dict) for name in each)}
            if names & GATING:
                raise PydanticCustomError("review_gating", "{rule}", {"rule": GATING_REASON})
        return value

    def rule(self) -> Rule:
        """Return it as the domain has it."""
        return Rule(
            id=self.id,
            title=self.title,
            purpose=self.purpose,
            schedule=_schedule(self.schedule),
            at=time.fromisoformat(self.at),
            stages=tuple(self.stages),
            subject=self.subject,
            until_response=self.until_response,
            reminder_after_days=self.reminder_after_days,
            owner=self.owner,
            review_at=self.review_at,
        )


class QuietHoursIn(Body):
    """When nobody is contacted."""

    start: Wall = Field(description="From then, in the zone.", examples=["20:00"])
    end: Wall = Field(description="Until then, past midnight where it is the earlier.", examples=["08:00"])

    def hours(self) -> QuietHours:
        """Return them as the domain has them."""
        return QuietHours(time.fromisoformat(self.start), time.fromisoformat(self.end))

    @field_validator("end")
    @classmethod
    def _differs(cls, end: str, info: Any) -> str:
        if end == info.data.get("start"):
            raise PydanticCustomError("quiet_hours", "quiet hours end at another time than they begin")
        return end


class CapIn(Body):
    """How often one customer is contacted, by all rules together."""

    most: Annotated[int, Field(ge=1, le=100), WHOLE] = Field(description="At most so often.", examples=[3])
    days: SomeDays = Field(description="Within so many local dates.", examples=[7])


def _rule_document(rule: Rule) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": rule.id,
        "title": rule.title,
        "purpose": rule.purpose.value,
        "schedule": _schedule_document(rule.schedule),
        "at": f"{rule.at:%H:%M}",
    }
    more = {
        "stages": list(rule.stages),
        "subject": rule.subject,
        "until_response": rule.until_response,
        "reminder_after_days": rule.reminder_after_days,
        "owner": rule.owner,
        "review_at": rule.review_at,
    }
    return document | {name: value for name, value in more.items() if value}


def _schedule_document(schedule: Schedule) -> dict[str, Any]:
    match schedule:
        case AfterEvent(event=event, days=days):
            return {"kind": "after_event", "event": event.value, "days": list(days)}
        case BeforeRenewal(days=days):
            return {"kind": "before_renewal", "days": list(days)}
        case SinceContact(every_days=every):
            return {"kind": "since_contact", "every_days": every}
        case Weekly(weekday=weekday):
            return {"kind": "weekly", "weekday": Weekday(weekday).name.lower()}
        case Monthly():
            return {"kind": "monthly"}


_SHOWN: Final = ("new-customer", "invite-purchased", "weekly-digest")
_EXAMPLE_RULES: Final = [
    RuleIn.model_validate(_rule_document(rule)).model_dump(mode="json", exclude_none=True)
    for rule in DEFAULT.rules
    if rule.id in _SHOWN
]


class CadencesIn(Body):
    """The rules of cadences: the whole document."""

    zone: Zone = Field(description="The time zone of all dates and times.", examples=["UTC"])
    quiet_hours: QuietHoursIn | None = Field(
        description="When nobody is contacted; null for none. What comes due then waits until they end.",
        examples=[{"start": "20:00", "end": "08:00"}],
    )
    cap: CapIn = Field(description="The limit for one customer.", examples=[{"most": 3, "days": 7}])
    invitation_every_days: SomeDays = Field(
        description="A customer is invited at most once in so many days.", examples=[90]
    )
    owner: Owner | None = Field(
        default=None, description="Who does what no rule and no assignment gives to anybody else."
    )
    review_at: ReviewAt | None = Field(
        default=None,
        description="Where invitations lead: an address of `https`, such as that of your page on a platform or of the "
        "board, or `survey:<id>`, for a link of each customer's own. Without it, invitations are not mailed.",
        examples=["https://www.trustpilot.com/evaluate/acme.example"],
    )
    rules: list[RuleIn] = Field(max_length=MAX_RULES, description="The rules.", examples=[_EXAMPLE_RULES])

    def cadences(self) -> Cadences:
        """Return them as the domain has them."""
        quiet = self.quiet_hours
        return Cadences(
            zone=self.zone,
            quiet_hours=None if quiet is None else quiet.hours(),
            cap=Cap(self.cap.most, self.cap.days),
            invitation_every_days=self.invitation_every_days,
            owner=self.owner,
            review_at=self.review_at,
            rules=tuple(each.rule() for each in self.rules),
        )


def document_of(cadences: Cadences) -> dict[str, Any]:
    """Return rules as the document that `CadencesIn` reads."""
    quiet = cadences.quiet_hours
    return {
        "zone": cadences.zone,
        "quiet_hours": quiet and {"start": f"{quiet.start:%H:%M}", "end": f"{quiet.end:%H:%M}"},
        "cap": {"most": cadences.cap.most, "days": cadences.cap.days},
        "invitation_every_days": cadences.invitation_every_days,
        "owner": cadences.owner,
        "review_at": cadences.review_at,
        "rules": [_rule_document(each) for each in cadences.rules],
    }


CADENCES_IN: Final = TypeAdapter(CadencesIn)


class CadencesOut(BaseModel):
    """The rules in force."""

    revision: int = Field(description="Counted from 1; 0 where the tenant has none yet.", examples=[1])
    active_from: datetime = Field(description="Since when they are in force.", examples=[A_TIME])
    saved_by: str = Field(
        description="The key (`key:<public id>`) or the person (`person:<id>`) who saved them; else `built in`.",
        examples=["key:vw3sajk26br3jcpn"],
    )
    cadences: CadencesIn = Field(description="The document; `PUT /v1/cadences` takes it.")


def cadences_out(revision: Revision, number: int) -> CadencesOut:
    """Return the rules in force."""
    return CadencesOut(
        revision=number,
        active_from=revision.active_from,
        saved_by=revision.saved_by,
        cadences=CadencesIn.model_validate(document_of(revision.cadences)),
    )


def _schedule(given: AfterEventIn | BeforeRenewalIn | SinceContactIn | WeeklyIn | MonthlyIn) -> Schedule:
    match given:
        case AfterEventIn(event=event, days=days):
            return AfterEvent(event, tuple(days))
        case BeforeRenewalIn(days=days):
            return BeforeRenewal(tuple(days))
        case SinceContactIn(every_days=every):
            return SinceContact(every)
        case WeeklyIn(weekday=weekday):
            return Weekly(Weekday[weekday.upper()])
        case MonthlyIn():
            return Monthly()
