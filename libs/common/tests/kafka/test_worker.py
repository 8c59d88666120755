"""How a worker gets a batch applied that fails, without servers: the transaction is one that keeps notes."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition

from plaudit.common.db import Tx
from plaudit.common.events import Outgoing
from plaudit.common.events.numbering import splice
from plaudit.common.kafka import worker as module
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.decoding import Batch, Slice
from plaudit.common.kafka.fetch_wait import FetchWait
from plaudit.common.kafka.positions import FencedError, Move, Place, Position
from plaudit.common.kafka.subscription import Handler, InvalidRecordError, Record, StaleMemoryError, Subscription
from plaudit.common.kafka.transaction import Committed
from plaudit.common.kafka.worker import AbandonedError, Part, Worker
from plaudit_testing.databases import settings_for
from plaudit_testing.runtime import Count, add_to_sums, count_event, counting_topic, outbox_of, until

SETTINGS = settings_for("postgresql://nobody@nowhere/nothing")
TOPIC = counting_topic("count.v1")
KIND = ("content-type", b"application/cloudevents+json")


class Fetched:
    """A record as Kafka's client gives it."""

    def __init__(self, partition: int, number: int) -> None:
        self.partition = partition
        self.offset = number - 1
        self.key = b"key"
        event = count_event(TOPIC, f"{partition}/{number}", number)
        self.value: bytes | None = splice(outbox_of(SETTINGS).encode(event), 1, number)
        self.headers = (KIND,)


class Transaction:
    """Commits what does not make it raise."""

    def __init__(self, error: Callable[[list[str]], Exception | None]) -> None:
        self.error = error
        self.tried: list[list[str]] = []
        self.applied: list[str] = []
        self.letters: list[tuple[str, int]] = []
        self.handlers: list[Handler[Count]] = []

    async def apply(self, slices: Sequence[Slice[Count]], handle: Handler[Count]) -> Committed[Count]:
        self.handlers.append(handle)
        keys = [record.event.data.key for part in slices for record in part.records]
        self.tried.append(keys)
        if error := self.error(keys):
            raise error
        self.applied += keys
        letters = [letter for part in slices for letter in part.letters]
        self.letters += [(letter.reason, letter.tries) for letter in letters]
        moves = [Move(part.partition, part.before, part.after) for part in slices if part.after != part.before]
        return Committed(slices, moves, dict.fromkeys([move.partition for move in moves], 0), len(keys), letters)


class Remembering:
    """A handler of which each worker gets its own."""

    async def __call__(self, tx: Tx, records: Sequence[Record[Count]]) -> Sequence[Outgoing]:
        return await add_to_sums(tx, records)


class Client:
    """Kafka's client: it has told how far the partitions reach."""

    def __init__(self) -> None:
        self.ends: dict[int, int] = {}

    def highwater(self, place: TopicPartition) -> int | None:
        return self.ends.get(place.partition)

    def pause(self, *_: object) -> None: ...
    def resume(self, *_: object) -> None: ...


class Bench:
    """A worker over one transaction."""

    def __init__(self, error: Callable[[list[str]], Exception | None], *, remembers: bool = False) -> None:
        self.transaction = Transaction(error)
        self.assignment = Assignment("group", TOPIC.name, None, SETTINGS)  # type: ignore[arg-type]
        self.client = Client()
        self.assignment.join(self.client)
        self.stop = asyncio.Event()
        handler: Any = {"new_handler": Remembering} if remembers else {"handle": add_to_sums}
        subscription = Subscription(group="group", topic=TOPIC, data=Count, **handler)
        self.worker = Worker(
            0,
            subscription,
            self.transaction,  # type: ignore[arg-type]
            self.assignment,
            self.client,
            FetchWait(self.client),
            self.stop,
        )

    async def apply(self, batch: Batch) -> None:
        for partition in batch:
            self.assignment.positions[partition] = Position(UUID(int=1), Place(0, 0, 0), 0)
        await self.worker._apply(batch, self.assignment.generation)


def batch(**counts: int) -> Batch:
    """So many records of each partition: `batch(p0=2, p1=1)`."""
    return {
        int(name[1:]): [Fetched(int(name[1:]), number) for number in range(1, count + 1)]
        for name, count in counts.items()
    }


def on(*keys: str, error: Exception) -> Callable[[list[str]], Exception | None]:
    return lambda tried: error if set(keys) & set(tried) else None


@pytest.fixture(autouse=True)
def short_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACK_OFF_SECONDS", 0.001)
    monkeypatch.setattr(module, "MAX_BACK_OFF_SECONDS", 0.01)


async def test_a_batch_without_a_failure_is_one_transaction_and_moves_the_positions() -> None:
    bench = Bench(lambda _: None)
    await bench.apply(batch(p0=2, p1=1))
    assert bench.transaction.tried == [["0/1", "0/2", "1/1"]]
    assert {number: position.place for number, position in bench.assignment.positions.items()} == {
        0: Place(2, 1, 2),
        1: Place(1, 1, 1),
    }


async def test_the_record_that_the_handler_raises_on_is_found_after_five_tries_and_set_aside_alone() -> None:
    bench = Bench(on("0/3", error=ZeroDivisionError()))
    await bench.apply(batch(p0=4, p1=4))
    everything = [f"0/{n}" for n in range(1, 5)] + [f"1/{n}" for n in range(1, 5)]
    assert bench.transaction.tried[:5] == [everything] * 5
    assert bench.transaction.applied == [key for key in everything if key != "0/3"]
    assert bench.transaction.letters == [("failed", 5)]
    assert bench.transaction.tried.count(["0/3"]) == 1


