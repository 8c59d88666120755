"""The owner of partitions and positions, with a client and a database that only keep notes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition

from plaudit.common.kafka import assignment as module
from plaudit.common.kafka import positions
from plaudit.common.kafka.assignment import Assignment
from plaudit.common.kafka.positions import Move, Place, Position
from plaudit.common.observability import metrics
from plaudit_testing.databases import settings_for
from plaudit_testing.runtime import until

TOPIC = "count.v1"
TOPIC_ID = UUID(int=1)


class Client:
    """What the assignment tells Kafka's client."""

    def __init__(self) -> None:
        self.sought: dict[int, int] = {}
        self.paused: set[int] = set()
        self.ends: dict[int, int] = {}

    def highwater(self, place: TopicPartition) -> int | None:
        return self.ends.get(place.partition)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought[place.partition] = offset

    def pause(self, place: TopicPartition) -> None:
        self.paused.add(place.partition)

    def resume(self, place: TopicPartition) -> None:
        self.paused.discard(place.partition)

    async def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)


class World:
    """An assignment in a membership, over position rows that a test may change."""

    def __init__(self) -> None:
        self.rows: dict[int, Place] = {}
        self.topic_id = TOPIC_ID
        self.database_error: Exception | None = None
        self.client = Client()
        self.assignment = Assignment("group", TOPIC, self, settings_for("postgresql://nobody@nowhere/x"))  # type: ignore[arg-type]
        self.assignment.join(self.client)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        if self.database_error is not None:
            raise self.database_error
        yield None

    async def topic_ids(self, *_: object) -> dict[str, tuple[UUID, int]]:
        return {TOPIC: (self.topic_id, 4)}

    async def load(self, _tx: object, _group: str, _topic: str, wanted: Sequence[int]) -> dict[int, Position]:
        return {number: Position(TOPIC_ID, self.rows[number], 0) for number in wanted if number in self.rows}

    async def begin(self, _tx: object, _group: str, _topic: str, _topic_id: UUID, starts: dict[int, int]) -> None:
        self.rows |= {number: Place(offset, 0, 0) for number, offset in starts.items()}

    async def assigned(self, *numbers: int) -> int:
        await self.assignment.on_partitions_assigned([TopicPartition(TOPIC, number) for number in numbers])
        return self.assignment.generation

    async def revoked(self, *numbers: int) -> None:
        await self.assignment.on_partitions_revoked([TopicPartition(TOPIC, number) for number in numbers])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(module.TopicIds, "find", world.topic_ids)
    monkeypatch.setattr(positions, "load", world.load)
    monkeypatch.setattr(positions, "begin", world.begin)
    return world


async def test_partitions_are_sought_to_the_databases_offsets(world: World) -> None:
    world.rows = {0: Place(7, 1, 7), 2: Place(3, 1, 3)}
    assert not world.assignment.complete
    await world.assigned(0, 1, 2)
    assert world.client.sought == {0: 7, 1: 0, 2: 3}
    assert world.assignment.complete
    assert world.assignment.readable(0, 2) == [0, 2]
    assert world.assignment.readable(1, 2) == [1]


async def test_positions_that_cannot_be_loaded_now_are_loaded_later(world: World) -> None:
    world.database_error = ConnectionRefusedError()
    await world.assigned(0)
    assert not world.assignment.complete
    world.database_error = None
    await world.assignment.load_positions()
    assert world.assignment.complete


async def test_a_pause_of_an_older_generation_does_nothing(world: World) -> None:
    old = await world.assigned(0)
    await world.revoked(0)
    new = await world.assigned(0)
    world.assignment.pause([0], old)
    assert world.client.paused == set()
    world.assignment.pause([0], new)
    assert world.client.paused == {0}


async def test_a_resume_of_an_older_generation_does_nothing(world: World) -> None:
    old = await world.assigned(0)
    new = await world.assigned(0)
    world.assignment.pause([0], new)
    world.assignment.resume([0], old)
    assert world.client.paused == {0}
    world.assignment.resume([0], new)
    assert world.client.paused == set()


async def test_what_an_older_generation_has_found_neither_moves_nor_halts_a_partition(world: World) -> None:
    before, after = Place(0, 0, 0), Place(9, 1, 9)
    old = await world.assigned(0)
    await world.assigned(0)
    world.assignment.advance([Move(0, before, after)], {0: 0}, old)
    world.assignment.halt(0, "a gap", old)
    await world.assignment.reload([0], old)
    assert world.assignment.positions[0].place == before
    assert world.assignment.halted == {}


async def test_a_halted_partition_is_paused_and_others_go_on(world: World) -> None:
    now = await world.assigned(0, 1)
    world.assignment.pause([0, 1], now)
    world.assignment.halt(0, "a gap", now)
    world.assignment.resume([0, 1], now)
    assert world.client.paused == {0}
    assert world.assignment.readable(0, 1) == [1]
    assert world.assignment.complete
    assert world.assignment.next_offsets() == {0: 0, 1: 0}


