"""A worker: it polls its share of the partitions, and applies one batch at a time.

Nothing more is polled until the batch is applied, so a partition never has two batches in flight. Transient errors are
retried in place, for as long as it takes. A handler that raises gets a few tries; then the batch is split until the
record that it raises on is found, and that record is set aside.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import NoOffsetForPartitionError, OffsetOutOfRangeError, RecordTooLargeError

from plaudit.common.failpoints import failpoint
from plaudit.common.jobs import back_off_seconds, halves, pause
from plaudit.common.kafka import dead_letters
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.batch_size import BatchSize
from plaudit.common.kafka.decoding import Batch, Decoder, Letter, Raw, Slice, Unparsed
from plaudit.common.kafka.failures import HANDLER_TRIES, IMMEDIATE, STEPS, Content, Failure, Step, classify
from plaudit.common.kafka.fetch_wait import FetchWait
from plaudit.common.kafka.positions import FencedError
from plaudit.common.kafka.subscription import Handler, Subscription
from plaudit.common.kafka.transaction import BatchTransaction, Committed
from plaudit.common.observability import metrics

log = structlog.get_logger()

Data = TypeVar("Data")

POLL_DEADLINE_SECONDS = 2.0
"""During a rebalance a poll waits for its end."""
IDLE_SECONDS = 0.05
BACK_OFF_SECONDS = 0.1
MAX_BACK_OFF_SECONDS = 5.0
BACK_OFF_CHECK_SECONDS = 0.1
"""How often a waiting worker looks whether its partitions are still its own."""


class AbandonedError(Exception):
    """The rest of the batch is given up: its partitions are no longer ours, or the process stops."""


@dataclass(slots=True)
class Part:
    """A batch, or a part of one that failed on some of its records."""

    batch: Batch
    raised: int = 0
    """How often the handler has raised on these records."""
    failures: int = 0
    """How often the part has failed."""
    letter: Letter | None = None
    """Of the part's only record, when it is to be set aside."""

    def split(self) -> tuple["Part", "Part"]:
        """Return the two halves, in order. Where the handler raised on the whole, each half gets one more try."""
        first, second = halves([(partition, raw) for partition, raws in self.batch.items() for raw in raws])
        return Part(_by_partition(first), self.raised), Part(_by_partition(second), self.raised)


