"""What a consumer takes of a partition's log, without a broker: the sequence check and the sorting out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.contracts import Topic
from plaudit.common.events.numbering import splice
from plaudit.common.kafka import decoding
from plaudit.common.kafka.decoding import Decoder, Raw, Slice, Unparsed, Verdict, first_trace, judge
from plaudit.common.kafka.positions import Place
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.outbox.publisher import HEADERS
from plaudit_testing.databases import settings_for
from plaudit_testing.runtime import Count, add_to_sums, count_event, counting_topic, outbox_of

Data = TypeVar("Data")
TOPIC = counting_topic("count.v1")
COMPACTED = counting_topic("count.v1", compacted=True)
OUTBOX = outbox_of(settings_for("postgresql://nobody@nowhere/nothing"))
NOTHING_APPLIED = Place(0, 0, 0)


@dataclass
class Fetched:
    offset: int
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = field(default_factory=lambda: list(HEADERS))
    key: bytes | None = b"key"


def numbered(offset: int, sequence: int, epoch: int = 1, kind: str = "count.added") -> Fetched:
    return Fetched(offset, splice(OUTBOX.encode(count_event(TOPIC, "key", sequence, kind=kind)), epoch, sequence))


def log(*numbers: int, epoch: int = 1) -> list[Fetched]:
    return [numbered(offset, number, epoch) for offset, number in enumerate(numbers)]


def decoder(*, topic: Topic = TOPIC, types: frozenset[str] | None = None) -> Decoder[Count]:
    return Decoder(Subscription(group="g", topic=topic, data=Count, handle=add_to_sums, types=types))


def sequences(taken: Slice[Count]) -> list[int]:
    return [record.sequence for record in taken.records]


@pytest.mark.parametrize(
    ("at", "epoch", "sequence", "verdict"),
    [
        (Place(7, 2, 5), 2, 6, Verdict.NEXT),
        (Place(7, 2, 5), 2, 5, Verdict.REPEAT),
        (Place(7, 2, 5), 2, 1, Verdict.REPEAT),
        (Place(7, 2, 5), 2, 7, Verdict.GAP),
        (Place(7, 2, 5), 3, 1, Verdict.NEXT),
        (Place(7, 2, 5), 3, 2, Verdict.GAP),
        (Place(7, 2, 5), 3, 6, Verdict.GAP),
        (Place(7, 2, 5), 1, 6, Verdict.REPEAT),
        (Place(7, 2, 5), 1, 900, Verdict.REPEAT),
        (NOTHING_APPLIED, 4, 5_001, Verdict.NEXT),
    ],
)
def test_a_number_is_the_next_one_or_a_repeat_or_a_gap(at: Place, epoch: int, sequence: int, verdict: Verdict) -> None:
    assert judge(at, epoch, sequence, compacted=False) is verdict


def test_on_a_compacted_topic_a_gap_is_legal_and_a_repeat_is_still_one() -> None:
    at = Place(7, 2, 5)
    assert judge(at, 2, 9, compacted=True) is Verdict.NEXT
    assert judge(at, 3, 4, compacted=True) is Verdict.NEXT
    assert judge(at, 2, 5, compacted=True) is Verdict.REPEAT


@given(st.data())
def test_a_log_in_which_relays_repeated_themselves_is_applied_once_and_in_order(data: st.DataObject) -> None:
    """A relay that starts over, or a zombie, writes a run of old numbers again; never a new one with a gap."""
    numbers: list[int] = []
    for _ in range(data.draw(st.integers(1, 6))):
        highest = max(numbers, default=0)
        first = data.draw(st.integers(1, highest + 1))
        numbers += range(first, data.draw(st.integers(first, first + 5)) + 1)
    raws, at, found = log(*numbers), NOTHING_APPLIED, []
    while raws:
        cut = data.draw(st.integers(1, len(raws)))
        taken = decoder().take(3, at, raws[:cut])
        assert taken.gap is None
        found += sequences(taken)
        at, raws = taken.after, raws[cut:]
    assert found == list(range(1, max(numbers) + 1))
    assert at == Place(len(numbers), 1, max(numbers))


def test_what_stands_before_a_gap_is_taken_and_nothing_from_the_gap_on() -> None:
    taken = decoder().take(3, NOTHING_APPLIED, log(1, 2, 4, 5))
    assert sequences(taken) == [1, 2]
    assert taken.after == Place(2, 1, 2)
    assert taken.gap == "offset 2 has number 4 of epoch 1, after 2 of epoch 1"


def test_records_below_the_position_are_left_out_without_a_word() -> None:
    taken = decoder().take(3, Place(2, 1, 2), log(1, 2, 3))
    assert (sequences(taken), taken.repeated) == ([3], 0)


def test_a_new_epoch_begins_at_one() -> None:
    raws = [numbered(0, 1), numbered(1, 2), numbered(2, 1, epoch=2), numbered(3, 3), numbered(4, 2, epoch=2)]
    taken = decoder().take(3, NOTHING_APPLIED, raws)
    assert [(record.epoch, record.sequence) for record in taken.records] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert taken.repeated == 1


def test_the_position_moves_past_types_that_are_not_wanted() -> None:
    raws = [numbered(0, 1), numbered(1, 2, kind="count.noted"), numbered(2, 3)]
    taken = decoder(types=frozenset({"count.added"})).take(3, NOTHING_APPLIED, raws)
    assert (sequences(taken), taken.after, taken.letters) == ([1, 3], Place(3, 1, 3), [])


def test_a_type_that_is_not_wanted_need_not_fit_the_model() -> None:
    other = Fetched(0, b'{"type":"other.thing","data":7,"epoch":"1","sequence":"00000000000000000001"}')
    taken = decoder(types=frozenset({"count.added"})).take(3, NOTHING_APPLIED, [other, numbered(1, 2)])
    assert (sequences(taken), taken.letters) == ([2], [])


BROKEN = {
    "no JSON": b"\xff\x00",
    "no event": b"[]",
    "nothing": b"",
    "no value": None,
    "endless nesting": b'{"data":' + b"[" * 100_000,
    "a huge number": b'{"sequence":' + b"9" * 5_000 + b"}",
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_has_no_number_is_invalid_and_the_sequence_goes_on_behind_it(what: str) -> None:
    taken = decoder().take(3, NOTHING_APPLIED, [numbered(0, 1), Fetched(1, BROKEN[what]), numbered(2, 2)])
    assert sequences(taken) == [1, 2]
    assert [(letter.raw.offset, letter.reason, letter.sequence) for letter in taken.letters] == [(1, "invalid", None)]
    assert taken.after == Place(3, 1, 2)


@pytest.mark.parametrize(
    ("epoch", "sequence"),
    [
        ("one", f"{2:020d}"),
        ("0", f"{2:020d}"),
        ("-1", f"{2:020d}"),
        ("9999999999999999999", f"{2:020d}"),
        ("1", "x" * 20),
        ("1", f"{-2:020d}"),
        ("1", f"{0:020d}"),
        ("1", "9" * 20),
        ("2", "9" * 20),
        ("\u0661", f"{2:020d}"),
    ],
)
def test_a_number_that_is_none_or_does_not_fit_is_invalid_and_the_sequence_goes_on_behind_it(
    epoch: str, sequence: str
) -> None:
    bad = OUTBOX.encode(count_event(TOPIC, "key", 2))[:-1] + f',"epoch":"{epoch}","sequence":"{sequence}"}}'.encode()
    for before in (NOTHING_APPLIED, Place(0, 1, 1)):
        start = before.sequence + 1
        taken = decoder().take(3, before, [Fetched(0, bad), numbered(1, start), numbered(2, start + 1)])
        assert sequences(taken) == [start, start + 1]
        assert [(each.reason, each.epoch, each.sequence) for each in taken.letters] == [("invalid", None, None)]


def test_what_has_a_number_and_breaks_the_schema_is_invalid_and_counts() -> None:
    bad = splice(b'{"type":"count.added","data":{"key":7}}', 1, 2)
    taken = decoder().take(3, NOTHING_APPLIED, [numbered(0, 1), Fetched(1, bad), numbered(2, 3)])
    assert sequences(taken) == [1, 3]
    assert [(letter.sequence, letter.reason) for letter in taken.letters] == [(2, "invalid")]


def test_an_invalid_record_that_comes_again_is_a_repeat() -> None:
    bad = splice(b'{"type":"count.added","data":{"key":7}}', 1, 1)
    taken = decoder().take(3, NOTHING_APPLIED, [Fetched(0, bad), Fetched(1, bad), numbered(2, 2)])
    assert (len(taken.letters), taken.repeated, sequences(taken)) == (1, 1, [2])


def test_a_tombstone_on_a_compacted_topic_is_no_event() -> None:
    taken = decoder(topic=COMPACTED).take(3, NOTHING_APPLIED, [numbered(0, 1), Fetched(1, None), numbered(2, 9)])
    assert (sequences(taken), taken.letters, taken.after) == ([1, 9], [], Place(3, 1, 9))


@pytest.mark.parametrize(
    ("headers", "applied"),
    [
        ([("content-type", b"application/cloudevents+json")], True),
        ([("content-type", b"application/cloudevents+json; charset=utf-8")], True),
        ([("Content-Type", b"Application/CloudEvents+JSON")], True),
        ([("trace", b"x"), ("content-type", b"application/cloudevents+json")], True),
        ([("content-type", b"application/json")], False),
        ([("content-type", b"application/cloudevents-batch+json")], False),
        ([("content-type", None)], False),
        ([], False),
    ],
)
def test_the_content_type_header_says_whether_it_is_an_event(
    headers: list[tuple[str, bytes | None]], applied: bool
) -> None:
    raw = numbered(0, 1)
    raw.headers = headers
    taken = decoder().take(3, NOTHING_APPLIED, [raw, numbered(1, 2)])
    assert sequences(taken) == ([1, 2] if applied else [2])
    assert len(taken.letters) == (0 if applied else 1)


@pytest.mark.parametrize(
    ("raws", "regular"),
    [
        (log(6, 7, 8), True),
        (log(6, 7, 9), False),
        (log(6, 6, 7), False),
        (log(5, 6), False),
        ([numbered(0, 6), numbered(1, 7, epoch=2)], False),
        ([numbered(0, 6), numbered(1, 1, epoch=2)], False),
        ([numbered(0, 6), numbered(1, 7, kind="count.noted")], False),
        ([numbered(0, 6), Fetched(1, b"{}"), numbered(2, 7)], False),
        ([numbered(0, 6), Fetched(1, None), numbered(2, 7)], False),
        ([numbered(0, 6), Fetched(1, numbered(1, 7).value, []), numbered(2, 8)], False),
        ([numbered(0, 6), Fetched(1, numbered(1, 7).value, [("content-type", b"text/plain")]), numbered(2, 7)], False),
        ([Unparsed(0, "no UTF-8"), numbered(1, 6)], False),
    ],
)
def test_a_batch_of_simply_the_next_records_is_taken_at_once_and_means_what_each_record_means(
    raws: list[Raw], regular: bool
) -> None:
    at, ours = Place(0, 1, 5), decoder(types=frozenset({"count.added"}))
    at_once, one_by_one = Slice(3, raws, at, at), Slice(3, raws, at, at)
    assert ours._take_regular(at_once, raws) is regular
    assert regular or at_once == Slice(3, raws, at, at)
    ours._take_each(one_by_one, raws)
    assert ours.take(3, at, raws) == one_by_one


def test_a_gap_in_one_chunk_ends_the_slice_before_the_next_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "CHUNK_RECORDS", 2)
    taken = decoder().take(3, Place(0, 1, 5), log(6, 7, 8, 10, 11, 12))
    assert (sequences(taken), taken.after, len(taken.raws)) == ([6, 7, 8], Place(3, 1, 8), 6)
    assert taken.gap == "offset 3 has number 10 of epoch 1, after 8 of epoch 1"
    assert sequences(decoder().take(3, Place(0, 1, 5), log(6, 7, 7, 8, 9))) == [6, 7, 8, 9]


def test_a_batch_that_begins_below_the_position_is_not_taken_at_once() -> None:
    raws = log(6, 7)
    at = Place(1, 1, 5)
    assert not decoder()._take_regular(Slice(3, raws, at, at), raws)


class Brief(msgspec.Struct, Generic[Data], frozen=True):
    """A projection of the envelope."""

    type: str
    data: Data
    epoch: str
    sequence: str


def test_a_group_reads_only_the_members_of_its_projection_and_the_trace_goes_on() -> None:
    trace = f"00-{'1' * 32}-{'2' * 16}-01"
    event = count_event(TOPIC, "key", 1, traceparent=trace)
    raw = Fetched(5, splice(OUTBOX.encode(event), 1, 1).replace(b'"specversion":"1.0"', b'"specversion":"9"'))
    brief = Decoder(Subscription(group="g", topic=TOPIC, data=Count, envelope=Brief, handle=add_to_sums))
    taken = brief.take(3, Place(5, 1, 0), [raw, numbered(6, 2)])
    assert all(isinstance(record.event, Brief) for record in taken.records)
    assert sequences(taken) == [1, 2]
    assert first_trace([taken]) == (trace, None)
    assert decoder().take(3, Place(5, 1, 0), [raw]).letters


def test_a_group_that_prepares_events_gets_what_it_makes_of_them_however_they_were_taken() -> None:
    def last_digit(event: Brief[Count], partition: int) -> tuple[int, str]:
        return partition, event.sequence[-1]

    prepared = Subscription(group="g", topic=TOPIC, data=Count, envelope=Brief, handle=add_to_sums, prepare=last_digit)
    raws = [*log(6, 7), numbered(2, 7), numbered(3, 8), numbered(4, 1, epoch=2)]
    taken = Decoder(prepared).take(3, Place(0, 1, 5), raws)
    assert [record.event for record in taken.records] == [(3, "6"), (3, "7"), (3, "8"), (3, "1")]
    assert [(record.offset, record.sequence) for record in taken.records] == [(0, 6), (1, 7), (3, 8), (4, 1)]


def test_of_the_test_without_the_sequence_check_repeats_are_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "judge", lambda *_args, **_more: Verdict.NEXT)
    assert sequences(decoder().take(3, NOTHING_APPLIED, log(1, 2, 1, 2, 3, 7))) != [1, 2, 3]


def test_simply_the_next_records_are_taken_column_by_column_in_chunks_that_stay_in_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, sizes = decoder(), list[int]()
    take_regular = ours._take_regular

    def noting(found: Slice[Count], raws: Sequence[Raw]) -> bool:
        sizes.append(len(raws))
        return take_regular(found, raws)

    def one_by_one(*_: object) -> bool:
        pytest.fail("a record was looked at by itself")

    monkeypatch.setattr(ours, "_take_regular", noting)
    monkeypatch.setattr(ours, "_take_each", one_by_one)
    taken = ours.take(3, Place(0, 1, 5), log(*range(6, 6 + 2 * decoding.CHUNK_RECORDS + 1)))
    assert len(taken.records) == sum(sizes) == 2 * decoding.CHUNK_RECORDS + 1
    assert sizes == [decoding.CHUNK_RECORDS, decoding.CHUNK_RECORDS, 1]
