"""Mails to the owner of a clock: which there are, and whether one is still wanted. All of one clock are one thread."""

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import Breached, ClockEvent, Retracted, Started, Warned, calls_nobody
from plaudit.alerting.clocks.domain.run import State
from plaudit.alerting.clocks.domain.words import name_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import Class
from plaudit.common.contracts import Severity
from plaudit.common.delivery.domain.message import Content, Message, mail_to

TOPIC: Final = "clock"
"""What is above the topics of all these mails."""
NO_LONGER_SO: Final = "the clock does not stand so any more"
FLAPS: Final = "its owner was told a short time ago; it is told again if it stays so"
NOT_TOLD: Final = "nobody was told of the breach"


class LetterKind(StrEnum):
    """What a mail tells."""

    NOTICE = "notice"
    """A run has begun: something is due."""
    WARNING = "warning"
    BREACH = "breach"
    RETRACTION = "retraction"
    """The breach is taken back: it was in time, and we learned it late."""


_TOPICS: Final = {
    LetterKind.NOTICE: "clock.started",
    LetterKind.WARNING: "clock.warned",
    LetterKind.BREACH: "clock.breached",
    LetterKind.RETRACTION: "clock.retracted",
}
BREACHED: Final = _TOPICS[LetterKind.BREACH]
STARTED: Final = _TOPICS[LetterKind.NOTICE]
URGENT: Final = frozenset((Metric.STATUTORY, Metric.INCIDENT_UPDATE))
"""Metrics of which all is told first."""


class Letter(msgspec.Struct, frozen=True):
    """One mail about one change of a clock. The message carries it; what it says is composed when it leaves."""

    clock_id: UUID
    run: int
    generation: int
    """Of the clock's run that it is about."""
    kind: LetterKind
    percent: int = 0
    """Of a warning: the share of the time that had passed."""


def letter_about(clock: Clock, event: ClockEvent, *, is_noticed: bool) -> Letter | None:
    """Return the mail that an event causes; None where it causes none.

    Args:
        clock: as it stands after the event.
        event: what happened.
        is_noticed: whether the class of the policy wants a notice.
    """
    run = clock.run
    match event:
        case Started() if is_noticed:
            kind, percent = LetterKind.NOTICE, 0
        case Warned(percent=percent, collapsed=False):
            kind = LetterKind.WARNING
        case Breached() if not calls_nobody(event):
            kind, percent = LetterKind.BREACH, 0
        case Retracted():
            kind, percent = LetterKind.RETRACTION, 0
        case _:
            return None
    return Letter(clock.id, run.number, run.generation, kind, percent)


def is_urgent(terms: Class) -> bool:
    """Say whether what is told of runs of a class comes first: drastic reviews, and what the law sets a time for."""
    return terms.when.severity == (Severity.DRASTIC,) or terms.metric in URGENT


def message_of(letter: Letter, clock: Clock, recipient: str, *, urgent: bool = False) -> Message:
    """Return what is queued: no word of the review, for that is read when it leaves.

    Args:
        letter: what is told.
        clock: of what.
        recipient: the address that it goes to.
        urgent: whether it is told before what is not.
    """
    percent = f":{letter.percent}" if letter.percent else ""
    return Message(
        tenant=clock.tenant_id,
        key=f"{letter.clock_id}:{letter.run}:{letter.kind}{percent}",
        topic=_TOPICS[letter.kind],
        to=mail_to(recipient),
        content=Content(f"{letter.kind.capitalize()}: {name_of(clock)}", "", data=msgspec.to_builtins(letter)),
        thread=thread_of(letter.clock_id),
        gathering=TOPIC,
        is_urgent=urgent,
    )


def letter_of(content: Content) -> Letter:
    """Return the mail that a message carries."""
    data = {"run": 0, **content.data}  # those of before a release that noted the run
    return msgspec.convert(data, Letter)


def thread_of(clock_id: UUID) -> str:
    """Return the thread of all messages about a clock."""
    return f"clock:{clock_id}"


def is_wanted(letter: Letter, clock: Clock, now: datetime) -> bool:
    """Say whether what a mail tells is still so: the same run, that waits.

    A notice and a warning are told before the due time only: after it there is the breach to tell.
    """
    run = clock.run
    match letter.kind:
        case LetterKind.RETRACTION:
            return run.number == letter.run and run.state is not State.BREACHED
        case LetterKind.BREACH:
            return letter.generation == run.generation and run.waiting and run.state is State.BREACHED
        case LetterKind.WARNING:
            is_early = run.state is State.RUNNING and now < run.due_at
            return letter.generation == run.generation and run.waiting and is_early
        case _:
            return letter.generation == run.generation and run.waiting and run.state is State.RUNNING
