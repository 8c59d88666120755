"""In which order a leader reads, prepares, sends and records chunks, without database and broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast
from uuid import UUID

import pytest

from plaudit.common.outbox import cursor as cursors
from plaudit.common.outbox import leader as module
from plaudit.common.outbox.cursor import Chunk, Cursor
from plaudit.common.outbox.cursor_mover import CursorMover
from plaudit.common.outbox.lag import LagMeter
from plaudit.common.outbox.leader import Leader
from plaudit.common.outbox.publisher import Publisher
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until

KNOWN = {"count.v1": UUID(int=1)}


class Row(tuple[Any, ...]):
    """A row as the driver returns it: its first two columns by name too."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__({"xid": 0, "id": 1}.get(key, key))


def rows(number: int, topic: str = "count.v1") -> list[Row]:
    return [Row((number, 1, topic, 0, b"key", b'{"chunk":%d}' % number))]


class Machinery:
    """Everything around a leader; it notes what happens to each chunk."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.chunks: list[list[Row]] = []
        self.acknowledgements: dict[int, asyncio.Future[None]] = {}
        self.more = True
        self.written = asyncio.Event()

    async def read_next(self, _cursor: Cursor) -> list[Row]:
        return self.chunks.pop(0) if self.chunks else []

    async def prepare(self, chunk: Chunk) -> int:
        self.events.append(f"prepare {chunk.cursor.xid}")
        return chunk.cursor.xid

    async def publish(self, prepared: int) -> None:
        self.events.append(f"send {prepared}")
        await self.acknowledgements.setdefault(prepared, asyncio.get_running_loop().create_future())
        self.events.append(f"acknowledged {prepared}")

    async def move(self, _database: object, _before: Cursor, after: Cursor) -> None:
        self.events.append(f"moved to {after.xid}")

    def acknowledge(self, number: int) -> None:
        self.acknowledgements.setdefault(number, asyncio.get_running_loop().create_future()).set_result(None)

    async def happens(self, event: str) -> None:
        await until(lambda: event in self.events, event)


@pytest.fixture
def machinery(monkeypatch: pytest.MonkeyPatch) -> Machinery:
    made = Machinery()
    monkeypatch.setattr(cursors, "move", made.move)
    monkeypatch.setattr(module, "Reader", lambda _connection: made)

    async def nothing(*_arguments: object) -> None:
        pass

    monkeypatch.setattr(LagMeter, "sample", nothing)
    return made


class Valid:
    def check(self) -> None:
        pass


class Leading:
    """A leader at work, which is told to stop when the test ends."""

    def __init__(self, machinery: Machinery) -> None:
        nobody = cast("Any", None)
        cursor = Cursor(0, 0, 1, {}, KNOWN)
        self.leader = Leader(nobody, nobody, nobody, cursor, cast("Any", Valid()), {}, machinery.written, lambda: None)
        self.stop = asyncio.Event()
        publisher, maintenance = cast("Publisher", machinery), cast("Any", asyncio.get_running_loop().create_future())
        self.work = asyncio.create_task(self.leader._publish_all(publisher, self.stop, maintenance))

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await self.work


@pytest.fixture
async def lead(machinery: Machinery) -> AsyncIterator[Callable[[], Leading]]:
    made: list[Leading] = []

    def start() -> Leading:
        made.append(Leading(machinery))
        return made[-1]

    yield start
    for leading in made:
        leading.work.cancel()
        await asyncio.wait({leading.work})


async def test_the_next_chunk_is_prepared_while_one_is_in_flight_and_sent_when_that_is_acknowledged(
    machinery: Machinery, lead: Callable[[], Leading]
) -> None:
    machinery.chunks = [rows(1), rows(2), rows(3)]
    leading = lead()
    await machinery.happens("prepare 2")
    for _ in range(20):
        await asyncio.sleep(0)
    assert machinery.events == ["prepare 1", "send 1", "prepare 2"]
    machinery.acknowledge(1)
    await machinery.happens("prepare 3")
    assert [event for event in machinery.events if event.startswith(("send", "ack"))] == [
        "send 1",
        "acknowledged 1",
        "send 2",
    ]
    machinery.acknowledge(2)
    machinery.acknowledge(3)
    await machinery.happens("acknowledged 3")
    await leading.end()
    assert machinery.events[-1] == "moved to 3"


async def test_after_a_failure_what_was_prepared_is_not_sent(machinery: Machinery, lead: Callable[[], Leading]) -> None:
    machinery.chunks = [rows(1), rows(2), rows(3)]
    leading = lead()
    await machinery.happens("prepare 2")
    machinery.acknowledgements[1].set_exception(OSError("the broker is gone"))
    with pytest.raises(OSError, match="gone"):
        async with asyncio.timeout(DEADLINE_SECONDS):
            await leading.work
    assert machinery.events == ["prepare 1", "send 1", "prepare 2"]


async def test_a_stop_waits_for_what_is_in_flight_and_records_it(
    machinery: Machinery, lead: Callable[[], Leading]
) -> None:
    machinery.chunks, machinery.more = [rows(1)], False
    leading = lead()
    await machinery.happens("send 1")
    leading.stop.set()
    await asyncio.sleep(0.05)
    assert not leading.work.done()
    machinery.acknowledge(1)
    await leading.end()
    assert machinery.events[-2:] == ["acknowledged 1", "moved to 1"]


async def test_a_stop_gives_up_on_an_acknowledgement_that_does_not_come(
    machinery: Machinery, lead: Callable[[], Leading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LAST_ACKNOWLEDGEMENT_SECONDS", 0.0)
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.01)
    machinery.chunks = [rows(1)]
    leading = lead()
    await machinery.happens("send 1")
    leading.stop.set()
    with pytest.raises(TimeoutError, match="before the stop"):
        async with asyncio.timeout(DEADLINE_SECONDS):
            await leading.work
    assert "moved to 1" not in machinery.events


async def test_a_new_topic_is_checked_when_everything_before_it_is_acknowledged_and_recorded(
    machinery: Machinery, lead: Callable[[], Leading], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def check_logs(leader: Leader, topics: set[str]) -> None:
        machinery.events.append(f"check {topics}")
        leader._cursor = Cursor(leader._cursor.xid, 1, 1, leader._cursor.numbers, {**KNOWN, "new.v1": UUID(int=2)})

    monkeypatch.setattr(Leader, "_check_logs", check_logs)
    machinery.chunks = [rows(1), rows(2, "new.v1")]
    leading = lead()
    await machinery.happens("send 1")
    machinery.acknowledge(1)
    await machinery.happens("send 2")
    assert machinery.events == [
        "prepare 1",
        "send 1",
        "acknowledged 1",
        "moved to 1",
        "check {'new.v1'}",
        "prepare 2",
        "send 2",
    ]
    machinery.acknowledge(2)
    await leading.end()


class Counting(Machinery):
    """Counts its reads."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.more = False

    async def read_next(self, cursor: Cursor) -> list[Row]:
        self.reads += 1
        return await super().read_next(cursor)


