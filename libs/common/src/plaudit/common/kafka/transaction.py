"""Apply a batch: one transaction of order locks, compare-and-set, handler, outgoing events and dead letters.

What is merely away is tried again in place for as long as it takes. A handler that raises gets a few tries, then the
batch is split until the record that it raises on is found, and that one is parked.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain
from typing import Generic, TypeVar

import structlog
from aiokafka.errors import KafkaError

from plaudit.common.db import Database, OrderKey, Tx, lock
from plaudit.common.db.errors import is_transient, root
from plaudit.common.db.order_locks import MAX_KEYS_PER_TRANSACTION
from plaudit.common.failpoints import failpoint
from plaudit.common.kafka import dead_letters, positions
from plaudit.common.kafka.decode import Decoder, Letter, Raw, Slice, first_traceparent
from plaudit.common.kafka.positions import FencedError, Move, Position
from plaudit.common.kafka.subscription import InvalidRecordError, Record, Subscription, no_order_keys
from plaudit.common.observability import metrics, tracing
from plaudit.common.outbox import Outbox

log = structlog.get_logger()

Data = TypeVar("Data")
Batch = Mapping[int, Sequence[Raw]]
"""Fetched records by partition, in order."""

HANDLER_TRIES = 5
BACK_OFF_SECONDS = 0.1
MAX_BACK_OFF_SECONDS = 5.0
ABANDON_POLL_SECONDS = 0.1
TOO_MUCH_AT_ONCE = frozenset({"57014", "55P03", "53200"})
"""Cancelled by its deadline, waited too long for a lock, out of memory: less at a time may pass."""


class AbandonedError(Exception):
    """The batch's partitions are no longer ours, or the process stops; nothing of it was applied."""


class _TooManyKeysError(Exception):
    """More order keys than one transaction may lock."""


@dataclass(slots=True)
class Outcome:
    """What came of one batch, for its canonical line."""

    applied: int = 0
    repeated: int = 0
    letters: list[Letter] = field(default_factory=list)
    seconds: float = 0.0
    tries: int = 0
    gaps: dict[int, str] = field(default_factory=dict)
    """Partitions that stopped before a gap, and what was found there."""
    trace_id: str | None = None
    """Of the trace that the batch's first record belongs to."""


