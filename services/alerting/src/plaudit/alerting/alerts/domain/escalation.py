"""Who is told of an alert after its owner, and when: steps that are still to come.

An acknowledgement stops them until its reminder: each comes so much later. When the reminder has come, the alert is
open again, and they go on. A change by a person counts up the alert's generation: a step of an earlier one does
nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.alerts.domain.alert import Alert, AlertResolvedError, AlertState
from plaudit.alerting.people.domain import EndpointRef, Owner, Owners, Step, Target, Team

URGENT_REMINDER_SECONDS: Final = 3_600
REMINDER_SECONDS: Final = 4 * 3_600
MIN_REMINDER_SECONDS: Final = 60
MAX_REMINDER_SECONDS: Final = 7 * 86_400
REMINDER_NUMBER: Final = 0
"""There is one reminder of an alert at a time."""


REPETITION: Final = 1_000
"""More than a chain has places."""


class StepKind(StrEnum):
    """What a step does."""

    TELL = "tell"
    """Somebody is told of the alert."""
    REMIND = "remind"
    """An alert that is acknowledged opens again, and its owner is told."""


class AlertStep(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that is still to come for an alert."""

    tenant_id: str
    alert_id: UUID
    kind: StepKind
    number: int
    """The place in the chain, and `REPETITION` more for each repetition of it."""
    generation: int
    target: str
    """JSON: who was to be told when the escalation began."""
    due_at: datetime

    @property
    def place(self) -> int:
        """The place in the chain; 0 is the owner's."""
        return self.number % REPETITION

    @property
    def repetition(self) -> int:
        """How often the chain began anew before; 0 in its first pass."""
        return self.number // REPETITION

    @property
    def told(self) -> Target:
        """Who was to be told; see `present`."""
        return _decoder.decode(self.target)


_decoder: Final[msgspec.json.Decoder[Target]] = msgspec.json.Decoder(Target)


def steps_of(alert: Alert, chain: Sequence[Step], since: datetime) -> list[AlertStep]:
    """Return the steps of a chain that are to come; the first one, that of the owner at once, is told apart.

    Args:
        alert: as it stands.
        chain: who is told, and how long after `since`.
        since: when the chain begins.
    """
    return [
        AlertStep(
            tenant_id=alert.tenant_id,
            alert_id=alert.id,
            kind=StepKind.TELL,
            number=step.place + REPETITION * step.repetition,
            generation=alert.generation,
            target=msgspec.json.encode(step.target).decode(),
            due_at=since + timedelta(seconds=step.after_seconds),
        )
        for step in chain
        if step.place or step.repetition
    ]


def reminder_of(alert: Alert, owner: Owner) -> AlertStep:
    """Return the reminder of an alert that is acknowledged."""
    assert alert.remind_at is not None, "an alert that is acknowledged has a reminder"
    return AlertStep(
        tenant_id=alert.tenant_id,
        alert_id=alert.id,
        kind=StepKind.REMIND,
        number=REMINDER_NUMBER,
        generation=alert.generation,
        target=msgspec.json.encode(owner).decode(),
        due_at=alert.remind_at,
    )


def acknowledged(alert: Alert, by: str, now: datetime, remind_after_seconds: int | None = None) -> Alert:
    """Return an alert that somebody looks at; one that is acknowledged already stays as it is.

    Args:
        alert: as it stands.
        by: who looks at it.
        now: when they say so.
        remind_after_seconds: until it opens again; by its urgency, if not given.

    Raises:
        AlertResolvedError: it is resolved. That counts even where it was acknowledged before, and that is told later.
    """
    if alert.state is AlertState.RESOLVED:
        raise AlertResolvedError
    if alert.state is AlertState.ACKNOWLEDGED:
        return alert
    usual = URGENT_REMINDER_SECONDS if alert.is_urgent else REMINDER_SECONDS
    return msgspec.structs.replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_at=now,
        acknowledged_by=by,
        generation=alert.generation + 1,
        remind_at=now + timedelta(seconds=usual if remind_after_seconds is None else remind_after_seconds),
    )


def assigned(alert: Alert, owner: Owner) -> Alert:
    """Return an alert that belongs to another owner: it is open, and its escalation begins anew.

    Raises:
        AlertResolvedError: it is resolved.
    """
    if alert.state is AlertState.RESOLVED:
        raise AlertResolvedError
    return _opened(msgspec.structs.replace(alert, owner=owner.address))


def fired(alert: Alert, due: Iterable[AlertStep]) -> tuple[Alert, list[AlertStep]]:
    """Return an alert after steps that are due, and those of them that tell somebody.

    Steps of an earlier generation do nothing, and none does for an alert that is resolved, or acknowledged and not
    reminded yet. Of steps that are late together each target is told once.
    """
    steps = sorted((each for each in due if each.generation == alert.generation), key=lambda each: each.due_at)
    if alert.state is AlertState.RESOLVED:
        return alert, []
    reminders = [each for each in steps if each.kind is StepKind.REMIND]
    if alert.state is AlertState.ACKNOWLEDGED and not reminders:
        return alert, []
    if alert.state is AlertState.ACKNOWLEDGED:
        alert = _opened(alert)
    last = {each.target: each for each in steps}
    return alert, list(last.values())


def owner_now(alert: Alert, owners: Owners, fallback: Owner) -> Owner:
    """Return whom an alert belongs to: its owner, or whoever answers for its subject where that one has left."""
    return owners.known(alert.owner, fallback) or owners.owner(
        fallback, alert.subject, alert.source_id, alert.review_severity
    )


def present(target: Target, alert: Alert, owners: Owners, fallback: Owner) -> Target:
    """Return who is told now in place of a target of when the escalation began.

    A team is told with its present members, a person at the present hours and zone. For a team or a person that the
    document in force does not have any more, whoever the alert belongs to now is told: no step tells nobody.

    Args:
        target: of the step.
        alert: whose step it is.
        owners: in force.
        fallback: the owner of the settings.
    """
    match target:
        case EndpointRef():
            return target
        case Team(name=name):
            found: Target | None = owners.team(name)
        case _:
            found = owners.known(target.address, fallback)
    return found or owner_now(alert, owners, fallback)


def people_of(target: Target) -> tuple[Owner, ...]:
    """Return the people of a target; none of an endpoint."""
    match target:
        case Team(members=members):
            return members
        case EndpointRef():
            return ()
        case _:
            return (target,)


def _opened(alert: Alert) -> Alert:
    return msgspec.structs.replace(
        alert,
        state=AlertState.OPEN,
        acknowledged_at=None,
        acknowledged_by=None,
        remind_at=None,
        generation=alert.generation + 1,
    )
