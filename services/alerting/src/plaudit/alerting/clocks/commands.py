"""How clocks change. Other rooms follow: they schedule timers, raise alerts, write mails in the same transaction.

The transaction holds the order keys of the clocks: consumers and jobs lock them first.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from msgspec.structs import replace

from plaudit.alerting.audit.commands import record
from plaudit.alerting.audit.domain import About, Entry
from plaudit.alerting.calendars import store as calendar_store
from plaudit.alerting.calendars.domain import CalendarRef
from plaudit.alerting.changes import store as changes
from plaudit.alerting.clocks import store
from plaudit.alerting.clocks.domain.about import erased
from plaudit.alerting.clocks.domain.by_hand import ClockRefusedError
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, order_key
from plaudit.alerting.clocks.domain.clock_events import ClockEvent, Started, Warned, is_collapsed, kind_of
from plaudit.alerting.clocks.domain.decide import decide_erased
from plaudit.alerting.clocks.domain.moves import (
    START,
    Chunk,
    Move,
    Moved,
    Preview,
    counted_anew,
    moved,
    preview,
    target_of,
)
from plaudit.alerting.clocks.domain.review_clocks import PartitionOf, ReviewClocks, ReviewRevision, decide_revision
from plaudit.alerting.clocks.domain.run import Run, apply
from plaudit.alerting.clocks.domain.terms import Pin, Rules, Terms
from plaudit.alerting.clocks.events import clock_event
from plaudit.alerting.policies import store as policy_store
from plaudit.common import erasure, idempotency
from plaudit.common.db import Tx, lock
from plaudit.common.events import Outgoing, partition_of
from plaudit.common.idempotency import IdempotencyKey
from plaudit.common.outbox import UnitOfWork

MAX_ERROR_CHARS: Final = 500


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
_encode: Final = msgspec.json.Encoder().encode
ZONES_CHANGED: Final = "The data of time zones has changed, and with it the open hours of the calendar."
SYSTEM: Final = "system"
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
        await changes.note(
            tx, {tenant_id for tenant_id, _ in self._clocks} | {entry.clock.tenant_id for entry in self._entries}
        )
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


class Changed(NamedTuple):
    """What a person's order has come to."""

    clock: Clock
    """As it stands now."""
    already: bool = False
    """Whether the same order was carried out before, under its idempotency key."""


async def change_by_hand(
    work: UnitOfWork,
    key: ClockKey,
    decide: ByHand,
    followers: Sequence[Follower],
    *,
    once: IdempotencyKey | None = None,
) -> Changed | None:
    """Let a person change a clock; return it as it stands afterwards, or None where there is none.

    Args:
        work: the open unit of work.
        key: which clock.
        decide: what it adds to the log of the clock, by its run, its terms and the time.
        followers: act on what happens to it.
        once: under which a repeat changes nothing.

    Raises:
        ClockRefusedError: from `decide`.
        KeyReusedError: the key came with another order before.
    """

    def decided(clock: Clock, rules: Rules, now: datetime) -> tuple[ClockEvent, ...]:
        return decide(clock.run, rules.pinned(key[0], clock.run.pin), now)

    return await _change(work, key, decided, followers, once)


async def move_by_hand(
    work: UnitOfWork,
    key: ClockKey,
    followers: Sequence[Follower],
    *,
    reason: str,
    by: str,
    once: IdempotencyKey | None = None,
) -> Changed | None:
    """Move one clock to the policy and the calendars in force; return it as it stands then, or None if there is none.

    Raises:
        ClockRefusedError: its due time is settled, or the policy in force has no class of its name.
        KeyReusedError: the key came with another order before.
    """

    def decide(clock: Clock, rules: Rules, now: datetime) -> tuple[ClockEvent, ...]:
        if not clock.run.can_move:
            raise ClockRefusedError("The due time of the clock is settled: there is nothing to move.")
        if target_of(clock, rules) is None:
            raise ClockRefusedError("The policy in force has no class of this name: the clock stays under its own.")
        return moved(clock, rules, at=now, reason=reason, by=by)

    return await _change(work, key, decide, followers, once)