class Applier(Generic[Data]):
    """Applies batches of one subscription, and keeps what is known of its positions."""

    def __init__(self, subscription: Subscription[Data], database: Database, outbox: Outbox) -> None:
        self._subscription = subscription
        self._database = database
        self._outbox = outbox
        self._decoder = Decoder(subscription)
        self._group = subscription.group
        self._topic = subscription.topic.name
        self._has_order = subscription.order_keys is not no_order_keys
        self._troubles: dict[int, str] = {}
        self.positions: dict[int, Position] = {}
        """Of the partitions that this process may apply; a batch of another one is abandoned."""

    @property
    def trouble(self) -> str | None:
        """Why a batch is being tried again, if one is."""
        return next(iter(self._troubles.values()), None)

    async def settle(self, batch: Batch, abandoned: Callable[[], bool]) -> Outcome:
        """Apply the batch, whatever it takes; return what came of it.

        Args:
            batch: records of partitions whose positions are known.
            abandoned: whether to give up between two tries.

        Raises:
            AbandonedError: given up; the positions tell how far it came.
            FencedError: another consumer has moved a partition; nothing more of the batch was applied.
            FuseBlownError: too much went to the dead letters.
        """
        outcome = Outcome()
        try:
            await self._settle(batch, outcome, abandoned, raised=0)
        finally:
            self._troubles.pop(id(outcome), None)
        return outcome

    async def _settle(self, batch: Batch, outcome: Outcome, abandoned: Callable[[], bool], *, raised: int) -> None:
        """Apply a batch or a part of one, of which the handler has already raised so many times."""
        waits = 0
        while True:
            slices = [self._take(partition, raws) for partition, raws in batch.items()]
            error = await self._attempt(slices, batch, outcome)
            if error is None:
                return None
            kind = _kind(error)
            waits += kind is _Kind.AWAY
            raised = HANDLER_TRIES if kind is _Kind.INVALID else raised + (kind is _Kind.RAISED)
            single = sum(map(len, batch.values())) == 1
            step = _next_step(error, kind, raised, single=single)
            if step is _Step.SET_ASIDE and slices[0].records:
                return await self._set_aside(slices[0], batch, error, outcome, abandoned)
            if kind in {_Kind.AWAY, _Kind.RAISED}:
                await self._back_off(error, waits or raised, outcome, abandoned)
            if step is _Step.SPLIT:
                for half in _halves(batch):
                    await self._settle(half, outcome, abandoned, raised=max(0, raised - 1))
                return None

    async def _attempt(self, slices: Sequence[Slice[Data]], batch: Batch, outcome: Outcome) -> Exception | None:
        """Try once; return what failed, unless that ends the batch."""
        try:
            await self._apply(slices, batch, outcome)
        except (FencedError, dead_letters.FuseBlownError, AbandonedError):
            raise
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            return error
        return None

    async def _set_aside(
        self, part: Slice[Data], batch: Batch, error: Exception, outcome: Outcome, abandoned: Callable[[], bool]
    ) -> None:
        """Park the one record that the handler raises on, or call it invalid by the handler's word."""
        record = part.records[0]
        invalid = isinstance(error, InvalidRecordError)
        keys: tuple[OrderKey, ...] = ()
        if not invalid:
            with contextlib.suppress(Exception):  # it may be the very thing that raises
                keys = tuple(self._subscription.order_keys(record))
        letter = Letter(
            raw=_raw(batch, record),
            epoch=record.epoch,
            sequence=record.sequence,
            reason="invalid" if invalid else "failed",
            error=f"{type(error).__qualname__}: {error}",
            order_keys=keys,
            tries=1 if invalid else HANDLER_TRIES,
        )
        aside = Slice[Data](part.partition, part.before, part.after, letters=[letter])
        waits = 0
        while True:
            try:
                return await self._apply([aside], batch, outcome)
            except Exception as failure:
                if _kind(failure) is not _Kind.AWAY:
                    raise
                waits += 1
                await self._back_off(failure, waits, outcome, abandoned)

    def _take(self, partition: int, raws: Sequence[Raw]) -> Slice[Data]:
        position = self.positions.get(partition)
        if position is None:
            raise AbandonedError
        return self._decoder.take(partition, position.place, raws)

    async def _apply(self, slices: Sequence[Slice[Data]], batch: Batch, outcome: Outcome) -> None:
        """Apply the slices in one transaction, and then say so."""
        started_at = time.perf_counter()
        moves = [Move(part.partition, part.before, part.after) for part in slices if part.after != part.before]
        letters = [letter for part in slices for letter in part.letters]
        records = [record for part in slices for record in part.records]
        outcome.tries += 1
        if moves:
            with tracing.span(first_traceparent(slices)):
                outcome.trace_id = tracing.current_trace_id()
                async with self._database.transaction() as tx:
                    parked = await self._effect(tx, moves, batch, records, letters)
                    failpoint("after_cas_before_commit")
            self._advance(moves, parked)
        outcome.seconds += time.perf_counter() - started_at
        outcome.applied += len(records) - sum(letter.reason == "held" for letter in letters)
        outcome.repeated += sum(part.repeated for part in slices)
        outcome.letters += letters
        for part in slices:
            if part.gap:
                outcome.gaps.setdefault(part.partition, part.gap)

    async def _effect(
        self, tx: Tx, moves: Sequence[Move], batch: Batch, records: Sequence[Record[Data]], letters: list[Letter]
    ) -> dict[int, int]:
        """Do everything of a batch but its commit, adding held records to `letters`; return parked counts."""
        keys = self._order_keys(records)
        await lock(tx, {*chain.from_iterable(keys), *chain.from_iterable(letter.order_keys for letter in letters)})
        parked = await positions.advance(tx, self._group, self._topic, moves)
        if keys and any(parked.values()):
            held, records = await self._hold_back(tx, batch, records, keys)
            letters += held
        if records:
            outgoing = await self._subscription.handle(tx, records)
            await self._outbox.append(tx, outgoing)
        if letters:
            await dead_letters.write(tx, self._group, self._topic, letters)
            if more := Counter(letter.raw.partition for letter in letters if letter.order_keys):
                parked.update(await positions.park(tx, self._group, self._topic, more))
        return parked

    async def _hold_back(
        self, tx: Tx, batch: Batch, records: Sequence[Record[Data]], keys: Sequence[tuple[OrderKey, ...]]
    ) -> tuple[list[Letter], list[Record[Data]]]:
        """Part the records whose keys, or those of a held one before them, are blocked by an open letter."""
        blocked = await dead_letters.blocked(tx, self._group, self._topic, set(chain.from_iterable(keys)))
        held: list[Letter] = []
        free: list[Record[Data]] = []
        for record, of_record in zip(records, keys, strict=True):
            if blocked.isdisjoint(of_record):
                free.append(record)
                continue
            blocked.update(of_record)
            held.append(
                Letter(
                    raw=_raw(batch, record),
                    epoch=record.epoch,
                    sequence=record.sequence,
                    reason="held",
                    error="behind an open letter of its order key",
                    order_keys=of_record,
                )
            )
        return held, free

    def _order_keys(self, records: Sequence[Record[Data]]) -> list[tuple[OrderKey, ...]]:
        if not self._has_order:
            return []
        keys = [tuple(self._subscription.order_keys(record)) for record in records]
        if len(records) > 1 and sum(map(len, keys)) > MAX_KEYS_PER_TRANSACTION:
            raise _TooManyKeysError
        return keys

    def _advance(self, moves: Sequence[Move], parked: Mapping[int, int]) -> None:
        for move in moves:
            position = self.positions.get(move.partition)
            if position is not None and position.place == move.before:
                position.place = move.after
                position.parked = parked[move.partition]

    async def _back_off(self, error: Exception, tries: int, outcome: Outcome, abandoned: Callable[[], bool]) -> None:
        """Say what is in the way, and wait a little longer each time.

        Raises:
            AbandonedError: the batch is to be given up.
        """
        metrics.CONSUMER_RETRIES.labels(self._group, self._topic).inc()
        self._troubles[id(outcome)] = f"{type(error).__name__}, {tries} times in a row"
        log.warning("batch_retry", group=self._group, topic=self._topic, attempt=tries, exc_info=error)
        left = min(MAX_BACK_OFF_SECONDS, BACK_OFF_SECONDS * 2.0 ** min(tries, 10)) * random.uniform(0.5, 1.0)
        while left > 0 and not abandoned():
            await asyncio.sleep(min(left, ABANDON_POLL_SECONDS))
            left -= ABANDON_POLL_SECONDS
        if abandoned():
            raise AbandonedError


