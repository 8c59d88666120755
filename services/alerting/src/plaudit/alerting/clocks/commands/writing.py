"""What one transaction does to clocks, written with one statement for each table; who follows writes with it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started, Warned, is_collapsed
from plaudit.alerting.clocks.domain.run import apply
from plaudit.alerting.clocks.domain.terms import Pin, Rules, Terms
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies import store as policy_store
from plaudit.common import idempotency
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.idempotency import IdempotencyKey


class Follower(ABC):
    """A room that acts when something happens to clocks, in the transaction in which it happens."""

    follows: frozenset[type[ClockEvent]]
    """The kinds of event that it acts on; it sees entries of no others."""

    @abstractmethod
    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Write the rows that follow from new log entries; return what to publish after the events of all entries."""

    def events_with(self, _entry: LogEntry, _now: datetime) -> Sequence[Outgoing]:
        """Return what to publish directly after an entry's own event."""
        return ()


class Cause(NamedTuple):
    """The trace of what caused an entry; none where time did."""

    traceparent: str | None = None
    tracestate: str | None = None


NO_CAUSE: Final = Cause()


async def rules_of(
    tx: Tx, tenants: Collection[str], clocks: Iterable[Clock] = (), pins: Iterable[tuple[str, Pin]] = ()
) -> Rules:
    """Return the policies of these tenants, and the calendars by which their clocks count.

    Args:
        tx: the open transaction.
        tenants: whose newest revisions.
        clocks: what these are pinned to is found too.
        pins: (tenant, pin) of what else is found.
    """
    pinned = {(clock.tenant_id, clock.run.calendar) for clock in clocks}
    pinned |= {(owner, pin.calendar) for owner, pin in pins}
    return Rules(
        policies=await policy_store.load(tx, tenants),
        calendars=await calendar_store.pinned(tx, {(owner, ref) for owner, ref in pinned if ref is not None}),
        newest=await calendar_store.newest(tx, tenants),
    )


class ClockWriter:
    """Collects what one transaction does to clocks, so that each table is written with one statement."""

    def __init__(self, followers: Sequence[Follower], rules: Rules) -> None:
        self._followers = followers
        self._rules = rules
        self._clocks: dict[ClockKey, Clock] = {}
        self._entries: list[LogEntry] = []

    def terms_of(self, clock: Clock) -> Terms:
        """Return the terms that a clock is pinned to.

        Raises:
            KeyError: they are not stored.
        """
        return self._rules.pinned(clock.tenant_id, clock.run.pin)

    def runs_on(self, clock: Clock) -> bool:
        """Say whether stages of a clock that was loaded still come as they did, after all that was recorded."""
        run = self._clocks.get(clock.key, clock).run
        return run.can_move and run.generation == clock.run.generation

    def keep(self, clock: Clock) -> None:
        """Write the clock as it stands: its review has changed, its run has not."""
        self._clocks[clock.key] = clock

    def add(self, entry: LogEntry) -> None:
        """Write an entry, and the clock as it stands after it. A warning leaves the clock unchanged."""
        self._entries.append(entry)
        if not isinstance(entry.event, Warned):
            self.keep(entry.clock)

    def begin(self, clock: Clock, started: Started, cause: Cause = NO_CAUSE) -> None:
        """Write a new clock with its first event.

        Args:
            clock: as it stands after the event.
            started: the event.
            cause: the trace of what caused it.

        Raises:
            KeyError: the terms that it is pinned to are not stored.
        """
        terms = self._rules.pinned(clock.tenant_id, clock.run.pin)
        self.add(LogEntry(clock, started, terms, *cause))

    def record(self, clock: Clock, events: Sequence[ClockEvent], cause: Cause = NO_CAUSE) -> Clock:
        """Write what was decided about a clock; return the clock as it stands afterwards.

        Args:
            clock: as it was before the events.
            events: in their order.
            cause: the trace of what caused them.

        Raises:
            KeyError: the terms that the clock is, or will be, pinned to are not stored.
        """
        for event in events:
            clock = self.log(clock, event, cause)
            if not isinstance(event, Warned):
                self.keep(clock)
        return clock

    def log(self, clock: Clock, event: ClockEvent, cause: Cause = NO_CAUSE) -> Clock:
        """Write what was decided to the log of a clock, but not its row; return the clock as it stands afterwards.

        Raises:
            KeyError: as `record`.
        """
        terms_of = self._rules.of(clock.tenant_id)
        run = apply(clock.run, event, terms_of)
        after = replace(clock, run=run)
        self._entries.append(LogEntry(after, event, terms_of(run.pin), cause.traceparent, cause.tracestate))
        return after

    async def save(self, tx: Tx) -> list[Outgoing]:
        """Write everything; return the events to publish, those of each clock in their order."""
        await store.save(tx, list(self._clocks.values()))
        await store.append(tx, self._entries)
        await changes.note(
            tx, {tenant_id for tenant_id, _ in self._clocks} | {entry.clock.tenant_id for entry in self._entries}
        )
        kinds = {type(entry.event) for entry in self._entries}
        following = [follower for follower in self._followers if follower.follows & kinds]
        publishing = [each for each in following if type(each).events_with is not Follower.events_with]
        events: list[Outgoing] = []
        for entry in self._entries:
            if not is_collapsed(entry.event):
                events.append(clock_event(entry, tx.now))
            for follower in publishing:
                if type(entry.event) in follower.follows:
                    events += follower.events_with(entry, tx.now)
        for follower in following:
            events += await follower.follow(
                tx, [entry for entry in self._entries if type(entry.event) in follower.follows]
            )
        return events


def keys_of_order(tenant_id: str, once: IdempotencyKey | None) -> list[str]:
    """Return the order keys under which a person's order is carried out once."""
    return [] if once is None else [idempotency.order_key(tenant_id, once.key)]
