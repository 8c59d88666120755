"""How scores are published: lock, then read the merged sums, then write the event, in one transaction.

A mark is committed with the change of the sums that it is about. It is read without a lock; then the order keys of its
subjects are locked as far as they are free, and only a later statement reads the sums. So these hold what the mark is
about, whoever else publishes, and of two events of a subject the later one is the newer one. The mark is deleted when
all figures are computed: only from then on the transaction writes, and one that writes holds back the events of all
writers after it. What another process has deleted meanwhile is that one's to publish; what is not published of a
deleted mark is marked anew.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from plaudit.common.db import Tx, try_lock
from plaudit.common.events import Outgoing
from plaudit.common.failpoints import failpoint
from plaudit.common.outbox import UnitOfWork
from plaudit.scoring.profiles.domain import BUILT_IN
from plaudit.scoring.publishing import store
from plaudit.scoring.publishing.domain import (
    NO_OWN_PROFILES,
    NO_SUMS,
    Cause,
    OwnProfiles,
    Published,
    ScoreKey,
    SubjectSums,
    instant_for,
    is_recent,
    next_number,
    record_of,
    rows_left,
)
from plaudit.scoring.publishing.events import outgoing, score_change
from plaudit.scoring.sums import store as sums

ROUND_ROWS: Final = 1_000
"""Marked rows of sums, or due subjects, that one transaction looks at."""
STEP_SCORES: Final = 200
"""Scores of subjects by profiles computed at a time: nothing else of the process goes on meanwhile."""

NOTHING_TOLD: Final[Mapping[ScoreKey, datetime]] = MappingProxyType({})

_encode = msgspec.json.Encoder().encode
_PROFILES: Final = tuple(BUILT_IN.values())


@dataclass(frozen=True, slots=True)
class Done:
    """What a transaction has done."""

    published: Collection[ScoreKey] = ()
    is_full: bool = False
    """Whether it has looked at as much as it may: there may be more."""
    marked_at: list[datetime] = field(default_factory=list)
    """Of the marks that it has taken."""
    not_free: Collection[ScoreKey] = ()
    """What another process has in hand, of what was asked for."""
    damaged: Collection[ScoreKey] = ()
    """What is told when its sums are summed anew."""


@dataclass(frozen=True, slots=True)
class _NewEvent:
    """An event of a subject that is computed, and the row that keeps it."""

    outgoing: Outgoing
    kept: store.KeptEvent


@dataclass(frozen=True, slots=True)
class _Computed:
    """What is to be written of some subjects."""

    events: Sequence[_NewEvent] = ()
    damaged: Mapping[ScoreKey, Collection[int | None]] = field(default_factory=dict)
    """The half-lives whose sums are damaged, of subjects that are told when these are summed anew."""


async def publish_marked(
    work: UnitOfWork, told_at: Mapping[ScoreKey, datetime] = NOTHING_TOLD, left_alone: Collection[ScoreKey] = ()
) -> Done:
    """Publish the scores of what is marked, the oldest marks first.

    A subject that another process is publishing, that was published a moment ago, or that is left alone, keeps its
    mark.

    Args:
        work: the open transaction.
        told_at: subject → when the caller has published it, of those that it remembers. Those that are too recent are
            neither locked nor read: what changes all the time is marked most of the time.
        left_alone: subjects that are neither locked nor read, too.
    """
    tx = work.tx
    found = await store.marks(tx, ROUND_ROWS)
    row_ids = {row_id for mark in found for row_id in mark.row_ids}
    prefix_of = await store.prefixes_of(tx, row_ids)
    asked = {key for key in prefix_of.values() if not ((at := told_at.get(key)) and is_recent(at, tx.now))}
    locked = await _lock(tx, asked - set(left_alone))
    last = await store.last_published(tx, locked)
    free = _not_recent(locked, last, tx.now)
    failpoint("publishing_after_lock")
    # A mark whose rows are all gone says nothing; one of which nothing can be published now stays as it is.
    taken = [
        mark
        for mark in found
        if not free.isdisjoint(known := {prefix_of[row_id] for row_id in mark.row_ids if row_id in prefix_of})
        or not known
    ]
    computed = await _compute(tx, dict.fromkeys(free, Cause.REVIEWS), last)
    deleted = await store.delete_marks(tx, [mark.id for mark in taken])
    failpoint("publishing_after_delete")
    mine = [mark for mark in taken if mark.id in deleted]
    marked = {prefix_of[row_id] for mark in mine for row_id in mark.row_ids if row_id in prefix_of}
    published = await _write(work, computed, marked)
    marked_at = [mark.marked_at for mark in mine]
    await sums.mark(tx, rows_left(mine, prefix_of, published), min(marked_at, default=None))
    return Done(published, len(row_ids) >= ROUND_ROWS, marked_at, damaged=computed.damaged)


async def publish_due(work: UnitOfWork, left_alone: Collection[ScoreKey] = ()) -> Done:
    """Publish the scores whose stars have changed by time alone, once for however many changes have come meanwhile.

    Those of subjects that are left alone stay due.
    """
    tx = work.tx
    due = await store.due(tx, ROUND_ROWS, left_alone)
    free = await _lock(tx, due)
    last = await store.last_published(tx, free)
    ready = {key: Cause.TIME for key, published in last.items() if published.is_due(tx.now)}
    computed = await _compute(tx, ready, last)
    published = await _write(work, computed, ready)
    return Done(published, len(due) >= ROUND_ROWS, damaged=computed.damaged)


async def publish_missing(work: UnitOfWork, keys: Collection[ScoreKey]) -> Done:
    """Publish those of the scores that the topic does not hold as they are to be.

    That is after an upgrade, in a topic that was made anew, and where the tenant has other profiles now.
    """
    free = await _lock(work.tx, keys)
    last = await store.last_published(work.tx, free)
    own = await store.own_profiles(work.tx, {key.tenant_id for key in free})
    ready = {
        key: Cause.COMPLETION
        for key in free
        if not (before := last.get(key)) or not before.is_held or before.profiles != _own_of(own, key).told
    }
    published = await _write(work, await _compute(work.tx, ready, last), ready)
    return Done(published, not_free=set(keys) - free)


async def _compute(tx: Tx, causes: Mapping[ScoreKey, Cause], last: Mapping[ScoreKey, Published]) -> _Computed:
    """Read profiles and sums, and return what is to be written. The order keys are held; nothing is written yet.

    A profile that is set or gets ready after they were read is told by the walk that follows it: the event says with
    which profiles it was told.
    """
    if not causes:
        return _Computed()
    listed = sorted(causes)
    own = await store.own_profiles(tx, {key.tenant_id for key in listed})
    half_lives = {tenant_id: each.half_lives for tenant_id, each in own.items()}
    events: list[_NewEvent] = []
    damaged: dict[ScoreKey, list[int | None]] = {}
    step = STEP_SCORES // (len(_PROFILES) + max((len(each.profiles) for each in own.values()), default=0))
    for keys in (listed[start : start + step] for start in range(0, len(listed), step)):
        sums_of = await store.sums_of(tx, keys, half_lives)
        damaged |= {key: each for key, found in sums_of.items() if (each := found.damaged)}
        events += (
            _new_event(key, causes[key], sums_of.get(key, NO_SUMS), _own_of(own, key), last.get(key), tx.now)
            for key in keys
            if key not in damaged
        )
    return _Computed(events, damaged)


def _new_event(
    key: ScoreKey, cause: Cause, sums_of_key: SubjectSums, told: OwnProfiles, before: Published | None, now: datetime
) -> _NewEvent:
    record = record_of(sums_of_key, (*_PROFILES, *told.profiles), instant_for(before, now))
    change = score_change(key, next_number(before, record.as_of), cause, record)
    kept = store.KeptEvent(key, change.number, record.as_of, record.next_change_at, _encode(change), told.told)
    return _NewEvent(outgoing(key, change), kept)


async def _write(work: UnitOfWork, computed: _Computed, wanted: Collection[ScoreKey]) -> Collection[ScoreKey]:
    """Write the events of those subjects that are wanted; return what is published.

    A subject whose sums are damaged is told when they are summed anew, which is asked for here; it keeps no other
    waiting.
    """
    events = [event for event in computed.events if event.kept.key in wanted]
    if events:
        await work.emit(*(event.outgoing for event in events))
        failpoint("publishing_after_outbox")
        await store.keep(work.tx, [event.kept for event in events])
    await store.mark_damaged(work.tx, {key: each for key, each in computed.damaged.items() if key in wanted})
    return {event.kept.key for event in events}


def _own_of(own: Mapping[str, OwnProfiles], key: ScoreKey) -> OwnProfiles:
    return own.get(key.tenant_id, NO_OWN_PROFILES)


async def _lock(tx: Tx, keys: Collection[ScoreKey]) -> set[ScoreKey]:
    """Lock those of the subjects that are free, without waiting; return them."""
    by_order_key = {key.order_key: key for key in keys}
    return {by_order_key[order_key] for order_key in await try_lock(tx, by_order_key)}


def _not_recent(keys: Collection[ScoreKey], last: Mapping[ScoreKey, Published], now: datetime) -> set[ScoreKey]:
    return {key for key in keys if (published := last.get(key)) is None or not published.is_recent(now)}
