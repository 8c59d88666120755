"""Timers, and the watermark that they wait for: how far the topic that could fulfil a clock has been read.

No clock is judged before everything that was written in its time has been read. A timer may fire once the position on
its stream, a partition of that topic, has reached the end offset that was asked for at or after its due time. If that
does not happen, it may fire after the longest wait, and a breach is then provisional.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import (
    AnchorCorrected,
    ClockEvent,
    PauseOverlapped,
    PolicyApplied,
    Resumed,
    Started,
    Warned,
)
from plaudit.alerting.clocks.domain.run import Run, TermsOf, apply
from plaudit.alerting.clocks.domain.terms import Pin, Terms
from plaudit.alerting.policies.domain.revisions import BREACH, Stage

NEVER: Final = datetime.min.replace(tzinfo=UTC)


CONTACT: Final = "contact"
"""The timer that looks for contacts with the person of a follow-up."""
PLANS: Final = (Started, Resumed, PolicyApplied, AnchorCorrected)
"""Events after which the timers of a run are planned anew, as long as its due time is still to be decided."""


class Timer(NamedTuple):
    """The stage of a clock that comes next: when it fires, the one after it is planned."""

    tenant_id: str
    clock_id: UUID
    generation: int
    kind: str
    """`warn:50`, `warn:24h`, `breach`; or `contact`, which looks for contacts."""
    root: UUID
    """The group of clocks under whose order key it fires."""
    topic: str
    """Where the position must have been read; empty where nothing has to be."""
    partition: int
    due_at: datetime
    breach_at: datetime | None = None
    """The due time of the clock; none where no stage follows from it: it looks for contacts, or was set aside."""

    @property
    def stage(self) -> Stage:
        """The stage that it stands for."""
        return Stage(self.kind, self.due_at)


def timers_of(clock: Clock, terms: Terms, since: datetime) -> list[Timer]:
    """Return the timers that a run comes to, one after the other: those of warnings still to come, and of the breach.

    Args:
        clock: as it stands; there are none while it is paused.
        terms: of its run.
        since: warnings of up to then are past.
    """
    run = clock.run
    if run.is_paused:
        return []
    stages = terms.stages(run.anchor_at, run.started_at, run.pauses, due=run.due_at)
    return [_planned(clock, stage) for stage in stages if stage.kind == BREACH or stage.at > since]


def next_timer(clock: Clock, terms: Terms, since: datetime) -> Timer | None:
    """Return the first of `timers_of`: the only one that is stored; none while the clock is paused."""
    run = clock.run
    if run.is_paused:
        return None
    return _planned(clock, terms.next_stage(run.anchor_at, run.started_at, run.pauses, due=run.due_at, since=since))


def _planned(clock: Clock, stage: Stage) -> Timer:
    run, stream = clock.run, clock.stream
    return Timer(clock.tenant_id, clock.id, run.generation, stage[0], clock.root, *stream, stage[1], run.due_at)


class Following(NamedTuple):
    """What follows from a warning."""

    due: list[Timer]
    """What has come due with it."""
    later: Timer | None
    """What comes after these; none where nothing does."""


def following(clock: Clock, terms: Terms, warning: Timer, until: datetime) -> Following:
    """Return what comes after a warning of a clock's present generation: what is due by a moment, and what is next."""
    stages = timers_of(clock, terms, NEVER)
    after = [timer for timer in stages if timer.due_at >= warning.due_at and timer.kind != warning.kind]
    due = [timer for timer in after if timer.due_at <= until]
    return Following(due, after[len(due)] if len(due) < len(after) else None)


def contact_timer(clock: Clock, at: datetime) -> Timer:
    """Return the timer that looks for contacts with the person of a follow-up; no stage follows from it."""
    return Timer(clock.tenant_id, clock.id, clock.run.generation, CONTACT, clock.root, *clock.stream, at)


class ByLog(NamedTuple):
    """What the log of a clock says that there is."""

    run: Run | None
    """None where the log is empty."""
    timers: list[Timer]


def by_log(clock: Clock, log: Iterable[ClockEvent], terms_of: TermsOf) -> ByLog:
    """Return the run and the timers that a clock's log asks for, in their order: of its last plan, those not fired.

    Timers that look for contacts are not among them: contacts ask for those, not the log.

    Args:
        clock: whose; of its run nothing is used but what the log says.
        log: all of it, oldest first.
        terms_of: finds what a run is pinned to.

    Raises:
        ValueError: the log does not begin with a start.
        KeyError: from `terms_of`.
    """
    run: Run | None = None
    pending: dict[str, Timer] = {}
    for event in log:
        run = apply(run, event, terms_of)
        if isinstance(event, Warned):
            pending.pop(_warning(event), None)
        elif isinstance(event, PauseOverlapped):
            continue  # it plans nothing, and takes nothing back
        elif isinstance(event, PLANS) and run.can_move:
            planned = timers_of(msgspec.structs.replace(clock, run=run), terms_of(run.pin), event.at)
            pending = {timer.kind: timer for timer in planned}
        else:
            # A pause, the due time, an end: nothing is to come, until a later entry plans anew.
            pending = {}
    return ByLog(run, list(pending.values()))


