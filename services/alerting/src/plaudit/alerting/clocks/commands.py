"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from msgspec.structs import replace

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, clock_id
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Warned, is_collapsed
from plaudit.alerting.clocks.domain.decide import decide, decide_erased, decide_worse
from plaudit.alerting.clocks.domain.review_facts import erased, facts_of
from plaudit.alerting.clocks.domain.run import apply, fold
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies import built_in as policies
from plaudit.alerting.policies.domain import BUILT_INS, FIRST_ANSWER, Policies, Policy
from plaudit.common import erasure
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
    is_erasure: bool = False

    @property
    def clock_key(self) -> ClockKey:
        """The key of the clock that the review has, or would have."""
        return self.tenant_id, clock_id(self.tenant_id, self.change.review_id, FIRST_ANSWER)


async def apply_revisions(tx: Tx, revisions: Sequence[ReviewRevision], followers: Sequence[Follower]) -> list[Outgoing]:
    """Start, fulfil and cancel clocks as reviews change, in the order of the revisions; return what to publish.

    What is told of a review after its erasure, such as by a replay, changes nothing.
    """
    keys = [revision.clock_key for revision in revisions]
    known = await store.load(tx, set(keys))
    rules = await policies.load(tx, {revision.tenant_id for revision in revisions})
    gone = await _erased_before(tx, revisions)
    writer = ClockWriter(followers)
    for key, revision in zip(keys, revisions, strict=True):
        clock = known.get(key)
        after = _apply(revision, clock, rules, writer, gone)
        if after is not None:
            known[key] = after
    new_tenants = {tenant_id for tenant_id, _ in known if rules.lacks_built_in(tenant_id)}
    if new_tenants:
        await policies.keep(tx, new_tenants, BUILT_INS)
    return await writer.save(tx)


async def end_erased(
    tx: Tx, review_keys: Collection[ClockKey], happened_at: datetime, followers: Sequence[Follower]
) -> list[Outgoing]:
    """Empty the clocks of reviews that were erased, and end those that run; return what to publish.

    Those that the consumer has emptied stay as they are: this is for erasures that it set aside.
    """
    known = await store.load(tx, review_keys)
    rules = await policies.load(tx, {tenant_id for tenant_id, _ in known})
    writer = ClockWriter(followers)
    for clock in known.values():
        if clock.erased_at is None:
            _erase(clock, happened_at, rules, writer)
    return await writer.save(tx)


async def _erased_before(tx: Tx, revisions: Sequence[ReviewRevision]) -> set[tuple[str, str]]:
    """Note the erasures among the revisions; return the reviews, each (tenant, id), that were erased before."""
    gone = await erasure.erased_reviews(tx, {(each.tenant_id, each.change.review_id) for each in revisions})
    erasures = [each for each in revisions if each.is_erasure]
    if erasures:
        await erasure.note(
            tx,
            [
                erasure.Erasure(each.tenant_id, erasure.Kind.REVIEW, each.change.review_id, each.recorded_at)
                for each in erasures
            ],
        )
    return gone


def _apply(
    revision: ReviewRevision, clock: Clock | None, rules: Policies, writer: ClockWriter, gone: set[tuple[str, str]]
) -> Clock | None:
    """Return the clock after a revision; None where there is none."""
    key = revision.tenant_id, revision.change.review_id
    if revision.is_erasure:
        gone.add(key)
        return None if clock is None else _erase_by(revision, clock, rules, writer)
    if key in gone:
        return clock
    return _start(revision, rules, writer) if clock is None else _continue(revision, clock, rules, writer)


def _erase_by(revision: ReviewRevision, clock: Clock, rules: Policies, writer: ClockWriter) -> Clock:
    clock = replace(clock, review_revision=max(clock.review_revision, revision.change.revision))
    return _erase(clock, revision.recorded_at, rules, writer, revision.traceparent, revision.tracestate)


def _erase(
    clock: Clock,
    happened_at: datetime,
    rules: Policies,
    writer: ClockWriter,
    traceparent: str | None = None,
    tracestate: str | None = None,
) -> Clock:
    """Return a clock without a word of its review, ended if it still ran. Its log stays: it holds times and reasons."""
    clock = replace(clock, review=erased(clock.review), erased_at=clock.erased_at or happened_at)
    writer.keep(clock)
    policy = rules.pinned(clock.tenant_id, clock.run.policy)
    return writer.record(
        clock, decide_erased(clock.run, happened_at, is_told=clock.is_told), policy, traceparent, tracestate
    )


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