async def test_an_invalid_record_is_found_at_once_and_costs_its_neighbours_no_tries() -> None:
    failed_once = False

    def error(keys: list[str]) -> Exception | None:
        nonlocal failed_once
        if "0/1" in keys:
            return InvalidRecordError("wrong")
        if keys == ["0/2"] and not failed_once:
            failed_once = True
            return ZeroDivisionError()
        return None

    bench = Bench(error)
    await bench.apply(batch(p0=2))
    assert bench.transaction.letters == [("invalid", 1)]
    assert bench.transaction.applied == ["0/2"]


async def test_several_bad_records_are_all_found_and_the_order_of_each_partition_is_kept() -> None:
    bad = ("0/1", "0/5", "1/2", "1/3")
    bench = Bench(on(*bad, error=ValueError()))
    await bench.apply(batch(p0=5, p1=5))
    assert bench.transaction.applied == ["0/2", "0/3", "0/4", "1/1", "1/4", "1/5"]
    assert len(bench.transaction.letters) == 4


async def test_a_transient_error_is_retried_with_the_whole_batch() -> None:
    left = 20

    def error(_: list[str]) -> Exception | None:
        nonlocal left
        left -= 1
        return ConnectionRefusedError() if left else None

    bench = Bench(error)
    await bench.apply(batch(p0=3))
    assert bench.transaction.tried == [["0/1", "0/2", "0/3"]] * 20
    assert bench.transaction.letters == []


async def test_a_fenced_batch_is_given_up_at_once() -> None:
    bench = Bench(on("0/1", error=FencedError()))
    with pytest.raises(FencedError):
        await bench.apply(batch(p0=3))
    assert len(bench.transaction.tried) == 1


async def test_a_stop_ends_the_retries() -> None:
    bench = Bench(on("0/1", error=ConnectionRefusedError()))
    applying = asyncio.create_task(bench.apply(batch(p0=1)))
    await until(lambda: bench.worker.trouble is not None, "it is retried")
    bench.stop.set()
    with pytest.raises(AbandonedError):
        await applying


async def test_a_new_generation_ends_the_retries() -> None:
    bench = Bench(on("0/1", error=ConnectionRefusedError()))
    applying = asyncio.create_task(bench.apply(batch(p0=1)))
    await until(lambda: bench.worker.trouble is not None, "it is retried")
    bench.assignment.leave()
    with pytest.raises(AbandonedError):
        await applying


async def test_after_a_gap_the_partition_is_halted_and_the_other_records_of_the_batch_are_applied() -> None:
    bench = Bench(lambda _: None)
    records = batch(p0=4, p1=2)
    await bench.apply({0: [*records[0][:1], *records[0][2:]], 1: records[1]})
    assert bench.transaction.applied == ["0/1", "1/1", "1/2"]
    assert bench.assignment.halted == {
        0: "a gap in the sequence: offset 2 has number 3 of epoch 1, after 1 of epoch 1",
    }


def test_the_halves_of_a_part_are_its_records_in_order() -> None:
    whole = batch(p0=3, p1=4, p2=1)
    first, second = Part(whole, raised=4).split()
    assert [len(raws) for raws in first.batch.values()] == [3, 1]
    assert [len(raws) for raws in second.batch.values()] == [3, 1]
    assert [*first.batch[1], *second.batch[1]] == whole[1]
    assert first.raised == second.raised == 4


async def test_a_handler_keeps_its_memory_from_batch_to_batch_of_one_generation_only() -> None:
    bench = Bench(lambda _: None, remembers=True)
    await bench.apply(batch(p0=1))
    await bench.apply(batch(p1=1))
    bench.assignment._begin_generation(frozenset())
    await bench.apply(batch(p2=1))
    one, two, three = bench.transaction.handlers
    assert one is two
    assert three is not one


@pytest.mark.parametrize("error", [ConnectionResetError(), StaleMemoryError(), ZeroDivisionError(), FencedError()])
async def test_a_transaction_that_fails_takes_the_handlers_memory_with_it(error: Exception) -> None:
    failed = False

    def once(_keys: list[str]) -> Exception | None:
        nonlocal failed
        first, failed = not failed, True
        return error if first else None

    bench = Bench(once, remembers=True)
    with contextlib.suppress(FencedError):
        await bench.apply(batch(p0=1))
    await bench.apply(batch(p0=1))
    one, two, *_ = bench.transaction.handlers
    assert one is not two
    assert bench.transaction.applied[-1] == "0/1"


@pytest.mark.parametrize("handlers", [{}, {"handle": add_to_sums, "new_handler": Remembering}])
def test_a_subscription_has_one_way_to_a_handler(handlers: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either `handle` or `new_handler`"):
        Subscription(group="group", topic=TOPIC, data=Count, **handlers)


async def test_a_worker_knows_from_the_ends_of_its_partitions_that_it_is_behind() -> None:
    bench = Bench(lambda _: None)
    bench.client.ends = {0: 502, 1: 1}
    await bench.apply(batch(p0=2, p1=1))
    assert not bench.worker._size.is_behind
    bench.client.ends = {0: 502, 1: 2}
    await bench.apply(batch(p0=2, p1=1))
    assert bench.worker._size.is_behind
