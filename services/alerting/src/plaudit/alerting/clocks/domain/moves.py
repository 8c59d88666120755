"""Moving running clocks to the policy and the calendars that are in force. It is explicit: nothing else moves them.

Where other data of time zones has moved what a revision of a calendar means, its clocks are counted anew in the same
way, and stay under their terms.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from plaudit.alerting.calendars.domain import CalendarRef, Pause
from plaudit.alerting.clocks.domain.by_hand import move
from plaudit.alerting.clocks.domain.clock import Clock
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, PolicyApplied
from plaudit.alerting.clocks.domain.run import Run, apply
from plaudit.alerting.clocks.domain.terms import Pin, Rules
from plaudit.alerting.policies.domain.revisions import PolicyRef

START = UUID(int=0)
"""Before the first clock."""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One order to move the clocks of a tenant, and how far it has come."""

    tenant_id: str
    id: UUID
    policy_id: str
    policy_revision: int
    """In force when it was ordered: once another is, the rest stays where it is."""
    reason: str
    moved_by: str
    created_at: datetime
    calendar: str | None = None
    calendar_revision: int | None = None
    """Clocks that count by this revision of a calendar are counted anew; none: all move to what is in force."""
    state: str = "running"
    place: UUID = START
    """The last clock that was looked at."""
    moved: int = 0
    breached: int = 0
    """Of those, how many had passed their new due times already."""
    finished_at: datetime | None = None
    error: str | None = None
    """Why it failed; the clocks that it had not come to stay where they are."""

    @property
    def counted_by(self) -> CalendarRef | None:
        """The revision of a calendar whose clocks are counted anew; none where all move to what is in force."""
        if self.calendar is None or self.calendar_revision is None:
            return None
        return CalendarRef(self.calendar, self.calendar_revision)


class Chunk(NamedTuple):
    """Some clocks that a move comes to next; they are written together."""

    place: UUID
    """The last clock before them."""
    clocks: Sequence[tuple[UUID, UUID]]
    """Each by its id, with the group under whose order key it changes; they may change until that is locked."""
    end: UUID
    """All clocks up to it have moved, once these have."""
    is_last: bool
    """Whether there are no more."""


class Moved(NamedTuple):
    """What a chunk of a move has come to."""

    clocks: int
    """How many clocks moved."""
    breached: int
    """Of those, how many had passed their new due times already."""
    is_stale: bool
    """Whether something else is in force than was when the move was ordered: the rest stays where it is."""


class Preview(NamedTuple):
    """What a move would do."""

    seen: int
    """How many clocks that may move were looked at."""
    moved: int
    breached: int
    without_class: int
    """Whose class is not in the policy in force: they stay."""


def chunks_of(move: Move, clocks: Sequence[tuple[UUID, UUID]], *, size: int, limit: int) -> list[Chunk]:
    """Return the clocks that a move comes to next as chunks, at least one.

    A chunk takes along all later clocks of its groups: no chunk waits for the order key of another one, which may wait
    for its end.

    Args:
        move: as it stood when they were looked up.
        clocks: by id, each with its group.
        size: of a chunk, beside what its last group has more.
        limit: as many were asked for: where there are fewer, no more follow.
    """
    groups: dict[UUID, list[tuple[UUID, UUID]]] = {}
    for clock in clocks:
        groups.setdefault(clock[1], []).append(clock)
    chunks: list[Chunk] = []
    part: list[tuple[UUID, UUID]] = []
    place = move.place
    for clock_id, group in clocks:
        part += groups.pop(group, ())
        if part and groups and len(part) >= size:
            chunks.append(Chunk(place, part, clock_id, is_last=False))
            place, part = clock_id, []
    end = clocks[-1][0] if clocks else place
    return [*chunks, Chunk(place, part, end, is_last=len(clocks) < limit)]


def target_of(clock: Clock, rules: Rules) -> Pin | None:
    """Return where a clock moves to: the class of its name and metric in force, by its newest calendar; none if none.

    Raises:
        KeyError: the class names a calendar that there is not.
    """
    return rules.target_of(clock.tenant_id, clock.run.pin, clock.metric)


def moved(clock: Clock, rules: Rules, *, at: datetime, reason: str, by: str) -> tuple[ClockEvent, ...]:
    """Return what moving a clock to what is in force adds to its log: one event, or nothing where it stays.

    Raises:
        KeyError: as `target_of`.
    """
    pin = target_of(clock, rules)
    return () if pin is None else move(clock.run, pin, at=at, reason=reason, by=by)


def moved_together(rules: Rules, *, at: datetime, reason: str, by: str) -> Callable[[Clock], tuple[ClockEvent, ...]]:
    """Return `moved` for many clocks: those that move from the same terms to the same have the same event."""
    known: dict[tuple[str, PolicyRef, CalendarRef | None, str], tuple[ClockEvent, ...]] = {}

    def decide(clock: Clock) -> tuple[ClockEvent, ...]:
        run = clock.run
        if not run.can_move:
            return ()
        key = clock.tenant_id, run.policy, run.calendar, clock.metric
        events = known.get(key)
        if events is None:
            known[key] = events = moved(clock, rules, at=at, reason=reason, by=by)
        return events

    return decide


def counted_anew(clock: Clock, rules: Rules, *, at: datetime, reason: str, by: str) -> tuple[ClockEvent, ...]:
    """Return the one event that is added to the log of a clock whose terms mean another due time; else nothing.

    Raises:
        KeyError: they are not stored.
    """
    run = clock.run
    if not run.can_move or rules.pinned(clock.tenant_id, run.pin).due_at(*_counted(run)) == run.due_at:
        return ()
    return (PolicyApplied(at, run.policy, run.calendar, reason, by),)


def _counted(run: Run) -> tuple[datetime, datetime, tuple[Pause, ...]]:
    return run.anchor_at, run.started_at, run.pauses


def is_past(clock: Clock, events: Iterable[ClockEvent], rules: Rules, now: datetime) -> bool:
    """Say whether a clock that is moved so has passed its new due time."""
    run = clock.run
    for event in events:
        run = apply(run, event, rules.of(clock.tenant_id))
    return not run.is_paused and run.due_at <= now


def preview(clocks: Iterable[Clock], rules: Rules, now: datetime) -> Preview:
    """Return what moving these clocks would do."""
    seen = count = breached = without_class = 0
    for clock in clocks:
        seen += 1
        without_class += target_of(clock, rules) is None
        events = moved(clock, rules, at=now, reason="", by="")
        count += bool(events)
        breached += bool(events) and is_past(clock, events, rules, now)
    return Preview(seen, count, breached, without_class)
