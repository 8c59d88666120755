"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from msgspec.structs import replace

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.about import erased
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, order_key
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started, Warned, is_collapsed, kind_of
from plaudit.alerting.clocks.domain.decide import decide_erased
from plaudit.alerting.clocks.domain.moves import START, Move, Preview, moved, preview
from plaudit.alerting.clocks.domain.review_clocks import PartitionOf, ReviewClocks, ReviewRevision, decide_revision
from plaudit.alerting.clocks.domain.run import Run, apply
from plaudit.alerting.clocks.domain.terms import Pin, Rules, Terms
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies import store as policy_store
from plaudit.common import erasure
from plaudit.common.db import Tx, lock
from plaudit.common.events import Outgoing, partition_of
from plaudit.common.outbox import UnitOfWork


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
MAX_PREVIEWED: Final = 50_000
"""Clocks that a preview of a move looks at."""
ByHand: TypeAlias = Callable[[Run, Terms, datetime], tuple[ClockEvent, ...]]
"""What a person adds to the log of a clock, by its run, its terms and the present time."""


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
    pinned = [
        *((clock.tenant_id, clock.run.calendar) for clock in clocks),
        *((owner, pin.calendar) for owner, pin in pins),
    ]
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
    found = await store.load_about(tx, keys)
    for clock in found:
        known[clock.tenant_id, clock.about.id].add(clock)
    rules = await rules_of(tx, {tenant_id for tenant_id, _ in keys}, found)
    gone = await _erased_before(tx, revisions)
    writer = ClockWriter(followers, rules)

    def partition_among(key: str) -> int:
        return partition_of(key.encode(), partitions)

    for revision in revisions:
        clocks = known[revision.review_key]
        cause = Cause(revision.traceparent, revision.tracestate)
        if revision.is_erasure:
            gone.add(revision.review_key)
            for clock in clocks.all:
                clocks.add(_erase(_at_revision(clock, revision), revision.recorded_at, writer, cause))
        elif revision.review_key not in gone:
            _apply(revision, clocks, rules, writer, cause, partition_among)
    return await writer.save(tx)


async def end_erased(
    tx: Tx, reviews: Collection[tuple[str, str]], happened_at: datetime, followers: Sequence[Follower]
) -> list[Outgoing]:
    """Empty the clocks about reviews, each (tenant, id), that were erased; end those that run; return what to publish.

    Those that the consumer has emptied stay as they are: this is for erasures that it set aside. What people noted in
    the logs goes too.
    """
    known = await store.load_about(tx, reviews)
    writer = ClockWriter(followers, await rules_of(tx, {clock.tenant_id for clock in known}, known))
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
    partition_among: PartitionOf,
) -> None:
    """Apply a revision to the clocks about its review. One that is not newer than the applied one changes nothing."""
    if revision.change.revision <= clocks.revision:
        return
    for known in clocks.all:
        clock = revision.shown_by(known)
        clocks.add(clock)
        writer.keep(clock)
    for decided in list(decide_revision(revision, clocks, rules, partition_among)):
        if decided.started is not None:
            writer.begin(decided.clock, decided.started, cause)
        clocks.add(writer.record(decided.clock, decided.events, cause))


async def change_by_hand(
    work: UnitOfWork, key: ClockKey, decide: ByHand, followers: Sequence[Follower]
) -> Clock | None:
    """Let a person change a clock; return it as it stands afterwards, or None where there is none.

    Args:
        work: the open unit of work.
        key: which clock.
        decide: what it adds to the log of the clock, by its run, its terms and the time.
        followers: act on what happens to it.

    Raises:
        ClockRefusedError: from `decide`.
    """
    tx = work.tx
    root = await store.root_of(tx, key)
    if root is None:
        return None
    await lock(tx, [order_key(root)])
    [clock] = (await store.load(tx, [key])).values()
    rules = await rules_of(tx, {clock.tenant_id}, [clock])
    writer = ClockWriter(followers, rules)
    if clock.erased_at is not None:
        raise ClockRefusedError("The review was erased: nothing changes its clocks any more.")
    decided = decide(clock.run, rules.pinned(clock.tenant_id, clock.run.pin), tx.now)
    after = writer.record(clock, decided)
    await work.emit(*await writer.save(tx))
    await record(tx, *_audited(clock, after, decided))
    return after