@pytest.fixture
def counting(machinery: Machinery, monkeypatch: pytest.MonkeyPatch) -> Counting:
    made = Counting()
    monkeypatch.setattr(cursors, "move", made.move)
    monkeypatch.setattr(module, "Reader", lambda _connection: made)
    return made


async def for_a_while(seconds: float, work: Callable[[], None] = lambda: None) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        work()
        await asyncio.sleep(0)


async def idle(counting: Counting) -> None:
    """Wait until it polls no more, however late a slow machine lets it notice that nothing comes."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        seen = -1
        while counting.reads != seen:
            seen = counting.reads
            await for_a_while(2 * module.BUSY_SECONDS)


async def test_while_few_rows_come_they_are_gathered(counting: Counting) -> None:
    for number in range(1, 1_000):
        counting.acknowledge(number)
    leading = Leading(counting)
    await for_a_while(0.2, lambda: counting.chunks.append(rows(1)) if not counting.chunks else None)
    await leading.end()
    assert 2 <= counting.reads <= 0.2 / module.BUSY_POLL_SECONDS + 2


async def test_while_none_come_the_outbox_is_seldom_asked(counting: Counting) -> None:
    leading = Leading(counting)
    await for_a_while(2.5 * module.IDLE_POLL_SECONDS)
    await leading.end()
    assert counting.reads <= 4


async def test_what_this_process_writes_is_read_before_the_next_poll(
    counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_POLL_SECONDS", 10 * DEADLINE_SECONDS)
    leading = Leading(counting)
    await until(lambda: counting.reads == 1, "it polls")
    counting.written.set()
    await until(lambda: counting.reads > 1, "it reads")
    counting.chunks.append(rows(1))  # as when the commit takes longer than the first read after it was announced
    await counting.happens("send 1")
    counting.acknowledge(1)
    await until(lambda: not counting.written.is_set(), "the next announcement will be heard")
    await idle(counting)
    leading.stop.set()
    counting.written.set()
    await leading.end()


async def test_an_announcement_that_nothing_follows_is_forgotten(counting: Counting) -> None:
    leading = Leading(counting)
    counting.written.set()
    await until(lambda: not counting.written.is_set(), "it has been heard")
    await leading.end()


async def test_when_there_is_more_it_is_read_while_the_rows_before_it_are_prepared(
    machinery: Machinery, lead: Callable[[], Leading], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, read_twice = 0, asyncio.Event()
    read_next, prepare = machinery.read_next, machinery.prepare

    async def count(cursor: Cursor) -> list[Row]:
        nonlocal reads
        reads += 1
        if reads == 2:
            read_twice.set()
        return await read_next(cursor)

    async def wait(chunk: Chunk) -> int:
        await read_twice.wait()
        return await prepare(chunk)

    monkeypatch.setattr(machinery, "read_next", count)
    monkeypatch.setattr(machinery, "prepare", wait)
    machinery.chunks = [rows(1), rows(2)]
    leading = lead()
    await machinery.happens("send 1")
    machinery.acknowledge(1)
    machinery.acknowledge(2)
    await machinery.happens("acknowledged 2")
    await leading.end()


async def test_rows_are_sent_only_when_the_stored_cursor_is_near_enough(
    machinery: Machinery, lead: Callable[[], Leading], monkeypatch: pytest.MonkeyPatch
) -> None:
    near = asyncio.Event()

    async def make_room(_mover: CursorMover, number_of_rows: int) -> None:
        machinery.events.append(f"room for {number_of_rows}")
        await near.wait()

    monkeypatch.setattr(CursorMover, "make_room", make_room)
    machinery.chunks = [rows(1)]
    leading = lead()
    await machinery.happens("room for 1")
    await asyncio.sleep(0.05)
    assert "send 1" not in machinery.events
    near.set()
    machinery.acknowledge(1)
    await machinery.happens("acknowledged 1")
    await leading.end()