class _Kind(Enum):
    """What a failure of a batch means."""

    AWAY = auto()
    TOO_MANY_KEYS = auto()
    INVALID = auto()
    RAISED = auto()


def _kind(error: Exception) -> _Kind:
    if isinstance(error, InvalidRecordError):
        return _Kind.INVALID
    if isinstance(error, _TooManyKeysError):
        return _Kind.TOO_MANY_KEYS
    return _Kind.AWAY if is_transient(error) or isinstance(error, KafkaError) else _Kind.RAISED


class _Step(Enum):
    """What to do with a batch that failed."""

    RETRY = auto()
    SPLIT = auto()
    SET_ASIDE = auto()


def _next_step(error: Exception, kind: _Kind, raised: int, *, single: bool) -> _Step:
    if kind is _Kind.AWAY:
        too_much = getattr(root(error), "sqlstate", None) in TOO_MUCH_AT_ONCE
        return _Step.SPLIT if too_much and not single else _Step.RETRY
    if kind is _Kind.RAISED and raised < HANDLER_TRIES:
        return _Step.RETRY
    return _Step.SET_ASIDE if single else _Step.SPLIT


def _halves(batch: Batch) -> list[Batch]:
    """Split a batch of at least two records in its order, so that each partition's stay in theirs."""
    left = sum(map(len, batch.values())) // 2
    first: dict[int, Sequence[Raw]] = {}
    second: dict[int, Sequence[Raw]] = {}
    for partition, raws in batch.items():
        if left:
            first[partition] = raws[:left]
        if len(raws) > left:
            second[partition] = raws[left:]
        left = max(0, left - len(raws))
    return [first, second]


def _raw(batch: Batch, record: Record[Data]) -> Raw:
    return next(raw for raw in batch[record.partition] if raw.offset == record.offset)
