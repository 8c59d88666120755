"""Who answers for a subject, and who is told after them.

Of the assignments that fit a subject, the one with the longest prefix is the one; of two with the same prefix, the one
that also names sources, then the one that also names severities.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.calendars.domain.local_times import QuietHours, next_allowed
from plaudit.alerting.policies.domain.document import length_in_words
from plaudit.common.contracts.subjects import is_within
from plaudit.common.time_zones import zone_of


class Owner(msgspec.Struct, frozen=True, tag="owner"):
    """A person who answers."""

    address: str
    name: str
    person_id: str | None = None
    """Of the account with this address, if there is one."""
    zone: str = "UTC"
    """In which this person reads times, and has quiet hours."""
    quiet: QuietHours | None = None
    is_deactivated: bool = False
    """Whether the account with this address is: nothing is told to this person any more."""

    def not_before(self, now: datetime, *, is_urgent: bool) -> datetime | None:
        """Return until when a message to this person waits; none where it leaves at once. What is urgent does."""
        if is_urgent or self.quiet is None:
            return None
        allowed_at = next_allowed(zone_of(self.zone), self.quiet, now)
        return allowed_at if allowed_at > now else None


class Team(msgspec.Struct, frozen=True, tag="team"):
    """A group of owners."""

    name: str
    members: tuple[Owner, ...]
    """The first one is the owner of what is assigned to the team."""


class EndpointRef(msgspec.Struct, frozen=True, tag="endpoint"):
    """An endpoint that takes messages."""

    id: UUID


Target = Owner | Team | EndpointRef


class Step(msgspec.Struct, frozen=True):
    """Somebody who is told, so long after the alert was raised."""

    after_seconds: int
    target: Target
    place: int = 0
    """In its pass; 0 is the owner's."""
    repetition: int = 0
    """How often the chain began anew before."""


class ChainStep(msgspec.Struct, frozen=True):
    """A step of an escalation as it is written; without a target it is the owner's, whoever that is."""

    after_seconds: int
    target: Team | EndpointRef | None = None


class Repeat(msgspec.Struct, frozen=True):
    """How often an escalation begins anew after its last step."""

    every_seconds: int
    """From the last step to the first one of the next pass."""
    most: int


class Escalation(msgspec.Struct, frozen=True):
    """Who is told after the owner, as long as nobody has acknowledged. The owner is told at once."""

    name: str
    steps: tuple[ChainStep, ...] = ()
    """In the order of their times, which are more than none."""
    repeat: Repeat | None = None


OWNER_ONLY: Final = Escalation("owner-only")
"""The owner is told at once, and nobody after."""


class Assignment(msgspec.Struct, frozen=True):
    """What belongs to whom."""

    subject_prefix: str
    """The subject; what is below it is meant too."""
    owner: Owner | None = None
    team: Team | None = None
    """In place of an owner."""
    escalation: Escalation | None = None
    """The one of all assignments, if none is named."""
    sources: tuple[str, ...] = ()
    """Only what comes from one of these; from any, if none is named."""
    severities: tuple[str, ...] = ()
    """Only what is so severe; any severity, if none is named."""

    def admits(self, subject: str, source: str | None, severity: str | None) -> bool:
        """Say whether it is for what has this subject, source and severity."""
        return (
            is_within(subject, self.subject_prefix)
            and (not self.sources or source in self.sources)
            and (not self.severities or severity in self.severities)
        )

    @property
    def person(self) -> Owner:
        """The person who answers: of a team, its first member."""
        found = self.owner if self.team is None else self.team.members[0]
        assert found is not None, "an assignment has an owner or a team"
        return found


def assignment_of(
    assignments: Iterable[Assignment], subject: str, source: str | None = None, severity: str | None = None
) -> Assignment | None:
    """Return the assignment that is for a subject, source and severity; none where none is."""
    fitting = [each for each in assignments if each.admits(subject, source, severity)]
    return max(fitting, key=_narrowness, default=None)


def owner_of(
    assignments: Iterable[Assignment],
    default: Owner,
    subject: str,
    source: str | None = None,
    severity: str | None = None,
) -> Owner:
    """Return who answers for a subject, source and severity: the longest prefix wins, else the default owner."""
    found = assignment_of(assignments, subject, source, severity)
    return default if found is None else found.person


def chain_of(owner: Owner, escalation: Escalation = OWNER_ONLY) -> tuple[Step, ...]:
    """Return who is told of an alert and when, with all repeats, in the order of their times; the owner at once."""
    repeat = escalation.repeat
    length = escalation.steps[-1].after_seconds if escalation.steps else 0
    starts = [0] if repeat is None else [number * (length + repeat.every_seconds) for number in range(repeat.most + 1)]
    return tuple(step for number, start in enumerate(starts) for step in _pass(owner, escalation.steps, start, number))


def fallback_owner(address: str, zone: str = "UTC") -> Owner:
    """Return the owner that an installation has by its settings, who has no name but the address."""
    return Owner(address, address, zone=zone)


def people_in_words(chain: Iterable[Step], owner: Owner) -> list[str]:
    """Return the steps of a chain in words; what is the owner's is said to be so."""
    return [f"{_when(step.after_seconds)}: {target_in_words(step.target, owner)}" for step in chain]


