"""What a publisher sends of a chunk, and how it ends, without a broker."""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaTimeoutError
from aiokafka.record.default_records import DefaultRecordBatch

from plaudit.common.events.numbering import splice
from plaudit.common.kafka import clients
from plaudit.common.outbox import publisher as module
from plaudit.common.outbox.batches import Batch, BatchEncoder
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.lease import LeaseLostError
from plaudit.common.outbox.publisher import EXIT_PRODUCER_STUCK, Publisher
from plaudit_testing.databases import settings_for

FIRST, SECOND = TopicPartition("count.v1", 0), TopicPartition("count.v1", 1)
RECORDS_PER_BATCH = 2


class Exited(BaseException):
    pass


@dataclass
class Producer:
    """Takes batches; fails the sends whose number is in `failing`."""

    failing: set[int] = field(default_factory=set)
    sent: list[tuple[int, list[bytes]]] = field(default_factory=list)
    outstanding: dict[int, int] = field(default_factory=dict)
    endless: bool = False

    async def send_batch(self, batch: Batch, _topic: str, *, partition: int) -> "asyncio.Future[None]":
        self.outstanding[partition] = self.outstanding.get(partition, 0) + 1
        assert self.outstanding[partition] == 1, "one outstanding batch for each partition"
        acknowledgement = asyncio.get_running_loop().create_future()
        self.sent.append((partition, values_of(batch)))
        number = len(self.sent)

        def answer() -> None:
            self.outstanding[partition] -= 1
            if number in self.failing:
                acknowledgement.set_exception(KafkaTimeoutError())
            else:
                acknowledgement.set_result(None)

        asyncio.get_running_loop().call_soon(answer)
        return acknowledgement

    async def stop(self) -> None:
        if self.endless:
            await asyncio.Event().wait()


def values_of(batch: Batch) -> list[bytes]:
    batch._set_producer_state(1, 0, 0)
    return [record.value or b"" for record in DefaultRecordBatch(bytes(batch._build()))]


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> Producer:
    fake = Producer()
    monkeypatch.setattr(clients, "producer", lambda *_arguments: fake)
    return fake


def publisher(acknowledged: dict[TopicPartition, int], check: object = None) -> Publisher:
    settings = settings_for("postgresql://nobody@nowhere/nothing")
    made = Publisher(settings, acknowledged, check if callable(check) else lambda: None)
    made._encoder = BatchEncoder((), RECORDS_PER_BATCH * len(sent(0, 1)) + 20)
    return made


async def publish(publisher: Publisher, chunk: Chunk) -> None:
    await publisher.publish(await publisher.prepare(chunk))


def chunk(**partitions: int) -> Chunk:
    records = {TopicPartition("count.v1", int(name[1:])): count for name, count in partitions.items()}
    return Chunk(
        before={FIRST: 10, SECOND: 20},
        cursor=Cursor(1, 1, 1, {}, {}),
        records={
            place: [(b"", b'{"record":"%d/%d"}' % (place.partition, index)) for index in range(1, count + 1)]
            for place, count in records.items()
        },
        rows=sum(records.values()),
    )


def sent(partition: int, index: int) -> bytes:
    """A record of `chunk` as it is sent."""
    before = {0: 10, 1: 20}[partition]
    return splice(b'{"record":"%d/%d"}' % (partition, index), 1, before + index)


async def test_everything_is_sent_in_order_and_remembered(producer: Producer) -> None:
    acknowledged: dict[TopicPartition, int] = {}
    await publish(publisher(acknowledged), chunk(p0=5, p1=1))
    assert [values for partition, values in producer.sent if partition == 0] == [
        [sent(0, 1), sent(0, 2)],
        [sent(0, 3), sent(0, 4)],
        [sent(0, 5)],
    ]
    assert acknowledged == {FIRST: 15, SECOND: 21}


async def test_after_a_failure_each_partition_begins_at_its_first_record_that_is_not_acknowledged(
    producer: Producer,
) -> None:
    acknowledged: dict[TopicPartition, int] = {}
    producer.failing = {3}  # the second batch of the first partition: the first batches go out side by side
    with pytest.raises(KafkaTimeoutError):
        await publish(publisher(acknowledged), chunk(p0=5, p1=3))
    assert acknowledged == {FIRST: 12, SECOND: 23}
    producer.failing, producer.sent = set(), []
    await publish(publisher(acknowledged), chunk(p0=5, p1=3))
    assert producer.sent == [(0, [sent(0, 3), sent(0, 4)]), (0, [sent(0, 5)])]


async def test_nothing_more_is_sent_once_the_lease_is_lost(producer: Producer) -> None:
    def check() -> None:
        if len(producer.sent) == 1:
            raise LeaseLostError

    with pytest.raises(LeaseLostError):
        await publish(publisher({}, check), chunk(p0=5))
    assert len(producer.sent) == 1


async def test_a_producer_that_will_not_stop_ends_the_process(
    producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(code: int) -> None:
        raise Exited(code)

    monkeypatch.setattr(module, "STOP_TIMEOUT_SECONDS", 0.01)
    monkeypatch.setattr(os, "_exit", leave)
    producer.endless = True
    with pytest.raises(Exited, match=str(EXIT_PRODUCER_STUCK)):
        await publisher({}).stop()


async def test_between_the_partitions_of_a_chunk_others_have_their_turn(
    producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledgements are received and batches sent there: without it the last chunk waits for the whole next one."""
    ours, order = publisher({}), list[str]()
    encode = ours._encoder.encode

    def note(*arguments: Any) -> Batch:
        order.append("encode")
        return encode(*arguments)

    async def others() -> None:
        while True:
            order.append("other")
            await asyncio.sleep(0)

    monkeypatch.setattr(ours._encoder, "encode", note)
    busy = asyncio.create_task(others())
    await ours.prepare(chunk(p0=1, p1=1))
    busy.cancel()
    assert order[:3] == ["encode", "other", "encode"]