class Worker(Generic[Data]):
    """Reads and applies the partitions of its share. A membership has one or several."""

    def __init__(
        self,
        share: int,
        subscription: Subscription[Data],
        transaction: BatchTransaction[Data],
        assignment: Assignment,
        consumer: AIOKafkaConsumer,
        fetch_wait: FetchWait,
        stop: asyncio.Event,
    ) -> None:
        """Take the partitions whose number is `share` modulo the subscription's workers.

        Args:
            share: this worker's number, from 0.
            subscription: what to read.
            transaction: applies slices of batches.
            assignment: has the partitions and their positions.
            consumer: the group's member.
            fetch_wait: is told what each poll returned.
            stop: set when the process stops. The transaction in flight ends; nothing is tried again.
        """
        self._share, self._shares = share, subscription.workers
        self._labels = subscription.group, subscription.topic.name
        self._subscription = subscription
        self._size = BatchSize(subscription.start_batch, subscription.max_batch, subscription.backlog_batch)
        self._decoder = Decoder(subscription)
        self._transaction = transaction
        self._assignment = assignment
        self._consumer = consumer
        self._fetch_wait = fetch_wait
        self._stop = stop
        self._handler: tuple[int, Handler[Data]] | None = None
        """Made in this generation of the assignment; None after a transaction that has not committed."""
        self._polling: asyncio.Timeout | None = None
        """Of the present or last poll."""
        self.turned_at = time.monotonic()
        """On the monotonic clock."""
        self.trouble: str | None = None
        """Why a batch is tried again, if one is."""

    async def run(self) -> None:
        """Poll and apply until told to stop.

        Raises:
            KafkaError: the client has failed.
            FuseBlownError: too many records fail.
        """
        while not self._stop.is_set():
            self.turned_at = time.monotonic()
            batch = await self._poll()
            if batch is None:
                await pause(self._stop, IDLE_SECONDS)
            if not batch:
                continue
            generation = self._assignment.generation
            failpoint("after_fetch_before_statement")
            try:
                with self._assignment.in_flight():
                    await self._apply(batch, generation)
            except FencedError as error:
                metrics.CONSUMER_FENCED_BATCHES.labels(*self._labels).inc()
                log.warning("fenced", group=self._labels[0], topic=self._labels[1], detail=str(error))
                await self._assignment.reload(batch, generation)
            except AbandonedError:
                continue
            finally:
                self.trouble = None
            self._assignment.resume(batch, generation)

    def end_poll(self) -> None:
        """End a poll that waits for records, so that a stop does not. It has handed out nothing that could be lost."""
        with contextlib.suppress(RuntimeError):  # no poll is under way
            if self._polling is not None:
                self._polling.reschedule(asyncio.get_running_loop().time())

    async def _poll(self) -> Batch | None:
        """Return the records that have arrived; None if there is nothing to ask for or no answer."""
        partitions = self._assignment.readable(self._share, self._shares)
        if not partitions:
            return None
        generation = self._assignment.generation
        try:
            return await self._fetch(partitions, generation)
        except OffsetOutOfRangeError as error:
            for place, offset in error.args[0].items():
                reason = f"offset {offset} is not in the log: it was deleted before it was read, or lost"
                self._assignment.halt(place.partition, reason, generation)
            return None
        except RecordTooLargeError as error:
            for partition in partitions:
                self._assignment.halt(partition, f"a record is larger than the fetch size: {error}", generation)
            return None
        except (NoOffsetForPartitionError, TimeoutError):
            return None  # not sought yet, or a rebalance

    async def _fetch(self, partitions: Sequence[int], generation: int) -> Batch:
        """Fetch from all of the partitions; when the client cannot parse a record, from each by itself.

        The client does not say which record it was, and drops what it has parsed in the same call.
        """
        with contextlib.suppress(UnicodeDecodeError):
            return await self._get(partitions, self._size.records)
        batch: dict[int, Sequence[Raw]] = {}
        try:
            self._assignment.seek(partitions, generation)
            for partition in partitions:
                batch |= await self._fetch_one(partition, generation)
        except Exception:
            self._assignment.seek(partitions, generation)
            raise
        return batch

    async def _fetch_one(self, partition: int, generation: int) -> Batch:
        """Fetch from one partition what comes before a record that cannot be parsed; that record, if it is the next."""
        records = self._size.records
        while True:
            try:
                return await self._get([partition], records)
            except UnicodeDecodeError as error:
                self._assignment.seek([partition], generation)
                position = self._assignment.positions.get(partition)
                if position is None:
                    return {}
                if records == 1:
                    self._assignment.seek([partition], generation, skip_records=1)
                    return {partition: [Unparsed(position.place.next_offset, str(error))]}
                records //= 2

    async def _get(self, partitions: Sequence[int], max_records: int) -> Batch:
        self.turned_at = time.monotonic()
        async with asyncio.timeout(POLL_DEADLINE_SECONDS) as self._polling:
            fetched = await self._consumer.getmany(
                *map(self._assignment.at, partitions), timeout_ms=self._fetch_wait.poll_ms, max_records=max_records
            )
        batch = {place.partition: raws for place, raws in fetched.items() if raws}
        self._fetch_wait.observe(_count(batch), time.monotonic())
        return batch

    async def _apply(self, batch: Batch, generation: int) -> None:
        """Apply a batch, whatever it takes: in one transaction, or in parts if it fails on some of its records.

        Raises:
            AbandonedError: given up; the positions tell how far it came.
            FencedError: another consumer has moved a partition; nothing more was applied.
            FuseBlownError: too many records fail; nothing more was applied.
        """
        parts = [Part(batch)]
        while parts:
            if not self._assignment.is_current(generation):
                raise AbandonedError
            part = parts.pop()
            slices = self._slices(part)
            try:
                committed = await self._transaction.apply(slices, self._handle(generation))
            except Exception as error:  # noqa: BLE001 - a handler may raise anything
                self._handler = None
                parts += reversed(await self._recover(part, slices, error, generation))
            else:
                self._finish(part, committed, generation)

    def _handle(self, generation: int) -> Handler[Data]:
        """Return the handler, which remembers nothing of an older generation: others have had the partitions since."""
        if self._handler is None or self._handler[0] != generation:
            self._handler = generation, self._subscription.handler()
        return self._handler[1]

    def _slices(self, part: Part) -> list[Slice[Data]]:
        """Decode the records of those partitions that may still be read, at their present positions."""
        slices = [
            self._decoder.take(partition, position.place, raws)
            for partition, raws in part.batch.items()
            if (position := self._assignment.positions.get(partition)) is not None
        ]
        if part.letter is not None:
            for only in slices:
                only.records, only.letters = [], [part.letter]
        return slices

    async def _recover(
        self, part: Part, slices: Sequence[Slice[Data]], error: Exception, generation: int
    ) -> Sequence[Part]:
        """Return what to apply in place of a part that failed, in order.

        Raises:
            AbandonedError: while it waited, the partitions were revoked or the process was told to stop.
            Exception: the error, if it ends the batch.
        """
        failure = classify(error, part.raised)
        part.failures += 1
        part.raised += failure is Failure.RAISED
        step = STEPS[failure, _content(part, slices)]
        if step is Step.STOP:
            raise error
        if step is Step.SET_ASIDE:
            part.letter = self._letter(slices[0], failure, error)
            return [part]
        if failure not in IMMEDIATE:
            await self._back_off(part, error, generation)
        return part.split() if step is Step.SPLIT else [part]

    def _letter(self, only: Slice[Data], failure: Failure, error: Exception) -> Letter:
        """Return the dead letter of the record that the handler fails on."""
        record, text = only.records[0], f"{type(error).__qualname__}: {error}"
        if failure in IMMEDIATE:
            return only.letter(record, "invalid", text)
        order_keys: tuple[str, ...] = ()
        with contextlib.suppress(Exception):  # it may be the very thing that raises
            order_keys = tuple(self._subscription.order_keys(record))
        return only.letter(record, "failed", text, order_keys, tries=HANDLER_TRIES)

    async def _back_off(self, part: Part, error: Exception, generation: int) -> None:
        """Say what is in the way, fetch nothing more meanwhile, and wait longer after each failure."""
        metrics.CONSUMER_RETRIES.labels(*self._labels).inc()
        self.trouble = f"{type(error).__name__}, {part.failures} times in a row"
        group, topic = self._labels
        log.warning("batch_retry", group=group, topic=topic, attempt=part.failures, exc_info=error)
        self._assignment.pause(part.batch, generation)
        seconds = back_off_seconds(part.failures, BACK_OFF_SECONDS, MAX_BACK_OFF_SECONDS)
        until = time.monotonic() + seconds
        while (left_seconds := until - time.monotonic()) > 0 and self._assignment.is_current(generation):
            self.turned_at = time.monotonic()
            await pause(self._stop, min(left_seconds, BACK_OFF_CHECK_SECONDS))
            if self._stop.is_set():
                raise AbandonedError

    def _finish(self, part: Part, committed: Committed[Data], generation: int) -> None:
        """Move the positions on, halt where there is a gap, count, and log the transaction in one line."""
        group, topic = self._labels
        slices = committed.slices
        self._assignment.advance(committed.moves, committed.parked, generation)
        left_records = self._assignment.left_records(self._share, self._shares)
        self._size.observe(_count(part.batch), committed.seconds, left_records)
        repeated = sum(each.repeated for each in slices)
        metrics.CONSUMER_APPLIED.labels(group, topic).inc(committed.applied)
        metrics.CONSUMER_REPEATED.labels(group, topic).inc(repeated)
        metrics.CONSUMER_BATCH_RECORDS.labels(group, topic).observe(committed.applied)
        metrics.CONSUMER_BATCH_SECONDS.labels(group, topic).observe(committed.seconds)
        dead_letters.report(group, topic, committed.letters)
        log.info(
            "batch",
            group=group,
            topic=topic,
            trace_id=committed.trace_id,
            partitions=len(slices),
            applied=committed.applied,
            repeated=repeated,
            dead=len(committed.letters),
            tries=part.failures + 1,
            duration_ms=round(committed.seconds * 1000, 2),
        )
        for each in slices:
            if each.gap is not None:
                metrics.CONSUMER_GAPS.labels(group, topic).inc()
                self._assignment.halt(each.partition, f"a gap in the sequence: {each.gap}", generation)


def _content(part: Part, slices: Sequence[Slice[Data]]) -> Content:
    if _count(part.batch) > 1:
        return Content.SEVERAL
    return Content.ONE if any(each.records for each in slices) else Content.NOTHING_TO_HANDLE


def _count(batch: Batch) -> int:
    return sum(map(len, batch.values()))


def _by_partition(pairs: Sequence[tuple[int, Raw]]) -> Batch:
    grouped: dict[int, list[Raw]] = {}
    for partition, raw in pairs:
        grouped.setdefault(partition, []).append(raw)
    return grouped
