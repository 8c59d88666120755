"""What the relay makes of what it finds in Kafka."""

from dataclasses import replace
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from plaudit.common.outbox import log_check
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.log_check import MAX_APART, Found, Tail, tails_ahead, tails_missing_from
from plaudit.common.settings import Settings
from plaudit_testing.feed import feeding
from plaudit_testing.runtime_fixtures import MakeTopic

PARTITIONS = 8
PLACE = TopicPartition("count.v1", 0)
TOPIC_ID = uuid4()


def cursor(number: int, epoch: int = 1) -> Cursor:
    return Cursor(100, 7, epoch, {PLACE: number}, {"count.v1": TOPIC_ID})


def found(tail: Tail | None, length: int = 1_000_000) -> Found:
    return Found({"count.v1": TOPIC_ID}, {"count.v1": PARTITIONS}, {PLACE: tail}, {PLACE: length})


def compare(cursor: Cursor, found: Found) -> list[str]:
    return log_check.compare(cursor, found, PARTITIONS)


@pytest.mark.parametrize("apart", [0, 1, -1, MAX_APART, -MAX_APART])
def test_a_log_that_is_within_a_batch_of_the_numbers_is_right(apart: int) -> None:
    assert compare(cursor(50_000), found(Tail(1, 50_000 + apart, "id"))) == []


@pytest.mark.parametrize("apart", [MAX_APART + 1, -MAX_APART - 1])
def test_a_log_that_is_further_apart_in_either_direction_is_not(apart: int) -> None:
    (problem,) = compare(cursor(50_000), found(Tail(1, 50_000 + apart, "id")))
    assert problem == f"count.v1/0 ends with number {50_000 + apart}, the outbox is at 50000"


def test_another_topic_id_is_said() -> None:
    other = replace(found(Tail(1, 50, "id")), topic_ids={"count.v1": uuid4()})
    assert any("was made anew" in problem for problem in compare(cursor(50), other))


def test_a_topic_that_the_cursor_has_not_seen_may_have_any_id() -> None:
    assert compare(replace(cursor(0), topic_ids={}, numbers={}), found(None, 0)) == []


def test_records_in_a_topic_that_an_empty_database_never_wrote_to_are_said() -> None:
    assert compare(replace(cursor(0), numbers={}), found(Tail(1, MAX_APART + 1, "id"))) != []


@pytest.mark.parametrize("epoch", [1, 3])
def test_another_epoch_is_said(epoch: int) -> None:
    (problem,) = compare(cursor(50, epoch=2), found(Tail(epoch, 50, "id")))
    assert problem == f"count.v1/0 ends in epoch {epoch}, the outbox is in epoch 2"


def test_a_log_emptied_by_retention_is_right_and_one_that_lost_its_records_is_not() -> None:
    assert compare(cursor(50), found(None, length=50)) == []
    assert compare(cursor(50), found(None, length=49)) == ["count.v1/0 is empty, and 50 records were published to it"]


def test_what_the_log_has_beyond_the_cursor_must_come_out_of_the_outbox_again() -> None:
    tails = tails_ahead(cursor(50), found(Tail(1, 52, "second")))
    before = {PLACE: 50}
    records = {PLACE: [(b"k", b'{"id":"first","epoch":"1","sequence":"51"}')]}
    more = {PLACE: [*records[PLACE], (b"k", b'{"id":"second","epoch":"1","sequence":"52"}')]}
    other = {PLACE: [*records[PLACE], (b"k", b'{"id":"another","epoch":"1","sequence":"52"}')]}
    assert tails_missing_from(Chunk(before, cursor(52), more), tails) == {}
    for wrong in (records, other, {}):
        assert tails_missing_from(Chunk(before, cursor(52), wrong), tails) == tails


def test_a_log_that_ends_at_the_cursor_needs_no_proof() -> None:
    assert tails_ahead(cursor(50), found(Tail(1, 50, "id"))) == {}
    assert tails_ahead(cursor(50), found(None)) == {}


def test_a_topic_with_another_number_of_partitions_than_the_rows_are_numbered_for_is_said() -> None:
    (problem,) = log_check.compare(cursor(50), found(Tail(1, 50, "id")), 4)
    assert problem == "topic count.v1 has 8 partitions, and PLAUDIT_PARTITIONS is 4"


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"junk",
        b'{"id":"x","epoch":"1","sequence":"00000000000000000009","deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id":"x","epoch":"9999999999999999999","sequence":"00000000000000000009"}',
        b'{"id":"x","epoch":"1","sequence":"99999999999999999999"}',
        b'{"id":"x","epoch":"0","sequence":"00000000000000000009"}',
        b'{"id":"x","epoch":"1","sequence":"9"}',
    ],
    ids=["none", "junk", "deep", "huge epoch", "huge sequence", "no epoch", "short sequence"],
)
def test_a_record_that_no_relay_has_written_does_not_move_the_tail(value: bytes | None) -> None:
    tail = Tail(1, 5, "id")
    assert log_check.higher(tail, value) == tail
    assert log_check.higher(None, value) is None


def test_the_tail_is_the_highest_number() -> None:
    record = b'{"id":"x","epoch":"1","sequence":"%020d"}'
    assert log_check.higher(Tail(1, 5, "id"), record % 6) == Tail(1, 6, "x")
    assert log_check.higher(Tail(1, 5, "id"), record % 4) == Tail(1, 5, "id")
    assert log_check.higher(None, record % 4) == Tail(1, 4, "x")


@pytest.mark.kafka
@pytest.mark.postgres
async def test_records_that_the_client_cannot_parse_are_passed_over_wherever_they_are(
    settings: Settings, make_topic: MakeTopic
) -> None:
    topic = await make_topic()
    async with feeding(settings, topic) as feed:
        before, between, after, alone = (feed.keys_of(number, 1)[0] for number in range(4))
        await feed.unparsable(feed.partition(before))
        await feed.count(before, between, after)
        await feed.unparsable(feed.partition(between))
        await feed.count(between)
        for key in (after, alone):
            await feed.unparsable(feed.partition(key))
    found = await log_check.read_logs(settings, [topic.name])
    numbers = {place.partition: tail and tail.sequence for place, tail in found.tails.items()}
    assert numbers == {0: 1, 1: 2, 2: 1, 3: None}
