"""Timers, and the watermark that they wait for: how far the topic that could fulfil a clock has been read.

No clock is judged before everything that was written in its time has been read. A timer may fire once the position on
its stream, a partition of that topic, has reached the end offset that was asked for at or after its due time. If that
does not happen, it may fire after the longest wait, and a breach is then provisional.
"""

from collections.abc import Iterable
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
    """One stage of a clock that is still to come."""

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

    @property
    def stage(self) -> Stage:
        """The stage that it stands for."""
        return Stage(self.kind, self.due_at)


def timers_of(clock: Clock, terms: Terms, since: datetime) -> list[Timer]:
    """Return the timers of a run: the breach, and the warnings whose time is still to come.

    Args:
        clock: as it stands; there are none while it is paused.
        terms: of its run.
        since: warnings of up to then are past.
    """
    run = clock.run
    if run.is_paused:
        return []
    tenant_id, clock_id, generation, root = clock.tenant_id, clock.id, run.generation, clock.root
    topic, partition = clock.stream
    return [
        Timer(tenant_id, clock_id, generation, kind, root, topic, partition, at)
        for kind, at in terms.stages(run.anchor_at, run.started_at, run.pauses, due=run.due_at)
        if kind == BREACH or at > since
    ]


def timer_at(clock: Clock, stage: Stage) -> Timer:
    """Return the timer of one stage of a clock."""
    return Timer(
        clock.tenant_id,
        clock.id,
        clock.run.generation,
        stage.kind,
        clock.root,
        clock.stream.topic,
        clock.stream.partition,
        stage.at,
    )


class ByLog(NamedTuple):
    """What the log of a clock says that there is."""

    run: Run | None
    """None where the log is empty."""
    timers: list[Timer]


def by_log(clock: Clock, log: Iterable[ClockEvent], terms_of: TermsOf) -> ByLog:
    """Return the run and the timers that a clock's log asks for: of its last plan, those that have not fired.

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


def difference(asked: Iterable[Timer], found: Iterable[Timer]) -> Difference:
    """Return what is missing and what is stray among the timers of a clock. Those that look for contacts are left out.

    Args:
        asked: what the log asks for.
        found: what there is.
    """
    wanted, there = set(asked), {timer for timer in found if timer.kind != CONTACT}
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
