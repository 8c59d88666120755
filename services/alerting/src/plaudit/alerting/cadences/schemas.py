"""Cadences in the API, and the document of their rules, which a form of the console takes as well."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from plaudit.alerting.cadences.domain.decide import Why
from plaudit.alerting.cadences.domain.default import DEFAULT
from plaudit.alerting.cadences.domain.digest import Clocks, Digest, compose, in_words
from plaudit.alerting.cadences.domain.plan import Step
from plaudit.alerting.cadences.domain.rules import (
    GATING,
    GATING_REASON,
    MAX_DAYS,
    MAX_OFFSETS,
    MAX_RULES,
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
from plaudit.alerting.cadences.domain.touchpoint import MAX_NOTE_CHARS, Channel, State
from plaudit.alerting.calendars.domain.local_times import QuietHours
from plaudit.common import mailbox
from plaudit.common.http import WHOLE, AnyText, Body, Subject
from plaudit.common.http.openapi_examples import A_TIME
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

A_PERSON: Final = "native:c-1"
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


Wall = Annotated[str, StringConstraints(pattern=WALL_PATTERN)]
Text = Annotated[AnyText, StringConstraints(min_length=1, max_length=MAX_TEXT_CHARS, strip_whitespace=True)]
Zone = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARS), AfterValidator(_zone)]
Owner = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]
Days = Annotated[int, Field(ge=0, le=MAX_DAYS), WHOLE]
SomeDays = Annotated[int, Field(ge=1, le=MAX_DAYS), WHOLE]


class AfterEventIn(Body):
    """Days after an event."""

    kind: Literal["after_event"] = Field(examples=["after_event"])
    event: Trigger = Field(description="What days are counted from.", examples=["stage_entered"])
    days: list[Days] = Field(
        min_length=1, max_length=MAX_OFFSETS, description="Ascending; 0 is the day itself.", examples=[[0, 3, 7, 30]]
    )


class BeforeRenewalIn(Body):
    """Days before the contract renews."""

    kind: Literal["before_renewal"] = Field(examples=["before_renewal"])
    days: list[Days] = Field(min_length=1, max_length=MAX_OFFSETS, description="Descending.", examples=[[90, 60, 30]])


class SinceContactIn(Body):
    """An interval that each contact begins anew."""

    kind: Literal["since_contact"] = Field(examples=["since_contact"])
    every_days: SomeDays = Field(description="How long after the last contact.", examples=[14])


class WeeklyIn(Body):
    """One day of each week."""

    kind: Literal["weekly"] = Field(examples=["weekly"])
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        description="On which day.", examples=["monday"]
    )


class MonthlyIn(Body):
    """Each month on the day of the entry into the stage, or on the last of a shorter month."""

    kind: Literal["monthly"] = Field(examples=["monthly"])


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
    owner: Owner | None = Field(default=None, description="Who does what no rule gives to anybody else.")
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


class TouchpointOut(BaseModel):
    """A contact that came due, and what became of it."""

    id: UUID = Field(description="Its id.")
    rule: str = Field(description="The id of its rule.", examples=["new-customer"])
    title: str = Field(description="The title of its rule.", examples=["New customer, days 0, 3, 7 and 30"])
    purpose: Purpose = Field(description="What is to be done.", examples=["touchpoint"])
    step: Step = Field(description="Of an invitation: the first one, or its reminder.", examples=["first"])
    person: str = Field(description="The person key.", examples=[A_PERSON])
    subject: str = Field(description="What the customer dealt with last.", examples=["acme/berlin"])
    local_date: date = Field(description="The date that it is for.", examples=["2026-03-02"])
    owner: str = Field(description="The address of the person to do it.", examples=["owner@acme.example"])
    state: State = Field(description="How it stands.", examples=["open"])
    why: str | None = Field(
        description=f"Why nobody was contacted ({', '.join(Why)}), or why it was skipped, in words."
    )
    fired_at: datetime = Field(description="When it came due.", examples=[A_TIME])
    channel: str | None = Field(description="By which way the customer was contacted.")
    note: str | None = Field(description="What was noted of it.")
    closed_at: datetime | None = Field(description="When nothing was left to do.")
    closed_by: str | None = Field(description="Who said so.")


class DoneIn(Body):
    """That a customer was contacted."""

    channel: Channel = Field(description="By which way.", examples=["phone"])
    note: Annotated[AnyText, StringConstraints(max_length=MAX_NOTE_CHARS, strip_whitespace=True)] = Field(
        default="", description="What was said; deleted with the person.", examples=["Likes the new report."]
    )


class SkipIn(Body):
    """That a customer is not contacted this time."""

    why: Annotated[AnyText, StringConstraints(min_length=1, max_length=MAX_NOTE_CHARS, strip_whitespace=True)] = Field(
        description="The reason, in words.", examples=["On holiday until May."]
    )


class WaitingClockOut(BaseModel):
    """A clock that runs or is late."""

    clock_id: UUID = Field(description="The clock.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    due_at: datetime = Field(description="When it is due.", examples=[A_TIME])


class ClocksOut(BaseModel):
    """How the clocks stand; no count goes beyond 10,000."""

    running: int = Field(description="That wait for an answer, late ones too.", examples=[0])
    late: int = Field(description="Of these, past their due time.", examples=[0])
    breached: int = Field(description="Breached within the week.", examples=[0])
    fulfilled: int = Field(description="Answered in time within the week.", examples=[0])
    first_due: list[WaitingClockOut] = Field(description="The ten that are due first.", examples=[[]])


class MoverOut(BaseModel):
    """A subject whose score has changed by 0.05 or more since the digest before."""

    subject: str = Field(description="The subject.", examples=["acme/berlin"])
    before: float = Field(description="The score as the digest before told it.", examples=[4.1])
    after: float = Field(description="The score now.", examples=[4.3])
    change: float = Field(description="By how much.", examples=[0.2])
    count: int = Field(description="Published reviews.", examples=[10])


class ComplaintOut(BaseModel):
    """A topic of complaints."""

    topic: str = Field(description="The topic.", examples=["delivery"])
    count: int = Field(description="In how many complaints of the week.", examples=[2])


class RaisedOut(BaseModel):
    """A review whose author raised the rating."""

    review_id: str = Field(description="Our id of the review.")
    subject: str = Field(description="What it is about.", examples=["acme/berlin"])
    before: int = Field(description="Stars before.", examples=[2])
    after: int = Field(description="Stars now.", examples=[5])


class WaitingRequestOut(BaseModel):
    """A request of the board that waits for a decision."""

    request_id: str = Field(description="The request.")
    title: str = Field(description="Its title.", examples=["Dark mode"])
    status: str = Field(description="How it stands.", examples=["open"])
    votes: int = Field(description="Its votes.", examples=[12])
    created_at: datetime = Field(description="Since when.", examples=[A_TIME])


_A_TIME: Final = datetime.fromisoformat(A_TIME)
_EXAMPLE_DIGEST: Final = compose(
    local_date=date(2026, 3, 2),
    zone="UTC",
    start=_A_TIME,
    end=_A_TIME,
    clocks=Clocks(running=0, late=0, breached=0, fulfilled=0, first_due=()),
    scores=(),
    reviews=(),
    requests=(),
    requests_by_status={},
    touchpoints_open=0,
)


class DigestOut(BaseModel):
    """A week, as it was told."""

    local_date: date = Field(description="Its date, in the zone.", examples=["2026-03-02"])
    zone: str = Field(description="The time zone.", examples=["UTC"])
    start: datetime = Field(description="From then: the end of the digest before.", examples=[A_TIME])
    end: datetime = Field(description="To before then.", examples=[A_TIME])
    clocks: ClocksOut = Field(description="How the clocks stand.")
    movers: list[MoverOut] = Field(description="The ten subjects that moved most.", examples=[[]])
    reviews: int = Field(description="Reviews in stars that were published.", examples=[0])
    complaints: int = Field(description="Of these, of one or two stars.", examples=[0])
    topics: list[ComplaintOut] = Field(description="What complaints name, the most frequent first.", examples=[[]])
    praise: int = Field(description="Reviews of four or five stars.", examples=[0])
    answered: int = Field(description="Reviews whose answer was published.", examples=[0])
    raised: list[RaisedOut] = Field(description="Ten raised ratings, those raised most first.", examples=[[]])
    raised_count: int = Field(description="How many were raised.", examples=[0])
    requests: list[WaitingRequestOut] = Field(
        description="Ten requests that wait for a decision, those with the most votes first.", examples=[[]]
    )
    requests_by_status: dict[str, int] = Field(description="How many wait, by status.", examples=[{}])
    touchpoints_open: int = Field(description="Contacts with customers that are still to be made.", examples=[0])
    text: str = Field(description="The same in words.", examples=[in_words(_EXAMPLE_DIGEST)])


class OccurrenceOut(BaseModel):
    """A contact that is still to come."""

    rule: str = Field(description="The id of its rule.", examples=["new-customer"])
    step: Step = Field(description="Of an invitation: the first one, or its reminder.", examples=["first"])
    person: str = Field(description="The person key; empty for the digest.", examples=[A_PERSON])
    local_date: date = Field(description="The date that it is for.", examples=["2026-03-05"])
    due_at: datetime = Field(description="When it comes due.", examples=[A_TIME])


class InvitationOut(BaseModel):
    """An invitation that a customer has, to be shown within an application."""

    id: UUID = Field(description="Its id.")
    person: str = Field(description="The person key.", examples=[A_PERSON])
    subject: str = Field(description="What the customer is asked about.", examples=["acme/berlin"])
    rule: str = Field(description="The id of its rule.", examples=["invite-purchased"])
    is_reminder: bool = Field(description="Whether it is the reminder.")
    invited_at: datetime = Field(description="Since when.", examples=[A_TIME])


class InvitationsOut(BaseModel):
    """The invitations that a customer has now."""

    items: list[InvitationOut] = Field(description="The newest first; empty where the customer is not to be asked.")


class ReasonOut(BaseModel):
    """Why customers were not invited."""

    why: str = Field(description="The reason.", examples=["invited_lately"])
    count: int = Field(description="How many.", examples=[1])


class InvitedOut(BaseModel):
    """Of the customers who were to be invited by a rule, how many were."""

    rule: str = Field(description="The id of the rule.", examples=["invite-purchased"])
    eligible: int = Field(description="Whose event made the rule come due.", examples=[2])
    invited: int = Field(description="Who were invited.", examples=[1])
    share: float = Field(description="Invited ÷ eligible.", examples=[0.5])
    responded: int = Field(description="Of the invited, who have written a review.", examples=[0])
    not_invited: list[ReasonOut] = Field(description="Why not, each with how many; they add up to eligible - invited.")


class InvitationReportOut(BaseModel):
    """Invited ÷ eligible, by rule."""

    items: list[InvitedOut] = Field(description="Rules of which anything came due in the time.")


def cadences_out(revision: Revision, number: int) -> CadencesOut:
    """Return the rules in force."""
    return CadencesOut(
        revision=number,
        active_from=revision.active_from,
        saved_by=revision.saved_by,
        cadences=CadencesIn.model_validate(document_of(revision.cadences)),
    )


def digest_out(digest: Digest) -> DigestOut:
    """Return a digest, with its text."""
    members = {name: getattr(digest, name) for name in DigestOut.model_fields if name != "text"}
    return DigestOut.model_validate({**members, "text": in_words(digest)}, from_attributes=True)


def invited_out(rows: Iterable[Mapping[str, Any]]) -> InvitationReportOut:
    """Return invited ÷ eligible of counts by rule, state and reason."""
    by_rule: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_rule.setdefault(row["rule"], []).append(row)
    return InvitationReportOut(items=[_invited_of(rule, each) for rule, each in by_rule.items()])


def _invited_of(rule: str, rows: Sequence[Mapping[str, Any]]) -> InvitedOut:
    eligible = sum(row["count"] for row in rows)
    withheld = [row for row in rows if row["state"] == State.WITHHELD]
    invited = eligible - sum(row["count"] for row in withheld)
    return InvitedOut(
        rule=rule,
        eligible=eligible,
        invited=invited,
        share=invited / eligible,
        responded=sum(row["count"] for row in rows if row["state"] == State.ENDED and row["why"] == Why.RESPONDED),
        not_invited=[ReasonOut(why=row["why"], count=row["count"]) for row in withheld],
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
