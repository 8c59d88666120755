"""How timers change: a run that starts schedules them, its end cancels them, and due ones fire."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace

from plaudit.alerting.clocks import store as clock_store
from plaudit.alerting.clocks.commands import ClockWriter, Follower, read_late, rules_of
from plaudit.alerting.clocks.consumer import GROUP
from plaudit.alerting.clocks.domain.clock import Clock, ClockKey, LogEntry, Stream, order_key
from plaudit.alerting.clocks.domain.clock_events import (
    Cancelled,
    Fulfilled,
    Paused,
    Retracted,
    Started,
    kind_of,
)
from plaudit.alerting.clocks.domain.due import decide_due
from plaudit.alerting.clocks.domain.follow_up import Contact, decide_contacts
from plaudit.alerting.contacts import store as contact_store
from plaudit.alerting.contacts.domain import KnownContact
from plaudit.alerting.policies.domain.metrics import Metric
from plaudit.alerting.policies.domain.revisions import BREACH
from plaudit.alerting.timers import store
from plaudit.alerting.timers.domain import (
    CONTACT,
    PLANS,
    ByLog,
    Difference,
    Following,
    Timer,
    Watermark,
    by_log,
    contact_timer,
    difference,
    following,
    next_timer,
    pins_of,
)
from plaudit.alerting.timers.store import Due, DueClocks
from plaudit.common.contracts import CUSTOMERS, REVIEWS
from plaudit.common.db import Tx, lock, try_lock
from plaudit.common.db.errors import is_transient
from plaudit.common.db.storable import reason_of
from plaudit.common.events import Outgoing
from plaudit.common.kafka import dead_letters
from plaudit.common.outbox import UnitOfWork

CONTACTS_GROUP: Final = "alerting-contacts"
GROUPS: Final[Mapping[str, str]] = {REVIEWS.name: GROUP, CUSTOMERS.name: CONTACTS_GROUP}
"""Topic that fulfils clocks → the group that reads it."""


class Schedule(Follower):
    """Schedules the next timer of each run that starts, runs on or is moved; cancels it when the run ends or pauses."""

    follows = frozenset({*PLANS, Paused, Fulfilled, Cancelled, Retracted})

    async def follow(self, tx: Tx, entries: Sequence[LogEntry]) -> Sequence[Outgoing]:
        """Replace and cancel timers; publishes nothing."""
        stale: set[ClockKey] = set()
        scheduled: dict[ClockKey, Timer | None] = {}
        looks: dict[ClockKey, Timer] = {}
        for clock, event, terms, _, _ in entries:
            key = clock.key
            is_start = isinstance(event, Started)
            if not is_start or clock.run.number > 1:
                stale.add(key)
            if isinstance(event, PLANS) and clock.run.can_move:
                scheduled[key] = next_timer(clock, terms, event.at)
            else:
                scheduled.pop(key, None)
            if is_start and clock.about.person is not None:
                # The contact may have been told before this was. It counts whatever comes after the start.
                looks[key] = contact_timer(clock, tx.now)
        await store.cancel(tx, stale)
        await store.plan(tx, [*filter(None, scheduled.values()), *looks.values()])
        return ()


async def fire(
    work: UnitOfWork, clocks: DueClocks, watermarks: Mapping[Stream, Watermark], followers: Sequence[Follower]
) -> tuple[list[Timer], Counter[str]]:
    """Fire what is due of those clocks whose order key is free, and plan what comes next of them.

    Args:
        work: the open unit of work.
        clocks: which timers may fire.
        watermarks: of the streams of these clocks.
        followers: act on what happens to the clocks.

    Returns:
        What has fired, those stages too that had no timer yet; and how many events of each kind.
    """
    tx = work.tx
    order_keys = [order_key(due.root) for due in clocks.values()]
    free = await try_lock(tx, order_keys)
    if len(free) < len(set(order_keys)):
        clocks = {key: due for (key, due), under in zip(clocks.items(), order_keys, strict=True) if under in free}
    claimed = await store.claim(tx, clocks)
    # A timer of an earlier generation no longer applies, unless it looks for contacts: its clock is not looked at.
    wanted = {
        (timer.tenant_id, timer.clock_id, None if timer.kind == CONTACT else timer.generation) for timer in claimed
    }
    known = await clock_store.load_in_generation(tx, wanted)
    writer = ClockWriter(followers, await rules_of(tx, {tenant_id for tenant_id, _ in known}, known.values()))
    after = _following(writer, known, claimed, clocks)
    had = {timer[:4] for timer in claimed}
    fired = [*claimed, *(timer for each in after.values() for timer in each.due if timer[:4] not in had)]
    decided = await _decide(tx, writer, known, fired, watermarks)
    await work.emit(*await writer.save(tx))
    await store.add(tx, [each.later for key, each in after.items() if each.later and writer.runs_on(known[key])])
    return fired, decided


async def look_for_contacts(tx: Tx, contacts: Collection[KnownContact]) -> None:
    """Write contacts, and let each follow-up with one of these persons that waits look for them.

    The order keys of the contacts must be held. The follow-ups themselves change when their timers fire, under their
    own order keys.
    """
    await contact_store.add(tx, list(contacts))
    waiting = await clock_store.waiting_for(tx, {(contact.tenant_id, contact.person) for contact in contacts})
    await store.add(tx, [contact_timer(clock, tx.now) for clock in waiting])


async def set_aside(tx: Tx, key: ClockKey, due: Due, error: Exception) -> None:
    """Mark what was to fire of a clock and cannot, so that it is not tried again. What comes later still fires."""
    await lock(tx, [order_key(due.root)])
    for warning in await store.due_of(tx, key, due.until):
        if warning.kind != BREACH and warning.breach_at is not None:
            await store.add(tx, await _beside(tx, warning, warning.breach_at, due.until))
    await store.set_aside(tx, key, due.until, reason_of(error))


async def _beside(tx: Tx, warning: Timer, breach_at: datetime, until: datetime) -> list[Timer]:
    """Return what is planned beside a warning that is set aside: what has come due with it, and what is next."""
    key = warning.tenant_id, warning.clock_id
    try:
        known = await clock_store.load_in_generation(tx, {warning[:3]})
        if key not in known:
            return []
        rules = await rules_of(tx, {warning.tenant_id}, known.values())
        after = following(known[key], rules.pinned(warning.tenant_id, known[key].run.pin), warning, until)
    except Exception as fault:
        # What makes the warning fail may be what says which stage is next. That holds up no breach.
        if is_transient(fault):
            raise
        return [warning._replace(kind=BREACH, due_at=breach_at)]
    return after.due if after.later is None else [*after.due, after.later]


async def differing(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, Difference]:
    """Return, of these clocks, those whose timers are not what their logs ask for. Locks and writes nothing."""
    return {key: found.difference for key, found in (await _compared(tx, keys)).items() if not found.is_well}


async def repair(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, Difference]:
    """Give these clocks the timers that their logs ask for; return those that had others, with how they differed.

    The row of a clock that is not the fold of its log is written anew too.

    Args:
        tx: the open transaction, in which nothing was done yet.
        keys: not more clocks than one transaction may lock.

    Raises:
        KeyError: what a log is pinned to is not stored.
        ValueError: a log does not begin with a start.
    """
    roots = {key: await clock_store.root_of(tx, key) for key in keys}
    await lock(tx, [order_key(root) for root in roots.values() if root is not None])
    wrong = {key: found for key, found in (await _compared(tx, keys)).items() if not found.is_well}
    await store.remove(tx, [timer for found in wrong.values() for timer in found.difference.stray])
    await store.add(tx, [timer for found in wrong.values() for timer in found.difference.missing])
    await clock_store.save(tx, [found.clock for found in wrong.values() if found.clock is not None])
    return {key: found.difference for key, found in wrong.items()}


class _Compared(NamedTuple):
    """A clock beside its log."""

    difference: Difference
    clock: Clock | None
    """As its log says, where its row says otherwise."""

    @property
    def is_well(self) -> bool:
        return self.clock is None and not self.difference.missing and not self.difference.stray


async def _compared(tx: Tx, keys: Collection[ClockKey]) -> dict[ClockKey, _Compared]:
    known = await clock_store.load(tx, keys)
    logs = await clock_store.logs_of(tx, keys)
    pins = [(tenant_id, pin) for (tenant_id, _), log in logs.items() for pin in pins_of(log)]
    rules = await rules_of(tx, {tenant_id for tenant_id, _ in keys}, known.values(), pins)
    found: defaultdict[ClockKey, list[Timer]] = defaultdict(list)
    for timer in await store.of_clocks(tx, keys):
        found[timer.tenant_id, timer.clock_id].append(timer)
    compared = {}
    for key in keys:
        clock = known.get(key)
        told = ByLog(None, []) if clock is None else by_log(clock, logs.get(key, ()), rules.of(key[0]))
        is_row_well = clock is None or told.run is None or told.run == clock.run
        as_told = None if is_row_well or clock is None else replace(clock, run=told.run)
        compared[key] = _Compared(difference(told.timers, found[key]), as_told)
    return compared


def _following(
    writer: ClockWriter, known: Mapping[ClockKey, Clock], claimed: Sequence[Timer], clocks: DueClocks
) -> dict[ClockKey, Following]:
    """Return what follows from each warning; from one that was set aside nothing does, that has a timer of its own."""
    found: dict[ClockKey, Following] = {}
    for timer in claimed:
        if timer.kind == BREACH or timer.breach_at is None:
            continue
        key = timer.tenant_id, timer.clock_id
        clock = known.get(key)
        if clock is not None and clock.run.generation == timer.generation:
            found[key] = following(clock, writer.terms_of(clock), timer, clocks[key].until)
    return found


async def _decide(
    tx: Tx,
    writer: ClockWriter,
    known: Mapping[ClockKey, Clock],
    fired: Sequence[Timer],
    watermarks: Mapping[Stream, Watermark],
) -> Counter[str]:
    """Decide what these timers do to their clocks; return how many events of each kind there are.

    What was due first is written, and so told, first.
    """
    decided: Counter[str] = Counter()
    due: defaultdict[ClockKey, list[Timer]] = defaultdict(list)
    for timer in sorted(fired, key=lambda each: (each.due_at, each.clock_id), reverse=True):
        due[timer.tenant_id, timer.clock_id].append(timer)
    doubted = await _held_back(tx, known.values(), watermarks)
    contacts = await _contacts_of(tx, known.values())
    history = await read_late(tx, known.values())
    for key in (key for key in reversed(due) if key in known):
        clock = known[key]
        # A timer of an earlier generation no longer applies: it is deleted and does nothing.
        stages = [timer.stage for timer in due[key] if timer.generation == clock.run.generation]
        watermark = watermarks[clock.stream]
        events = decide_contacts(clock.run, contacts.get(key, ())) or decide_due(
            clock.run,
            [stage for stage in stages if stage.kind != CONTACT],
            now=tx.now,
            read_until=(watermark.doubted() if key in doubted else watermark).read_until,
            decide_until=watermark.decide_until,
            is_told=clock.is_told,
            was_read_late=key in history,
        )
        writer.record(clock, events)
        decided.update(map(kind_of, events))
    return decided


async def _contacts_of(tx: Tx, clocks: Collection[Clock]) -> dict[ClockKey, list[Contact]]:
    """Return the contacts with the persons of those clocks that are follow-ups."""
    persons = {
        clock.key: (clock.tenant_id, clock.about.person)
        for clock in clocks
        if clock.metric == Metric.FOLLOW_UP and clock.about.person is not None
    }
    found = await contact_store.load(tx, set(persons.values()))
    return {
        key: [Contact(each.happened_at, each.channel) for each in found.get(person, [])]
        for key, person in persons.items()
    }


async def _held_back(tx: Tx, clocks: Collection[Clock], watermarks: Mapping[Stream, Watermark]) -> set[ClockKey]:
    """Return those of the clocks of which records were set aside, although the position has passed them."""
    held_back: set[ClockKey] = set()
    for topic, group in GROUPS.items():
        parked = {stream for stream, watermark in watermarks.items() if stream.topic == topic and watermark.has_parked}
        keys = {clock.key: clock.fulfilled_under for clock in clocks if clock.stream in parked}
        if keys:
            blocked = await dead_letters.blocked(tx, group, topic, set(keys.values()))
            held_back |= {key for key, under in keys.items() if under in blocked}
    return held_back
