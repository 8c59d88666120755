"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, clock_id
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Warned, is_collapsed
from plaudit.alerting.clocks.domain.decide import decide, decide_worse
from plaudit.alerting.clocks.domain.review_facts import facts_of
from plaudit.alerting.clocks.domain.run import apply, fold
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies import store as policies
from plaudit.alerting.policies.domain import BUILT_INS, FIRST_ANSWER, Policies, Policy
from plaudit.common.contracts import ReviewChange, Severity
from plaudit.common.db import Tx
from plaudit.common.events import Outgoing


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


class ClockWriter:
    """Collects what one transaction does to clocks, so that each table is written with one statement."""

    def __init__(self, followers: Sequence[Follower]) -> None:
        self._followers = followers
        self._clocks: dict[ClockKey, Clock] = {}
        self._entries: list[LogEntry] = []

    def keep(self, clock: Clock) -> None:
        """Write the clock as it stands: its review has changed, its run has not."""
        self._clocks[clock.key] = clock

    def add(self, entry: LogEntry) -> None:
        """Write an entry, and the clock as it stands after it. A warning leaves the clock unchanged."""
        self._entries.append(entry)
        if not isinstance(entry.event, Warned):
            self.keep(entry.clock)

    def record(
        self,
        clock: Clock,
        events: Sequence[ClockEvent],
        policy: Policy,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Clock:
        """Write what was decided about a clock; return the clock as it stands afterwards.

        Args:
            clock: as it was before the events.
            events: in their order.
            policy: the revision that the run is, or by the first of the events will be, pinned to.
            traceparent: of what caused them.
            tracestate: of the same.
        """
        for event in events:
            clock = replace(clock, run=apply(clock.run, event, policy))
            self.add(LogEntry(clock, event, policy, traceparent, tracestate))
        return clock

    async def save(self, tx: Tx) -> list[Outgoing]:
        """Write everything; return the events to publish, those of each clock in their order."""
        await store.save(tx, list(self._clocks.values()))
        await store.append(tx, self._entries)
        events: list[Outgoing] = []
        for entry in self._entries:
            if not is_collapsed(entry.event):
                events.append(clock_event(entry, tx.now))
            for follower in self._followers:
                if type(entry.event) in follower.follows:
                    events += follower.events_with(entry, tx.now)
        for follower in self._followers:
            followed = [entry for entry in self._entries if type(entry.event) in follower.follows]
            if followed:
                events += await follower.follow(tx, followed)
        return events


class ReviewRevision(msgspec.Struct, frozen=True, gc=False):
    """A change of a review, as it was read from the bus."""

    tenant_id: str
    partition: int
    recorded_at: datetime
    change: ReviewChange
    is_first: bool
    """Whether the review was created by it."""
    traceparent: str | None = None
    tracestate: str | None = None

    @property
    def clock_key(self) -> ClockKey:
        """The key of the clock that the review has, or would have."""
        return self.tenant_id, clock_id(self.tenant_id, self.change.review_id, FIRST_ANSWER)


async def apply_revisions(tx: Tx, revisions: Sequence[ReviewRevision], followers: Sequence[Follower]) -> list[Outgoing]:
    """Start, fulfil and cancel clocks as reviews change, in the order of the revisions; return what to publish."""
    keys = [revision.clock_key for revision in revisions]
    known = await store.load(tx, set(keys))
    rules = await policies.load(tx, {revision.tenant_id for revision in revisions})
    writer = ClockWriter(followers)
    for key, revision in zip(keys, revisions, strict=True):
        clock = known.get(key)
        after = _start(revision, rules, writer) if clock is None else _continue(revision, clock, rules, writer)
        if after is not None:
            known[key] = after
    new_tenants = {tenant_id for tenant_id, _ in known if rules.lacks_built_in(tenant_id)}
    if new_tenants:
        await policies.keep(tx, new_tenants, BUILT_INS)
    return await writer.save(tx)


def _start(revision: ReviewRevision, rules: Policies, writer: ClockWriter) -> Clock | None:
    """Return a new clock, or none where the change starts none."""
    change = revision.change
    policy = rules.newest(revision.tenant_id, _severity(change))
    events = decide(None, change, revision.recorded_at, policy, is_first=revision.is_first)
    run = fold(events, policy)
    if change.after is None or run is None:
        return None
    tenant_id, new_id = revision.clock_key
    clock = Clock(
        tenant_id=tenant_id,
        id=new_id,
        metric=policy.metric,
        partition=revision.partition,
        review_revision=change.revision,
        review=facts_of(change.review_id, change.after),
        run=run,
        answers=change.answers,
    )
    for event in events:
        writer.add(LogEntry(clock, event, policy, revision.traceparent, revision.tracestate))
    return clock


def _continue(revision: ReviewRevision, clock: Clock, rules: Policies, writer: ClockWriter) -> Clock:
    """Return what a change makes of a clock. A revision that is not newer than the applied one changes nothing."""
    change = revision.change
    if change.revision <= clock.review_revision:
        return clock
    clock = replace(clock, review_revision=change.revision)
    if change.after is not None:
        clock = replace(clock, review=facts_of(change.review_id, change.after), answers=change.answers)
    writer.keep(clock)
    run = clock.run
    newest = rules.newest(clock.tenant_id, _severity(change))
    policy = rules.pinned(clock.tenant_id, run.policy) if run.waiting else newest
    events = decide_worse(run, change, revision.recorded_at, policy, newest)
    if events:
        policy = newest
    else:
        events = decide(run, change, revision.recorded_at, policy, is_told=clock.is_told)
    return writer.record(clock, events, policy, revision.traceparent, revision.tracestate)


def _severity(change: ReviewChange) -> str:
    return Severity.NORMAL if change.after is None else change.after.severity