def target_in_words(target: Target, owner: Owner | None = None) -> str:
    """Return who is told, in words."""
    match target:
        case Team(name=name):
            return f"team {name}"
        case EndpointRef(id=endpoint_id):
            return f"endpoint {endpoint_id}"
        case _:
            return "the owner" if target == owner else target.address


class Owners(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of what a tenant says of its people."""

    people: tuple[Owner, ...] = ()
    teams: tuple[Team, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    default: Owner | None = None
    """Who answers for what is assigned to nobody; the owner of the settings, if none is named."""
    default_escalation: Escalation = OWNER_ONLY
    number: int = 0
    """Of the revision; 0 where none was saved."""

    def default_owner(self, fallback: Owner) -> Owner:
        """Return who answers for what is assigned to nobody: of the document, else of the settings."""
        return self.default or self.by_address(fallback.address) or fallback

    def assignment(self, subject: str, source: str | None, severity: str | None) -> Assignment | None:
        """Return the assignment that is for a subject, source and severity; none where none is."""
        return assignment_of(self.assignments, subject, source, severity)

    def owner(self, fallback: Owner, subject: str, source: str | None, severity: str | None) -> Owner:
        """Return who answers for a subject, source and severity."""
        return owner_of(self.assignments, self.default_owner(fallback), subject, source, severity)

    def escalation(self, subject: str, source: str | None, severity: str | None) -> Escalation:
        """Return who is told after the owner of a subject, source and severity."""
        found = self.assignment(subject, source, severity)
        return self.default_escalation if found is None or found.escalation is None else found.escalation

    def by_address(self, address: str) -> Owner | None:
        """Return the person with an address; none where the document has none."""
        return next((each for each in self.people if each.address == address), None)

    def known(self, address: str, fallback: Owner) -> Owner | None:
        """Return the person with an address: one of the document, or the owner of the settings; none else."""
        return self.by_address(address) or (fallback if address == fallback.address else None)

    def team(self, name: str) -> Team | None:
        """Return the team of a name; none where the document has none."""
        return next((each for each in self.teams if each.name == name), None)

    def linked(self, accounts: Mapping[str, str], deactivated: Collection[str] = ()) -> "Owners":
        """Return the same with the accounts that its people have.

        Args:
            accounts: address → id.
            deactivated: addresses of those that are.
        """
        people = tuple(
            msgspec.structs.replace(
                each, person_id=accounts.get(each.address), is_deactivated=each.address in deactivated
            )
            for each in self.people
        )
        return msgspec.structs.replace(self, people=people)

    @property
    def present(self) -> "Owners":
        """The same without people whose account is deactivated, as far as accounts are linked."""
        return self.without({each.address for each in self.people if each.is_deactivated})

    def without(self, left: Collection[str]) -> "Owners":
        """Return the same without people who have left, as if the document had not named them.

        What was theirs belongs to whoever answers for the next shorter subject, else to the default owner. A team has
        its other members; where it has none, the steps that told it tell the owner.

        Args:
            left: their addresses.
        """
        if not left:
            return self
        assignments = [_staffed(each, left) for each in self.assignments]
        teams = [_team(each, left) for each in self.teams]
        return msgspec.structs.replace(
            self,
            people=tuple(each for each in self.people if each.address not in left),
            teams=tuple(each for each in teams if each is not None),
            escalations=tuple(_escalation(each, left) for each in self.escalations),
            assignments=tuple(each for each in assignments if each is not None),
            default=None if self.default is None or self.default.address in left else self.default,
            default_escalation=_escalation(self.default_escalation, left),
        )


def _team(team: Team, left: Collection[str]) -> Team | None:
    members = tuple(each for each in team.members if each.address not in left)
    return msgspec.structs.replace(team, members=members) if members else None


def _escalation(escalation: Escalation, left: Collection[str]) -> Escalation:
    steps = tuple(
        ChainStep(each.after_seconds, _team(each.target, left)) if isinstance(each.target, Team) else each
        for each in escalation.steps
    )
    return msgspec.structs.replace(escalation, steps=steps)


def _staffed(each: Assignment, left: Collection[str]) -> Assignment | None:
    """Return an assignment to those who are there; None where nobody of it is."""
    team = None if each.team is None else _team(each.team, left)
    is_kept = team is not None if each.owner is None else each.owner.address not in left
    escalation = None if each.escalation is None else _escalation(each.escalation, left)
    return msgspec.structs.replace(each, team=team, escalation=escalation) if is_kept else None


def _when(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    lengths = (hours * 3600, rest) if hours and rest else (seconds,)
    return f"after {' '.join(map(length_in_words, lengths))}" if seconds else "at once"


def _narrowness(each: Assignment) -> tuple[int, bool, bool]:
    # All that fit are prefixes of one subject: the longer text is the longer path.
    return len(each.subject_prefix), bool(each.sources), bool(each.severities)


def _pass(owner: Owner, steps: Sequence[ChainStep], start_seconds: int, repetition: int) -> Iterable[Step]:
    yield Step(start_seconds, owner, repetition=repetition)
    for place, step in enumerate(steps, 1):
        target = owner if step.target is None else step.target
        yield Step(start_seconds + step.after_seconds, target, place, repetition)
