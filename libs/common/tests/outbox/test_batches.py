"""The relay's own record batches: byte for byte what the client's builder makes of the same records."""

import ast
import inspect
import os
import struct
from typing import Any

import cramjam
import pytest
from aiokafka.producer import message_accumulator
from aiokafka.producer.message_accumulator import BatchBuilder, MessageAccumulator
from aiokafka.producer.transaction_manager import TransactionManager
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts.topics import MAX_EVENT_BYTES
from plaudit.common.events.numbering import splice
from plaudit.common.kafka.topics import MAX_MESSAGE_BYTES
from plaudit.common.outbox.batches import MAX_BATCH_BYTES, PIECE_BYTES, Batch, BatchEncoder
from plaudit.common.outbox.publisher import HEADERS

HEADER_BYTES = 61
CRC = slice(17, 21)
LENGTH = slice(8, 12)
NOW_MS = 1_700_000_000_123
LZ4 = DefaultRecordBatch.CODEC_LZ4
PLACE = TopicPartition("count.v1", 3)

Records = list[tuple[bytes, bytes]]

envelopes = st.binary(max_size=300).map(lambda members: b'{"' + members + b"}") | st.integers(1, 40_000).map(
    lambda size: b"{" + b"x" * size + b"}"
)
records_of_any_shape = st.lists(st.tuples(st.binary(max_size=200), envelopes), min_size=1, max_size=200)
headers_of_any_shape = st.lists(st.tuples(st.text(max_size=80), st.binary(max_size=200)), max_size=4)


def of_the_builder(
    records: Records, epoch: int, first: int, headers: list[tuple[str, bytes]], codec: int = 0
) -> DefaultRecordBatchBuilder:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, 0, 2**31 - 1)
    for number, (key, envelope) in enumerate(records):
        builder.append(number, NOW_MS, key, splice(envelope, epoch, first + number), headers)
    return builder


def sent(batch: Batch, producer: tuple[int, int, int] = (7, 1, 42)) -> bytes:
    batch._set_producer_state(*producer)
    return bytes(batch._build())


def content(batch: bytes) -> bytes:
    return bytes(cramjam.lz4.decompress(batch[HEADER_BYTES:]))


def header_of(batch: bytes) -> bytes:
    """Without what depends on how well the records were compressed."""
    return batch[: LENGTH.start] + batch[LENGTH.stop : CRC.start] + batch[CRC.stop : HEADER_BYTES]


@given(
    records=records_of_any_shape,
    headers=headers_of_any_shape,
    epoch=st.integers(1, 10**18),
    first=st.integers(1, 10**20 - 200),
    producer=st.tuples(st.integers(0, 2**63 - 1), st.integers(0, 2**15 - 1), st.integers(0, 2**31 - 1)),
)
def test_a_batch_is_the_builders_byte_for_byte(
    records: Records, headers: list[tuple[str, bytes]], epoch: int, first: int, producer: tuple[int, int, int]
) -> None:
    ours = sent(BatchEncoder(headers, 2**31 - 1).encode(records, epoch, first, NOW_MS), producer)
    plain = bytes(of_the_builder(records, epoch, first, headers).build())
    # The builder sends uncompressed what does not get smaller; a record of nothing but zeros always does.
    compressed = of_the_builder([*records[:-1], (bytes(50_000), records[-1][1])], epoch, first, headers, LZ4)
    compressed.set_producer_state(*producer)
    assert content(ours) == plain[HEADER_BYTES:]
    assert header_of(ours) == header_of(bytes(compressed.build()))
    assert struct.unpack(">i", ours[LENGTH]) == (len(ours) - LENGTH.stop,)
    assert DefaultRecordBatch(ours).validate_crc()


@given(records=records_of_any_shape, first=st.integers(1, 10**6))
def test_the_client_reads_what_was_put_in(records: Records, first: int) -> None:
    batch = DefaultRecordBatch(sent(BatchEncoder(HEADERS, 2**31 - 1).encode(records, 3, first, NOW_MS)))
    read = [(record.offset, record.timestamp, record.key, record.value, record.headers) for record in batch]
    assert read == [
        (number, NOW_MS, key, splice(envelope, 3, first + number), HEADERS)
        for number, (key, envelope) in enumerate(records)
    ]


@given(records=records_of_any_shape, max_bytes=st.integers(0, 50_000))
def test_a_batch_holds_the_first_record_and_as_many_more_as_its_limit_allows(records: Records, max_bytes: int) -> None:
    batch = BatchEncoder(HEADERS, max_bytes).encode(records, 1, 1, NOW_MS)
    count = batch.record_count()
    ours = content(sent(batch))
    assert ours == bytes(of_the_builder(records[:count], 1, 1, HEADERS).build())[HEADER_BYTES:]
    assert count == 1 or (count > 1 and len(ours) <= max_bytes)
    if count < len(records):
        more = bytes(of_the_builder(records[: count + 1], 1, 1, HEADERS).build())[HEADER_BYTES:]
        assert len(more) > max_bytes


def test_more_records_than_a_batch_can_hold_are_left_for_the_next_one() -> None:
    records = [(b"", b'{"":0}')] * 10_000
    encoder = BatchEncoder((), 2**31 - 1)
    first = encoder.encode(records, 1, 1, NOW_MS)
    assert first.record_count() == 8_192
    second = encoder.encode(records[8_192:], 1, 8_193, NOW_MS)
    together = content(sent(first)) + content(sent(second))
    builders = [of_the_builder(records[:8_192], 1, 1, []), of_the_builder(records[8_192:], 1, 8_193, [])]
    assert together == b"".join(bytes(builder.build())[HEADER_BYTES:] for builder in builders)


