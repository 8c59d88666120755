"""Mails to the owner of a clock: which there are, and whether one is still wanted. All of one clock are one thread."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from plaudit.alerting.clocks.domain.clock import Clock, thread_of
from plaudit.alerting.clocks.domain.clock_events import Breached, ClockEvent, Retracted, Started, Warned, calls_nobody
from plaudit.alerting.clocks.domain.run import Run, State
from plaudit.alerting.clocks.domain.terms import Terms
from plaudit.alerting.clocks.domain.words import name_of
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.common.contracts import Severity
from plaudit.common.delivery.domain.message import Content, Message, mail_to

TOPIC: Final = "clock"
"""What is above the topics of all these mails."""
URGENT: Final = frozenset((str(Severity.DRASTIC), "urgent"))
"""Severities of reviews and incidents that are told at any hour."""
NO_LONGER_SO: Final = "the clock does not stand so any more"
FLAPS: Final = "its owner was told a short time ago; it is told again if it stays so"
MOVED: Final = "the due time has moved, and so has what this tells; it is told when that has come"
PAUSED: Final = "the time of the clock stands still; it is told when that goes on"
PAUSE_LOOKED_AT: Final = timedelta(minutes=5)
"""So often it is looked whether the time goes on."""
NOT_TOLD: Final = "nobody was told of the breach"
LEFT: Final = "who it was for is not among the owners any more; whoever answers now is told"


class LetterKind(StrEnum):
    """What a mail tells."""

    NOTICE = "notice"
    """A run has begun: something is due."""
    WARNING = "warning"
    BREACH = "breach"
    RETRACTION = "retraction"
    """The breach is taken back: it was in time, and we learned it late."""
    UNSILENCED = "unsilenced"
    """A silence held something back, and has ended: it is still due."""


_TOPICS: Final = {
    LetterKind.NOTICE: "clock.started",
    LetterKind.WARNING: "clock.warned",
    LetterKind.BREACH: "clock.breached",
    LetterKind.RETRACTION: "clock.retracted",
    LetterKind.UNSILENCED: "clock.unsilenced",
}
BREACHED: Final = _TOPICS[LetterKind.BREACH]
STARTED: Final = _TOPICS[LetterKind.NOTICE]


class Letter(msgspec.Struct, frozen=True):
    """One mail about one change of a clock. The message carries it; what it says is composed when it leaves."""

    clock_id: UUID
    run: int
    generation: int
    """Of the clock's run that it is about."""
    kind: LetterKind
    percent: int = 0
    """Of a warning: the share of the time that had passed; 0 where it is no share."""
    after: str = ""
    """Of a warning that is no share: how long after the start, such as `24h`."""
    silence_id: UUID | None = None
    """Of what a silence held back: the silence that has ended."""


def letter_about(clock: Clock, event: ClockEvent, *, is_noticed: bool) -> Letter | None:
    """Return the mail that an event causes; None where it causes none.

    Args:
        clock: as it stands after the event.
        event: what happened.
        is_noticed: whether the class of the policy wants a notice.
    """
    run = clock.run
    match event:
        case Started() if is_noticed and not run.is_history:
            return Letter(clock.id, run.number, run.generation, LetterKind.NOTICE)
        case Warned(collapsed=False):
            stage = event.percent or 0, event.after or ""
            return Letter(clock.id, run.number, run.generation, LetterKind.WARNING, *stage)
        case Breached() if not calls_nobody(event):
            return Letter(clock.id, run.number, run.generation, LetterKind.BREACH)
        case Retracted():
            return Letter(clock.id, run.number, run.generation, LetterKind.RETRACTION)
    return None


def unsilenced(clock: Clock, silence_id: UUID) -> Letter:
    """Return the mail that tells what is still due when a silence has ended."""
    run = clock.run
    return Letter(clock.id, run.number, run.generation, LetterKind.UNSILENCED, silence_id=silence_id)


def message_of(letter: Letter, clock: Clock, recipient: str, not_before: datetime | None = None) -> Message:
    """Return what is queued: no word of the review, for that is read when it leaves."""
    stage = f":{letter.percent or letter.after}" if letter.percent or letter.after else ""
    stage += f":{letter.silence_id}" if letter.silence_id else ""
    return Message(
        tenant=clock.tenant_id,
        key=f"{letter.clock_id}:{letter.run}:{letter.kind}{stage}",
        topic=_TOPICS[letter.kind],
        to=mail_to(recipient),
        content=Content(f"{letter.kind.capitalize()}: {name_of(clock)}", "", data=msgspec.to_builtins(letter)),
        thread=thread_of(letter.clock_id),
        not_before=not_before,
        gathering=TOPIC,
        is_urgent=is_urgent(clock),
    )


def is_urgent(clock: Clock) -> bool:
    """Say whether what is told of a clock leaves in quiet hours too: what is drastic, and what the law asks for."""
    return clock.metric == Metric.STATUTORY or clock.about.severity in URGENT


def letter_of(content: Content) -> Letter:
    """Return the mail that a message carries."""
    data = {"run": 0, **content.data}  # those of before a release that noted the run
    return msgspec.convert(data, Letter)


def is_wanted(letter: Letter, clock: Clock, now: datetime) -> bool:
    """Say whether what a mail tells is still so: the same run, that waits.

    A notice and a warning are told before the due time only: after it there is the breach to tell. A run that was
    moved, or paused and resumed, is the same, and its mail says when it is due now.
    """
    run = clock.run
    match letter.kind:
        case LetterKind.RETRACTION:
            # An anchor that is corrected takes a breach back and begins another run with it.
            is_of_run = run.number == letter.run or clock.metric == Metric.STATUTORY
            return is_of_run and run.state is not State.BREACHED
        case LetterKind.BREACH:
            return _is_of_run(letter, run) and run.waiting and run.state is State.BREACHED
        case _:
            is_early = run.state is State.RUNNING and now < run.due_at
            return _is_of_run(letter, run) and run.waiting and is_early


def tells_standing(letter: Letter) -> bool:
    """Say whether a mail tells how a clock stands that is still due: of two that wait, the later one says all."""
    return letter.kind in {LetterKind.NOTICE, LetterKind.WARNING, LetterKind.UNSILENCED}


def stands_still(letter: Letter, clock: Clock) -> bool:
    """Say whether what a mail tells of the due time may be so again, when the time of its run goes on."""
    return tells_standing(letter) and _is_of_run(letter, clock.run) and clock.run.state is State.PAUSED


def is_moved(letter: Letter, clock: Clock) -> bool:
    """Say whether its run was moved, or paused and resumed, since a warning was due: it may come later by now."""
    return letter.kind is LetterKind.WARNING and letter.generation != clock.run.generation


def warned_at(letter: Letter, clock: Clock, terms: Terms) -> datetime | None:
    """Return when a warning comes as its run stands now; None where its terms have no such warning."""
    run, kind = clock.run, f"warn:{letter.percent or letter.after}"
    stages = terms.stages(run.anchor_at, run.started_at, run.pauses, due=run.due_at)
    return next((stage.at for stage in stages if stage.kind == kind), None)


def _is_of_run(letter: Letter, run: Run) -> bool:
    """Say whether a mail is about this run; one of before a release that noted the run goes by its generation."""
    return letter.run == run.number if letter.run else letter.generation == run.generation
