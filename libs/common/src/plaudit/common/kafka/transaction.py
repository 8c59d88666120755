"""The one transaction of a batch: order locks, compare-and-set, handler, outgoing events, dead letters.

Either all of it is committed or nothing. A repeat of the same records after a commit finds the positions moved, and
is refused.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, TypeVar

from plaudit.common.db import Database, OrderKey, Tx
from plaudit.common.db.order_locks import MAX_KEYS_PER_TRANSACTION
from plaudit.common.events import Outgoing
from plaudit.common.failpoints import failpoint
from plaudit.common.kafka import dead_letters, positions
from plaudit.common.kafka.decoding import Letter, Slice, first_trace
from plaudit.common.kafka.failures import TooManyKeysError
from plaudit.common.kafka.fuse import FuseCounter, Tally
from plaudit.common.kafka.positions import Move
from plaudit.common.kafka.subscription import Handler, Record, Subscription, no_order_keys
from plaudit.common.observability import tracing

Data = TypeVar("Data")

Append = Callable[[Tx, Sequence[Outgoing]], Awaitable[None]]
"""Writes what a handler returns to the outbox of the open transaction."""


@dataclass(frozen=True, slots=True)
class Committed(Generic[Data]):
    """What one transaction has done."""

    slices: Sequence[Slice[Data]]
    moves: Sequence[Move] = ()
    parked: Mapping[int, int] = field(default_factory=dict)
    """Partition → open dead letters that hold back later records of their keys."""
    applied: int = 0
    letters: Sequence[Letter] = ()
    seconds: float = 0.0
    trace_id: str | None = None
    """Of the trace that the first record belongs to."""


class BatchTransaction(Generic[Data]):
    """Applies slices of one subscription, each call in one transaction."""

    def __init__(self, subscription: Subscription[Data], database: Database, append: Append) -> None:
        """Commit nothing yet.

        Args:
            subscription: group, topic, order keys and fuse.
            database: its connections, under the worker role.
            append: takes what the handler returns.
        """
        self._subscription = subscription
        self._group, self._topic = subscription.group, subscription.topic.name
        self._database = database
        self._append = append
        self._fuse = FuseCounter(subscription.fuse)

    async def apply(self, slices: Sequence[Slice[Data]], handle: Handler[Data]) -> Committed[Data]:
        """Apply all of the slices, or nothing.

        The locks come first, before anything that assigns a transaction id: so the order of commits is the order of
        transaction ids for each key. The position rows come next: from then on no other consumer can apply these
        records. Records behind an open letter of one of their keys become letters themselves.

        Args:
            slices: what a batch holds of each partition.
            handle: the subscription's handler, as the worker has it.

        Raises:
            TooManyKeysError: the records have more order keys than one transaction may lock.
            FencedError: another consumer has moved one of the partitions.
            FuseBlownError: with this transaction too many records would have failed.
            Exception: what the handler or the database raises.
        """
        started_at = time.perf_counter()
        moves = [Move(part.partition, part.before, part.after) for part in slices if part.after != part.before]
        if not moves:
            return Committed(slices)
        letters = [letter for part in slices for letter in part.letters]
        records: Sequence[Record[Data]] = [record for part in slices for record in part.records]
        keys = self._order_keys(records)
        with tracing.span(*first_trace(slices)):
            order_keys = {*chain.from_iterable(keys), *chain.from_iterable(each.order_keys for each in letters)}
            async with self._database.driver_transaction(order_keys=order_keys) as tx:
                parked = await positions.advance(tx, self._group, self._topic, moves)
                if keys and any(parked.values()):
                    blocked = await dead_letters.blocked(tx, self._group, self._topic, {*chain.from_iterable(keys)})
                    records, held = hold_back(slices, keys, blocked)
                    letters += held
                if records:
                    await self._append(tx, await handle(tx, records))
                tally = _tally(records, letters)
                if letters:
                    self._fuse.check(tally)
                    await dead_letters.write(tx, self._group, self._topic, letters)
                    if more := Counter(letter.partition for letter in letters if letter.order_keys):
                        parked |= await positions.park(tx, self._group, self._topic, more)
                failpoint("after_cas_before_commit")
            self._fuse.add(tally)
            seconds = time.perf_counter() - started_at
            return Committed(slices, moves, parked, len(records), letters, seconds, tracing.current_trace_id())

    def _order_keys(self, records: Sequence[Record[Data]]) -> list[tuple[OrderKey, ...]]:
        """Return the order keys of each record; an empty list for a handler that has none."""
        order_keys = self._subscription.order_keys
        if order_keys is no_order_keys:
            return []
        keys = [tuple(order_keys(record)) for record in records]
        if sum(map(len, keys)) > MAX_KEYS_PER_TRANSACTION:
            raise TooManyKeysError(f"more than {MAX_KEYS_PER_TRANSACTION} order keys in {len(records)} records")
        return keys


def hold_back(
    slices: Sequence[Slice[Data]], keys: Sequence[tuple[OrderKey, ...]], blocked: set[OrderKey]
) -> tuple[list[Record[Data]], list[Letter]]:
    """Part the slices' records into those to apply, and letters of those that must wait.

    A record waits when one of its keys is blocked, by an open letter or by a waiting record before it.

    Args:
        slices: their records are judged in order.
        keys: the order keys of each record, in the same order.
        blocked: keys that an open letter holds back; those of waiting records are added.
    """
    free: list[Record[Data]] = []
    held: list[Letter] = []
    records = ((part, record) for part in slices for record in part.records)
    for (part, record), of_record in zip(records, keys, strict=True):
        if blocked.isdisjoint(of_record):
            free.append(record)
        else:
            blocked.update(of_record)
            held.append(part.letter(record, "held", "behind an open letter of its order key", of_record))
    return free, held


def _tally(records: Sequence[Record[Data]], letters: Sequence[Letter]) -> Tally:
    held = sum(letter.reason == "held" for letter in letters)
    return Tally(applied=len(records), set_aside=len(letters) - held, held=held)