async def test_a_halt_is_remembered_through_a_revocation_and_a_new_membership(world: World) -> None:
    now = await world.assigned(0, 1)
    world.assignment.halt(0, "a gap", now)
    await world.revoked(0, 1)
    assert world.assignment.halted == {0: "a gap"}
    await world.assigned(0, 1)
    assert world.assignment.halted == {0: "a gap"}
    world.assignment.leave()
    assert world.assignment.halted == {0: "a gap"}
    again = Client()
    world.assignment.join(again)
    await world.assigned(0, 1)
    assert world.assignment.halted == {0: "a gap"}
    assert world.assignment.readable(0, 1) == [1]
    assert again.paused == {0}
    assert world.assignment.complete


async def test_a_halt_ends_when_somebody_has_moved_the_position_or_owns_the_partition(world: World) -> None:
    now = await world.assigned(0, 1)
    for number in (0, 1):
        world.assignment.halt(number, "a gap", now)
    world.rows[0] = Place(5, 1, 5)
    await world.assigned(0)
    assert world.assignment.halted == {}
    assert world.client.sought[0] == 5


async def test_a_member_that_goes_on_notices_that_somebody_has_moved_the_position_of_a_halted_partition(
    world: World,
) -> None:
    now = await world.assigned(0, 1)
    for number in (0, 1):
        world.assignment.halt(number, "a gap", now)
    await world.assignment.look_at_halted()
    assert world.assignment.halted == {0: "a gap", 1: "a gap"}

    world.rows[0] = Place(5, 0, 0)
    world.database_error = ConnectionRefusedError()
    await world.assignment.look_at_halted()
    assert world.assignment.halted == {0: "a gap", 1: "a gap"}
    world.database_error = None
    await world.assignment.look_at_halted()

    assert world.assignment.halted == {1: "a gap"}
    assert world.assignment.readable(0, 1) == [0]
    assert world.client.sought[0] == 5
    assert world.client.paused == {1}


async def test_it_is_shown_how_many_partitions_are_halted_from_the_start_until_they_go_on(world: World) -> None:
    halted = metrics.CONSUMER_HALTED.labels("group", TOPIC)._value
    assert halted.get() == 0
    generation = await world.assigned(0, 1)
    for number in (0, 1):
        world.assignment.halt(number, "a gap", generation)
    assert halted.get() == 2

    # It stays so through a revocation, or the alarm would end and begin again with each rebalance.
    await world.revoked(0, 1)
    assert halted.get() == 2
    await world.assigned(1)
    assert halted.get() == 1
    world.rows[1] = Place(5, 1, 5)
    await world.assigned(1)
    assert halted.get() == 0


def test_what_a_group_counts_is_told_before_it_counts_anything(world: World) -> None:
    """A counter that begins with its first increase has not risen, to whoever asks Prometheus by how much it has."""
    told = metrics.exposition().decode()

    for name in ("halts_total", "gaps_total", "halted_partitions"):
        assert f'plaudit_consumer_{name}{{group="group",topic="{TOPIC}"}} ' in told


async def test_a_topic_made_anew_halts_its_partitions(world: World) -> None:
    await world.assigned(0)
    world.topic_id = UUID(int=2)
    await world.assignment.check_topic()
    assert "was made anew" in world.assignment.halted[0]
    await world.assigned(0, 1)
    assert world.assignment.halted.keys() == {0, 1}


async def test_a_revocation_waits_for_the_transactions_in_flight(world: World) -> None:
    await world.assigned(0)
    with world.assignment.in_flight():
        with world.assignment.in_flight():
            revocation = asyncio.create_task(world.revoked(0))
            await until(lambda: not world.assignment.partitions, "the partitions are forgotten at once")
        await asyncio.sleep(0)
        assert not revocation.done()
    await revocation


async def test_a_revocation_does_not_wait_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REVOKE_TIMEOUT_SECONDS", 0.01)
    await world.assigned(0)
    with world.assignment.in_flight():
        await world.revoked(0)


async def test_positions_loaded_for_an_older_generation_are_dropped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> dict[int, Position]:
        entered.set()
        await leave.wait()
        return await world.load(*arguments)

    world.rows = {0: Place(7, 1, 7)}
    monkeypatch.setattr(positions, "load", slow)
    assigning = asyncio.create_task(world.assigned(0))
    await entered.wait()
    revoking = asyncio.create_task(world.revoked(0))
    await until(lambda: not world.assignment.partitions, "revoked")
    leave.set()
    await asyncio.gather(assigning, revoking)
    assert world.assignment.positions == {}
    assert world.client.sought == {}


async def test_what_is_left_to_read_of_a_share_is_what_lies_between_its_positions_and_the_ends(world: World) -> None:
    await world.assigned(0, 1, 2, 3)
    assert world.assignment.left_records(0, 2) == 0  # nothing has been fetched yet
    world.client.ends = {0: 7, 1: 100, 2: 5}
    world.assignment.positions[2].place = Place(9, 1, 9)  # the broker has told more since
    assert world.assignment.left_records(0, 2) == 7
    await world.assignment.on_partitions_revoked([])
    assert world.assignment.left_records(0, 2) == 0