def _audited(before: Clock, after: Clock, decided: Sequence[ClockEvent]) -> list[Entry]:
    """Return the entry of the audit trail about what a person did to a clock; none where it changed nothing.

    What people noted about the customer is in the log of the clock alone.
    """
    actors = [by for event in decided if (by := getattr(event, "by", None)) is not None]
    if not actors:
        return []
    entry = Entry(
        tenant_id=after.tenant_id,
        actor=actors[0],
        kind=f"clock.{kind_of(decided[-1])}",
        about_kind=About.CLOCK,
        about_id=str(after.id),
        before={"state": before.run.state, "waits": before.run.waiting, "due_at": before.run.due_at},
        after={"state": after.run.state, "waits": after.run.waiting, "due_at": after.run.due_at},
    )
    return [entry]


async def preview_move(tx: Tx, tenant_id: str) -> Preview:
    """Return what moving a tenant's clocks to what is in force would do; it looks at `MAX_PREVIEWED` of them."""
    clocks = await store.movable(tx, tenant_id, START, MAX_PREVIEWED)
    return preview(clocks, await rules_of(tx, {tenant_id}, clocks), tx.now)


async def order_move(work: UnitOfWork, tenant_id: str, reason: str, by: str) -> Move:
    """Order that a tenant's clocks move to what is in force; a job does it, in the background."""
    in_force = (await rules_of(work.tx, {tenant_id})).policies.current(tenant_id)
    move = Move(
        tenant_id=tenant_id,
        id=work.ids(),
        policy_id=in_force.id,
        policy_revision=in_force.number,
        reason=reason,
        moved_by=by,
        created_at=work.tx.now,
    )
    await store.add_move(work.tx, move)
    entry = Entry(
        tenant_id=tenant_id,
        actor=by,
        kind="clocks.moved",
        about_kind=About.CLOCKS,
        about_id=str(move.id),
        after={"policy": move.policy_id, "revision": move.policy_revision, "reason": reason},
    )
    await record(work.tx, entry)
    return move


async def move_some(
    work: UnitOfWork, move: Move, clocks: Sequence[Clock], followers: Sequence[Follower], *, is_last: bool
) -> int:
    """Move some clocks, and note how far the move has come; return how many moved.

    Args:
        work: the open unit of work, in which nothing was done yet.
        move: as it stood when the clocks were looked up.
        clocks: the next ones by id, which may have changed meanwhile.
        followers: act on what happens to the clocks.
        is_last: whether there are no more.
    """
    tx = work.tx
    await lock(tx, {order_key(clock.root) for clock in clocks})
    known = await store.load(tx, {clock.key for clock in clocks})
    rules = await rules_of(tx, {move.tenant_id}, known.values())
    in_force = rules.policies.current(move.tenant_id)
    is_stale = (in_force.id, in_force.number) != (move.policy_id, move.policy_revision)
    writer = ClockWriter(followers, rules)
    count = past = 0
    for clock in () if is_stale else known.values():
        events = moved(clock, rules, at=tx.now, reason=move.reason, by=move.moved_by)
        if events:
            run = writer.record(clock, events).run
            count += 1
            past += not run.is_paused and run.due_at <= tx.now
    is_done = is_last or is_stale
    after = replace(
        move,
        place=clocks[-1].id if clocks else move.place,
        moved=move.moved + count,
        breached=move.breached + past,
        state="done" if is_done else "running",
        finished_at=tx.now if is_done else None,
    )
    if not await store.save_move(tx, move, after):
        return 0  # another process does it, and nothing was written yet
    await work.emit(*await writer.save(tx))
    return count