async def _change(
    work: UnitOfWork,
    key: ClockKey,
    decide: Callable[[Clock, Rules, datetime], tuple[ClockEvent, ...]],
    followers: Sequence[Follower],
    once: IdempotencyKey | None,
) -> Changed | None:
    tx = work.tx
    root = await store.root_of(tx, key)
    if root is None:
        return None
    await lock(tx, [order_key(root), *_keys_of(key[0], once)])
    if once is not None and await idempotency.find(tx, key[0], once) is not None:
        return Changed((await store.load(tx, [key]))[key], already=True)
    [clock] = (await store.load(tx, [key])).values()
    rules = await rules_of(tx, {clock.tenant_id}, [clock])
    writer = ClockWriter(followers, rules)
    if clock.erased_at is not None:
        raise ClockRefusedError("The review was erased: nothing changes its clocks any more.")
    decided = decide(clock, rules, tx.now)
    after = writer.record(clock, decided)
    await work.emit(*await writer.save(tx))
    await record(tx, *_audited(clock, after, decided))
    if once is not None:
        await idempotency.keep(tx, key[0], once, _encode(clock.id).decode())
    return Changed(after)


def _keys_of(tenant_id: str, once: IdempotencyKey | None) -> list[str]:
    return [] if once is None else [idempotency.order_key(tenant_id, once.key)]


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


class Ordered(NamedTuple):
    """An order to move clocks."""

    move: Move
    already: bool = False
    """Whether it was given before, under its idempotency key."""


async def order_move(
    work: UnitOfWork, tenant_id: str, reason: str, by: str, *, once: IdempotencyKey | None = None
) -> Ordered:
    """Order that a tenant's clocks move to what is in force; a job does it, in the background.

    Args:
        work: the open unit of work.
        tenant_id: whose.
        reason: why.
        by: who orders it.
        once: under which a repeat orders nothing.

    Raises:
        KeyReusedError: the key came with another order before.
    """
    await lock(work.tx, _keys_of(tenant_id, once))
    first = None if once is None else await idempotency.find(work.tx, tenant_id, once)
    if first is not None:
        move_id = msgspec.json.decode(first, type=UUID)
        known = await store.read_move(work.tx, tenant_id, move_id)
        assert known is not None, "a move is never deleted"
        return Ordered(known, already=True)
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
    if once is not None:
        await idempotency.keep(work.tx, tenant_id, once, _encode(move.id).decode())
    return Ordered(move)


async def order_counting(tx: Tx, move_id: UUID, tenant_id: str, ref: CalendarRef) -> None:
    """Order that the clocks that count by a revision of a calendar are counted anew, since its open time has moved."""
    in_force = (await rules_of(tx, {tenant_id})).policies.current(tenant_id)
    move = Move(
        tenant_id=tenant_id,
        id=move_id,
        policy_id=in_force.id,
        policy_revision=in_force.number,
        calendar=ref.name,
        calendar_revision=ref.revision,
        reason=ZONES_CHANGED,
        moved_by=SYSTEM,
        created_at=tx.now,
    )
    await store.add_move(tx, move)


async def fail_move(tx: Tx, move: Move, error: Exception) -> None:
    """End a move that fails on its data, with the reason."""
    await store.fail_move(tx, move, f"{type(error).__name__}: {error}".replace("\0", "")[:MAX_ERROR_CHARS])


async def move_some(work: UnitOfWork, move: Move, chunk: Chunk, followers: Sequence[Follower]) -> Moved:
    """Move some clocks; how far the move has come is for the caller to note.

    Args:
        work: the open unit of work, which holds the order keys of the chunk and has done nothing else yet.
        move: as it stood when the clocks were looked up.
        chunk: its clocks may have changed meanwhile.
        followers: act on what happens to the clocks.
    """
    tx = work.tx
    known = await store.load(tx, [(move.tenant_id, clock_id) for clock_id, _ in chunk.clocks])
    rules = await rules_of(tx, {move.tenant_id}, known.values())
    in_force = rules.policies.current(move.tenant_id)
    if not move.counted_by and (in_force.id, in_force.number) != (move.policy_id, move.policy_revision):
        return Moved(0, 0, is_stale=True)
    decide = counted_anew if move.counted_by else moved
    writer = ClockWriter(followers, rules)
    count = past = 0
    for clock in known.values():
        events = decide(clock, rules, at=tx.now, reason=move.reason, by=move.moved_by)
        if events:
            run = writer.record(clock, events).run
            count += 1
            past += not run.is_paused and run.due_at <= tx.now
    await work.emit(*await writer.save(tx))
    return Moved(count, past, is_stale=False)