@pytest.mark.parametrize("envelope", [b"", b"}", b"{}", b'{"a":1', b'{"a":1} ', b"[1]"])
@pytest.mark.parametrize("position", [0, 1])
def test_an_envelope_that_cannot_be_numbered_is_refused(envelope: bytes, position: int) -> None:
    records = [(b"key", b'{"a":1}')] * position + [(b"key", envelope)]
    with pytest.raises(ValueError, match="closing brace"):
        BatchEncoder(HEADERS).encode(records, 1, 1, NOW_MS)


@pytest.mark.parametrize(("epoch", "first"), [(0, 1), (1, 0), (1, 10**20 - 1)])
def test_numbers_out_of_range_are_refused(epoch: int, first: int) -> None:
    with pytest.raises(ValueError, match="sequence"):
        BatchEncoder(HEADERS).encode([(b"key", b'{"a":1}')] * 2, epoch, first, NOW_MS)


@pytest.mark.parametrize("size", [100, 10_000, 99_000, MAX_EVENT_BYTES - 2])
def test_the_broker_takes_a_full_batch_even_when_nothing_of_it_can_be_compressed(size: int) -> None:
    records = [(os.urandom(2_000), b"{" + os.urandom(size) + b"}") for _ in range(MAX_BATCH_BYTES // size + 1)]
    batch = BatchEncoder(HEADERS).encode(records, 2**40, 10**15, NOW_MS)
    assert MAX_BATCH_BYTES * 0.7 < batch.size() <= MAX_MESSAGE_BYTES


def test_a_batch_is_closed_so_that_it_does_not_linger() -> None:
    assert BatchEncoder(HEADERS).encode([(b"key", b'{"a":1}')], 1, 1, NOW_MS).closed()


def test_a_batch_without_a_producer_is_not_sent() -> None:
    batch = BatchEncoder(HEADERS).encode([(b"key", b'{"a":1}')], 1, 1, NOW_MS)
    with pytest.raises(ValueError, match="idempotent"):
        batch._build()


def test_records_are_compressed_in_pieces_that_the_allocator_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    levels: list[int] = []

    class Compressor:
        def __init__(self, **options: Any) -> None:
            levels.append(options["level"])
            self._inner = REAL(**options)

        def compress(self, piece: bytes) -> None:
            pieces.append(len(piece))
            self._inner.compress(piece)

        def finish(self) -> Any:
            return self._inner.finish()

    monkeypatch.setattr(cramjam.lz4, "Compressor", Compressor)
    BatchEncoder(HEADERS).encode([(b"key", b"{" + b"x" * 1_000 + b"}")] * 500, 1, 1, NOW_MS)
    assert max(pieces) <= PIECE_BYTES + 1_200
    assert len(pieces) == 10
    assert levels == [1], "the client's own is eight times as slow"


REAL = cramjam.lz4.Compressor


# What the client asks of a batch. These fail when a new version of it asks for more, or in another order.


def test_the_client_asks_nothing_of_a_batch_that_it_does_not_have() -> None:
    tree = ast.parse(inspect.getsource(message_accumulator))
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"self._builder", "batch._builder", "builder"}
    }
    of_builders_own = {"set_producer_state", "build"}
    only_for_open_batches_and_transactions = {"append", "close"}
    assert asked - of_builders_own - only_for_open_batches_and_transactions <= set(dir(Batch))
    assert {"record_count", "closed", "_set_producer_state", "_build"} <= asked


class OneLeader:
    def leader_for_partition(self, _place: TopicPartition) -> int:
        return 0


async def test_the_client_sends_our_batch_as_it_sends_its_own() -> None:
    records = [(b"key", b'{"a":%d}' % number) for number in range(1, 4)]
    drained = []
    for kind in ("ours", "its own"):
        transactions = TransactionManager(None, 60_000)
        transactions.set_pid_and_epoch(4711, 3)
        accumulator = MessageAccumulator(OneLeader(), 2**20, LZ4, 30, txn_manager=transactions)
        for turn in range(2):
            if kind == "ours":
                batch: Any = BatchEncoder(HEADERS).encode(records, 1, 1 + 3 * turn, NOW_MS)
            else:
                batch = BatchBuilder(2**20, LZ4)
                for number, (key, envelope) in enumerate(records):
                    value = splice(envelope, 1, 1 + 3 * turn + number)
                    batch.append(timestamp=NOW_MS, key=key, value=value, headers=HEADERS)
                batch.close()
            acknowledged = await accumulator.add_batch(batch, PLACE, 1)
            nodes, _ = accumulator.drain_by_nodes(set())
            (message,) = nodes[0].values()
            bytes_sent = bytes(message.get_data_buffer())
            assert bytes(message.get_data_buffer()) == bytes_sent, "a retry sends the same"
            message.done(0)
            await acknowledged
            drained.append(bytes_sent)
    for ours, its_own in zip(drained[:2], drained[2:], strict=True):
        assert header_of(ours) == header_of(its_own)
        assert content(ours) == content(its_own)
        found = DefaultRecordBatch(ours)
        assert (found.producer_id, found.producer_epoch) == (4711, 3)
    assert [DefaultRecordBatch(batch).base_sequence for batch in drained] == [0, 3, 0, 3]