def pins_of(log: Iterable[ClockEvent]) -> list[Pin]:
    """Return what the runs of a log are, and were, pinned to."""
    return [Pin(event.policy, event.calendar) for event in log if isinstance(event, Started | PolicyApplied)]


class Difference(NamedTuple):
    """How the timers of a clock differ from what its log asks for."""

    missing: tuple[Timer, ...]
    stray: tuple[Timer, ...]
    """That are there and should not be, or not so."""


def difference(asked: Sequence[Timer], found: Iterable[Timer]) -> Difference:
    """Return what is missing and what is stray among the timers of a clock. Those that look for contacts are left out.

    The first of what is asked for is to be there. Warnings that were set aside may be there beside it.

    Args:
        asked: what the log asks for, in its order.
        found: what there is.
    """
    there = {timer for timer in found if timer.kind != CONTACT}
    aside = there & {timer._replace(breach_at=None) for timer in asked}
    others = [timer for timer in asked if timer._replace(breach_at=None) not in aside]
    wanted = aside.union(others[:1])
    return Difference(tuple(sorted(wanted - there)), tuple(sorted(there - wanted)))


def _warning(event: Warned) -> str:
    return f"warn:{event.percent if event.after is None else event.after}"


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far one stream has been read."""

    read_until: datetime = NEVER
    """Everything written up to here has been applied."""
    decide_until: datetime = NEVER
    """Later than `read_until` where the longest wait is over: breaches between the two are provisional."""
    has_parked: bool = False
    """Whether records of it were set aside unread."""

    def doubted(self) -> "Watermark":
        """Return the watermark for a clock of which records were set aside unread."""
        return replace(self, read_until=NEVER)


@dataclass(frozen=True, slots=True)
class _Ask:
    asked_at: datetime
    end_offset: int


class WatermarkTracker:
    """What one process knows about one stream. A new process asks again.

    There is one open ask at a time. A new ask before the position has reached the last one would follow the end of a
    busy partition, and never be reached.
    """

    def __init__(self, longest_wait: timedelta) -> None:
        self._longest_wait = longest_wait
        self._read_until = NEVER
        self._ask: _Ask | None = None
        self._waiting_since: datetime | None = None

    def is_now(self, now: datetime) -> None:
        """Take the present time. Where the clock was set back, what is known of a later time is not known yet.

        What was read until then was written before that instant by the clock of then; more may be written by now.
        """
        known = (self._read_until, self._waiting_since or NEVER, NEVER if self._ask is None else self._ask.asked_at)
        if now < max(known):
            self._read_until, self._ask, self._waiting_since = NEVER, None, None

    def must_ask(self, due_at: datetime) -> bool:
        """Say whether the end offset has to be asked for before a timer that was due then may fire."""
        return self._ask is None and due_at > self._read_until

    def asking(self, at: datetime) -> None:
        """Record that the end offset is being asked for: the wait begins, if it has not begun."""
        self._waiting_since = self._waiting_since or at

    def asked(self, asked_at: datetime, end_offset: int) -> None:
        """Record an answer.

        Args:
            asked_at: an instant before the question was sent.
            end_offset: the offset of the next record that will be written.
        """
        self.asking(asked_at)
        self._ask = _Ask(asked_at, end_offset)

    def read(self, next_offset: int) -> None:
        """Record the position: all records before this offset have been applied."""
        if self._ask is not None and next_offset >= self._ask.end_offset:
            self._read_until = self._ask.asked_at
            self._ask = None
            self._waiting_since = None

    def watermark(self, now: datetime, *, has_parked: bool = False) -> Watermark:
        """Return how far the stream has been read, and up to when timers may fire."""
        decide_until = self._read_until
        if self._waiting_since is not None and now - self._waiting_since >= self._longest_wait:
            decide_until = max(decide_until, now - self._longest_wait)
        return Watermark(self._read_until, decide_until, has_parked)


class Trouble(NamedTuple):
    """What a round of the auditor has found: how many, and of what."""

    number: int
    """0 where all is well."""
    what: str
