"""Owners as people write them: one document in YAML or JSON, with names of teams and escalations.

What a document says is checked here; whether its endpoints exist, only the database knows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import time
from typing import Annotated, Final, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from plaudit.alerting.calendars.domain.local_times import QuietHours
from plaudit.alerting.people.domain.owners import (
    OWNER_ONLY,
    Assignment,
    ChainStep,
    EndpointRef,
    Escalation,
    Owner,
    Owners,
    Repeat,
    Team,
)
from plaudit.alerting.policies.domain.document import (
    NAME_PATTERN,
    DocumentError,
    Format,
    Label,
    LengthIn,
    Part,
    WrongPolicyError,
    in_words,
    loaded,
    located,
    mistake,
    model_mistake,
    out_of_bounds,
    unknown,
)
from plaudit.alerting.policies.domain.metrics import INCIDENT_SEVERITIES, REVIEW_SEVERITIES
from plaudit.common import mailbox
from plaudit.common.contracts.subjects import SUBJECT_RULE, is_subject
from plaudit.common.refusals import WrongInputError
from plaudit.common.time_zones import UnknownTimeZoneError, zone_of

MAX_PEOPLE: Final = 200
MAX_TEAMS: Final = 50
MAX_MEMBERS: Final = 50
MAX_ESCALATIONS: Final = 50
MAX_STEPS: Final = 10
MAX_REPEATS: Final = 10
MAX_ASSIGNMENTS: Final = 500
MAX_SOURCES: Final = 50
MAX_ERRORS: Final = 50
MIN_STEP_SECONDS: Final = 60
MAX_STEP_SECONDS: Final = 7 * 86_400
MIN_REPEAT_SECONDS: Final = 300
MAX_REPEAT_SECONDS: Final = 7 * 86_400
SEVERITIES: Final = (*(str(each) for each in REVIEW_SEVERITIES), *INCIDENT_SEVERITIES)
"""Of reviews and of incidents, which an assignment may name."""
QUIET_RULE: Final = "a time of the day is written as `22:00`, in quotes"

Found = TypeVar("Found")


class WrongOwnersError(WrongInputError):
    """A document that says of nobody for what they answer; `errors` names each mistake."""

    def __init__(self, errors: Sequence[DocumentError]) -> None:
        """Take the mistakes, of which there is at least one."""
        self.errors = tuple(errors[:MAX_ERRORS])
        super().__init__("; ".join(in_words(each) for each in self.errors))


def _address(text: str) -> str:
    return mailbox.server_address(text)


def _zone(name: str) -> str:
    try:
        zone_of(name)
    except UnknownTimeZoneError as error:
        raise ValueError(str(error)) from None
    return name


def _wall_time(value: object) -> time:
    if isinstance(value, time):
        return value
    try:
        if isinstance(value, str) and len(value) == len("22:00"):
            return time.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(QUIET_RULE)


Address = Annotated[str, AfterValidator(_address)]
Zone = Annotated[str, AfterValidator(_zone)]
WallTime = Annotated[time, BeforeValidator(_wall_time)]
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
EndpointId = Annotated[UUID, Field(strict=False)]


class QuietIn(Part):
    """When somebody wants to be left alone."""

    start: WallTime = Field(alias="from")
    end: WallTime = Field(alias="to")


class PersonIn(Part):
    """A person who answers."""

    address: Address
    name: Label
    zone: Zone = "UTC"
    quiet_hours: QuietIn | None = None


class TeamIn(Part):
    """A team; its first member is the owner of what is assigned to it."""

    name: Name
    members: list[Address] = Field(min_length=1, max_length=MAX_MEMBERS)


class StepIn(Part):
    """A step of an escalation: who is told, so long after the alert was raised."""

    after: LengthIn
    team: Name | None = None
    endpoint: EndpointId | None = None
    """Neither: the owner is told again."""


class RepeatIn(Part):
    """How often an escalation begins anew."""

    every: LengthIn
    most: int = Field(ge=1, le=MAX_REPEATS)


class EscalationIn(Part):
    """Who is told after the owner."""

    name: Name
    steps: list[StepIn] = Field(min_length=1, max_length=MAX_STEPS)
    repeat: RepeatIn | None = None


class AssignmentIn(Part):
    """What belongs to whom."""

    subject: str
    source: Annotated[list[Label], Field(min_length=1, max_length=MAX_SOURCES)] | None = None
    severity: Annotated[list[str], Field(min_length=1, max_length=len(SEVERITIES))] | None = None
    owner: Address | None = None
    team: Name | None = None
    escalation: Name | None = None


class DefaultIn(Part):
    """Who answers for what is assigned to nobody."""

    owner: Address | None = None
    """None: the owner of the settings."""
    escalation: Name | None = None


class OwnersIn(Part):
    """The document."""

    people: list[PersonIn] = Field(default=[], max_length=MAX_PEOPLE)
    teams: list[TeamIn] = Field(default=[], max_length=MAX_TEAMS)
    escalations: list[EscalationIn] = Field(default=[], max_length=MAX_ESCALATIONS)
    assignments: list[AssignmentIn] = Field(default=[], max_length=MAX_ASSIGNMENTS)
    default: DefaultIn = DefaultIn()


_PARTS: Final[Mapping[str, Mapping[int, type[BaseModel]]]] = {
    "people": {3: PersonIn, 4: QuietIn},
    "teams": {3: TeamIn},
    "escalations": {3: EscalationIn, 4: RepeatIn, 5: StepIn},
    "assignments": {3: AssignmentIn},
    "default": {2: DefaultIn},
}
"""Member of the document → the models of what is below it, by their depth."""


def compiled(text: str, written: Format, *, endpoints: Collection[UUID], number: int) -> Owners:
    """Return what a document says, with all of its rules checked.

    Args:
        text: the document.
        written: how it is written.
        endpoints: those that the tenant has.
        number: of the revision.

    Raises:
        WrongOwnersError: its errors say all that is wrong, each with its place.
    """
    try:
        value, lines = loaded(text, written)
    except WrongPolicyError as error:
        raise WrongOwnersError(error.errors) from None
    try:
        document = OwnersIn.model_validate(value)
    except ValidationError as error:
        raise WrongOwnersError(located((_model_mistake(each) for each in error.errors()), lines)) from None
    errors = located(_mistakes(document, endpoints), lines)
    if errors:
        raise WrongOwnersError(errors)
    return _owners(document, number)


def _model_mistake(error: object) -> DocumentError:
    place = error["loc"] if isinstance(error, dict) else ()
    first = str(place[0]) if place else ""
    return model_mistake(error, {1: OwnersIn, **_PARTS.get(first, {})})


def _mistakes(document: OwnersIn, endpoints: Collection[UUID]) -> Iterator[DocumentError]:
    addresses = [each.address for each in document.people]
    teams = [each.name for each in document.teams]
    escalations = [each.name for each in document.escalations]
    yield from _repeated("/people", "address", addresses, "person")
    yield from _repeated("/teams", "name", teams, "team")
    yield from _repeated("/escalations", "name", escalations, "escalation")
    for place, person in enumerate(document.people):
        if person.quiet_hours is not None and person.quiet_hours.start == person.quiet_hours.end:
            yield mistake(
                f"/people/{place}/quiet_hours", "empty_range", "quiet hours end at another time than they begin"
            )
    for place, team in enumerate(document.teams):
        pointer = f"/teams/{place}/members"
        yield from _unknown_ones(pointer, "person", team.members, addresses)
        yield from _repeated(pointer, "", team.members, "member")
    for place, escalation in enumerate(document.escalations):
        yield from _mistakes_of_escalation(escalation, f"/escalations/{place}", teams, endpoints)
    yield from _mistakes_of_assignments(document.assignments, addresses, teams, escalations)
    yield from _unknown_one("/default/owner", "person", document.default.owner, addresses)
    yield from _unknown_one("/default/escalation", "escalation", document.default.escalation, escalations)


def _mistakes_of_escalation(
    escalation: EscalationIn, pointer: str, teams: Sequence[str], endpoints: Collection[UUID]
) -> Iterator[DocumentError]:
    before = 0
    for place, step in enumerate(escalation.steps):
        where = f"{pointer}/steps/{place}"
        yield from out_of_bounds(f"{where}/after", step.after, MIN_STEP_SECONDS, MAX_STEP_SECONDS)
        if step.after.seconds <= before:
            detail = "each step comes later than the one before it; the owner is told at once, before all steps"
            yield mistake(f"{where}/after", "out_of_order", detail)
        before = step.after.seconds
        yield from _unknown_one(f"{where}/team", "team", step.team, teams)
        if step.team is not None and step.endpoint is not None:
            yield mistake(where, "two_targets", "a step is for a team or for an endpoint: make two steps")
        if step.endpoint is not None and step.endpoint not in endpoints:
            detail = "there is no such endpoint; `GET /v1/endpoints` lists them with their ids"
            yield mistake(f"{where}/endpoint", "unknown_endpoint", detail)
    if escalation.repeat is not None:
        where = f"{pointer}/repeat/every"
        yield from out_of_bounds(where, escalation.repeat.every, MIN_REPEAT_SECONDS, MAX_REPEAT_SECONDS)


def _mistakes_of_assignments(
    assignments: Sequence[AssignmentIn], addresses: Sequence[str], teams: Sequence[str], escalations: Sequence[str]
) -> Iterator[DocumentError]:
    for place, each in enumerate(assignments):
        pointer = f"/assignments/{place}"
        if not is_subject(each.subject):
            yield mistake(f"{pointer}/subject", "wrong_subject", SUBJECT_RULE)
        if (each.owner is None) == (each.team is None):
            yield mistake(pointer, "no_owner", "an assignment names an `owner` or a `team`, and not both")
        yield from _unknown_one(f"{pointer}/owner", "person", each.owner, addresses)
        yield from _unknown_one(f"{pointer}/team", "team", each.team, teams)
        yield from _unknown_one(f"{pointer}/escalation", "escalation", each.escalation, escalations)
        yield from _unknown_ones(f"{pointer}/severity", "severity", each.severity or (), SEVERITIES)
        if any(_is_as_narrow(each, other) for other in assignments[:place]):
            detail = "another assignment is for this subject, source and severity too: which is meant, nobody can say"
            yield mistake(f"{pointer}/subject", "repeated_prefix", detail)


def _is_as_narrow(one: AssignmentIn, other: AssignmentIn) -> bool:
    """Say whether two assignments can be for the same review, and neither is the narrower one."""
    return (
        one.subject == other.subject and _overlap(one.source, other.source) and _overlap(one.severity, other.severity)
    )


def _overlap(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    return one is other if one is None or other is None else not set(one).isdisjoint(other)


def _repeated(pointer: str, member: str, names: Sequence[str], noun: str) -> Iterator[DocumentError]:
    for place, name in enumerate(names):
        if name in names[:place]:
            where = f"{pointer}/{place}/{member}" if member else f"{pointer}/{place}"
            yield mistake(where, "repeated_name", f"another {noun} has this {member or 'address'} too")


def _unknown_one(pointer: str, noun: str, given: str | None, known: Sequence[str]) -> Iterator[DocumentError]:
    if given is not None and given not in known:
        yield mistake(pointer, f"unknown_{noun}", unknown(noun, given, known) if known else f"there is no {noun} yet")


def _unknown_ones(pointer: str, noun: str, given: Iterable[str], known: Sequence[str]) -> Iterator[DocumentError]:
    for place, each in enumerate(given):
        yield from _unknown_one(f"{pointer}/{place}", noun, each, known)


def _owners(document: OwnersIn, number: int) -> Owners:
    people = {each.address: _person(each) for each in document.people}
    teams = {each.name: Team(each.name, tuple(people[member] for member in each.members)) for each in document.teams}
    escalations = {each.name: _escalation(each, teams) for each in document.escalations}
    default = document.default
    return Owners(
        people=tuple(people.values()),
        teams=tuple(teams.values()),
        escalations=tuple(escalations.values()),
        assignments=tuple(
            Assignment(
                each.subject,
                _named(people, each.owner),
                _named(teams, each.team),
                _named(escalations, each.escalation),
                tuple(each.source or ()),
                tuple(each.severity or ()),
            )
            for each in document.assignments
        ),
        default=_named(people, default.owner),
        default_escalation=_named(escalations, default.escalation) or OWNER_ONLY,
        number=number,
    )


def _person(written: PersonIn) -> Owner:
    quiet = written.quiet_hours
    hours = None if quiet is None else QuietHours(quiet.start, quiet.end)
    return Owner(written.address, written.name, zone=written.zone, quiet=hours)


def _escalation(written: EscalationIn, teams: Mapping[str, Team]) -> Escalation:
    return Escalation(
        written.name,
        tuple(ChainStep(each.after.seconds, _target(each, teams)) for each in written.steps),
        None if written.repeat is None else Repeat(written.repeat.every.seconds, written.repeat.most),
    )


def _target(written: StepIn, teams: Mapping[str, Team]) -> Team | EndpointRef | None:
    if written.team is not None:
        return teams[written.team]
    return None if written.endpoint is None else EndpointRef(written.endpoint)


def _named(known: Mapping[str, Found], name: str | None) -> Found | None:
    return None if name is None else known[name]
