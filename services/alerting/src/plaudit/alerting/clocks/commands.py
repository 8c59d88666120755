"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.about import erased
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started, Warned, is_collapsed
from plaudit.alerting.clocks.domain.decide import decide_erased
from plaudit.alerting.clocks.domain.review_clocks import ReviewClocks, ReviewRevision, decide_revision
from plaudit.alerting.clocks.domain.run import apply
from plaudit.alerting.clocks.domain.terms import Rules
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies.domain.default import RENAMED, of_product, shipped
from plaudit.alerting.policies.domain.revisions import Policies
from plaudit.common import erasure
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


class Cause(NamedTuple):
    """The trace of what caused an entry; none where time did."""

    traceparent: str | None = None
    tracestate: str | None = None


NO_CAUSE = Cause()


async def rules_of(tx: Tx, tenants: Collection[str]) -> Rules:
    """Return the policies of these tenants, and the calendars that these name."""
    del tx, tenants
    return Rules(Policies(shipped=shipped(), of_product=of_product(), renamed=RENAMED))


class ClockWriter:
    """Collects what one transaction does to clocks, so that each table is written with one statement."""

    def __init__(self, followers: Sequence[Follower], rules: Rules) -> None:
        self._followers = followers
        self._rules = rules
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
        terms_of = self._rules.of(clock.tenant_id)
        for event in events:
            clock = replace(clock, run=apply(clock.run, event, terms_of))
            self.add(LogEntry(clock, event, terms_of(clock.run.pin), *cause))
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


async def apply_revisions(
    tx: Tx, revisions: Sequence[ReviewRevision], followers: Sequence[Follower], partitions: int
) -> list[Outgoing]:
    """Start, fulfil and cancel clocks as reviews change, in the order of the revisions; return what to publish.

    What is told of a review after its erasure, such as by a replay, changes nothing.

    Args:
        tx: the open transaction.
        revisions: in the order in which they were read.
        followers: act on what happens to the clocks.
        partitions: of each topic.
    """
    keys = {revision.review_key for revision in revisions}
    known = {key: ReviewClocks() for key in keys}
    for clock in await store.load_about(tx, keys):
        known[clock.tenant_id, clock.about.id].add(clock)
    rules = await rules_of(tx, {tenant_id for tenant_id, _ in keys})
    gone = await _erased_before(tx, revisions)
    writer = ClockWriter(followers, rules)
    for revision in revisions:
        clocks = known[revision.review_key]
        cause = Cause(revision.traceparent, revision.tracestate)
        if revision.is_erasure:
            gone.add(revision.review_key)
            for clock in clocks.all:
                clocks.add(_erase(_at_revision(clock, revision), revision.recorded_at, writer, cause))
        elif revision.review_key not in gone:
            _apply(revision, clocks, rules, writer, cause, partitions)
    return await writer.save(tx)


async def end_erased(
    tx: Tx, reviews: Collection[tuple[str, str]], happened_at: datetime, followers: Sequence[Follower]
) -> list[Outgoing]:
    """Empty the clocks about reviews, each (tenant, id), that were erased; end those that run; return what to publish.

    Those that the consumer has emptied stay as they are: this is for erasures that it set aside. What people noted in
    the logs goes too.
    """
    known = await store.load_about(tx, reviews)
    writer = ClockWriter(followers, await rules_of(tx, {clock.tenant_id for clock in known}))
    for clock in known:
        if clock.erased_at is None:
            _erase(clock, happened_at, writer)
    events = await writer.save(tx)
    await store.empty_notes(tx, [clock.key for clock in known])
    return events


async def _erased_before(tx: Tx, revisions: Sequence[ReviewRevision]) -> set[tuple[str, str]]:
    """Note the erasures among the revisions; return the reviews, each (tenant, id), that were erased before."""
    gone = await erasure.erased_reviews(tx, {each.review_key for each in revisions})
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


def _at_revision(clock: Clock, revision: ReviewRevision) -> Clock:
    return replace(clock, review_revision=max(clock.review_revision, revision.change.revision))


def _erase(clock: Clock, happened_at: datetime, writer: ClockWriter, cause: Cause = NO_CAUSE) -> Clock:
    """Return a clock without a word of its review, ended if it still ran. Its log stays: it holds times and reasons."""
    clock = replace(clock, about=erased(clock.about), erased_at=clock.erased_at or happened_at)
    writer.keep(clock)
    return writer.record(clock, decide_erased(clock.run, happened_at, is_told=clock.is_told), cause)


def _apply(
    revision: ReviewRevision,
    clocks: ReviewClocks,
    rules: Rules,
    writer: ClockWriter,
    cause: Cause,
    partitions: int,
) -> None:
    """Apply a revision to the clocks about its review. One that is not newer than the applied one changes nothing."""
    if revision.change.revision <= clocks.revision:
        return
    for known in clocks.all:
        clock = revision.shown_by(known)
        clocks.add(clock)
        writer.keep(clock)
    for decided in list(decide_revision(revision, clocks, rules, partitions)):
        if decided.started is not None:
            writer.begin(decided.clock, decided.started, cause)
        clocks.add(writer.record(decided.clock, decided.events, cause))
