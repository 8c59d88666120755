"""Group commit without a database: a writer that a test holds back, fails, or lets through."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from plaudit.common import group_commit
from plaudit.common.group_commit import SWEEP_SECONDS, GroupCommit, QueueFullError, StoppedError, Waiting
from plaudit.common.observability.log import request_id_var
from plaudit_testing.connections import loop_calls
from plaudit_testing.runtime import until

LONG_SECONDS = 30.0
TRANSIENT = [
    ConnectionRefusedError(111, "Connection refused"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.OutOfMemoryError("out of shared memory"),
    asyncpg.TooManyConnectionsError("too many clients already"),
    asyncpg.DeadlockDetectedError("deadlock detected"),
    TimeoutError(),
]


class Writer:
    """Writes groups into a list; what `refuse` raises for an item fails the whole group, as a transaction does."""

    def __init__(self) -> None:
        self.tried: list[list[str]] = []
        self.written: list[list[str]] = []
        self.refuse: Callable[[str], Exception | None] = lambda _item: None
        self.free = asyncio.Event()
        self.free.set()
        self.begun = asyncio.Event()
        """Set when a group has reached the writer."""

    async def __call__(self, group: Sequence[str]) -> list[str]:
        self.tried.append(list(group))
        self.begun.set()
        await self.free.wait()
        for item in group:
            if error := self.refuse(item):
                raise error
        self.written.append(list(group))
        return [item.upper() for item in group]


@asynccontextmanager
async def running(commit: GroupCommit[str, str]) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(commit.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, LONG_SECONDS)


@pytest.fixture
def writer() -> Writer:
    return Writer()


def commit_with(writer: Writer, **limits: int) -> GroupCommit[str, str]:
    return GroupCommit("test", writer, **{"flushers": 1, **limits})


class Awaited(Waiting[str, str]):
    """An item whose sender awaits its answer, and may leave."""

    def __init__(self, item: str, rows: int, size_bytes: int, timeout_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(item, rows=rows, size_bytes=size_bytes, answer_by=loop.time() + timeout_seconds)
        self.answer: asyncio.Future[str] = loop.create_future()

    def written(self, result: str) -> None:
        if not self.answer.done():
            self.answer.set_result(result)

    def failed(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


async def submit(
    commit: GroupCommit[str, str], item: str, rows: int = 1, size_bytes: int = 1, timeout_seconds: float = LONG_SECONDS
) -> str:
    waiting = Awaited(item, rows, size_bytes, timeout_seconds)
    commit.put(waiting)
    try:
        return await waiting.answer
    finally:
        waiting.answered = True


async def waiting(commit: GroupCommit[str, str], *items: str, **options: int) -> list["asyncio.Task[str]"]:
    """Items that wait for a loop that has not begun, or is held back: so they meet in one group."""
    tasks = [asyncio.create_task(submit(commit, item, **options)) for item in items]
    await asyncio.sleep(0)
    return tasks


async def test_what_waits_is_written_in_one_group_and_each_gets_its_own_result(writer: Writer):
    commit = commit_with(writer)
    tasks = await waiting(commit, "a", "b", "c")
    async with running(commit):
        assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    assert writer.written == [["a", "b", "c"]]


async def test_what_arrives_during_a_commit_makes_the_next_group(writer: Writer):
    commit = commit_with(writer)
    writer.free.clear()
    async with running(commit):
        first = await waiting(commit, "a")
        await writer.begun.wait()
        rest = await waiting(commit, "b", "c")
        writer.free.set()
        await asyncio.gather(*first, *rest)
    assert writer.written == [["a"], ["b", "c"]]


async def test_a_second_flusher_writes_while_the_first_waits_for_its_commit(writer: Writer):
    commit = commit_with(writer, flushers=2)
    writer.free.clear()
    async with running(commit):
        first = await waiting(commit, "a")
        await writer.begun.wait()
        writer.begun.clear()
        second = await waiting(commit, "b")
        await asyncio.wait_for(writer.begun.wait(), LONG_SECONDS)
        writer.free.set()
        assert await asyncio.gather(*first, *second) == ["A", "B"]


async def test_a_group_is_cut_by_rows_and_not_by_requests(writer: Writer):
    commit = commit_with(writer, max_rows_per_group=10)
    tasks = await waiting(commit, "a", "b", "c", "d", rows=4)
    async with running(commit):
        await asyncio.gather(*tasks)
    assert writer.written == [["a", "b"], ["c", "d"]]


async def test_an_item_larger_than_a_group_is_written_alone(writer: Writer):
    commit = commit_with(writer, max_rows_per_group=10)
    tasks = [*await waiting(commit, "huge", rows=50), *await waiting(commit, "a", "b", rows=1)]
    async with running(commit):
        await asyncio.gather(*tasks)
    assert writer.written == [["huge"], ["a", "b"]]


@pytest.mark.parametrize("wrong", range(7))
async def test_a_group_that_fails_on_data_is_split_until_only_the_wrong_item_fails(writer: Writer, wrong: int):
    items = list("abcdefg")
    refused = asyncpg.CheckViolationError("violates check constraint")
    writer.refuse = lambda item: refused if item == items[wrong] else None
    commit = commit_with(writer)
    tasks = await waiting(commit, *items)
    async with running(commit):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers == [refused if item == items[wrong] else item.upper() for item in items]
    assert sorted(item for group in writer.written for item in group) == [i for i in items if i != items[wrong]]


async def test_every_wrong_item_gets_its_own_error_and_order_is_kept(writer: Writer):
    errors = {"b": ValueError("b"), "c": ValueError("c"), "f": ValueError("f")}
    writer.refuse = errors.get
    commit = commit_with(writer)
    tasks = await waiting(commit, *"abcdef")
    async with running(commit):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers == ["A", errors["b"], errors["c"], "D", "E", errors["f"]]
    assert [item for group in writer.written for item in group] == ["a", "d", "e"]


@pytest.mark.parametrize("error", TRANSIENT, ids=lambda error: type(error).__name__)
async def test_a_transient_error_fails_the_whole_group_and_nothing_is_split(writer: Writer, error: Exception):
    writer.refuse = lambda item: error if item == "b" else None
    commit = commit_with(writer)
    tasks = await waiting(commit, "a", "b", "c")
    async with running(commit):
        answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers == [error] * 3
    assert writer.tried == [["a", "b", "c"]]


@pytest.mark.parametrize("error", [asyncpg.DiskFullError("no room"), asyncpg.ReadOnlySQLTransactionError("no")])
async def test_while_the_database_stores_nothing_it_is_not_ready(
    writer: Writer, error: Exception, monkeypatch: pytest.MonkeyPatch
):
    commit = commit_with(writer)
    assert commit.ready() == ()
    async with running(commit):
        writer.refuse = lambda _item: error
        with pytest.raises(type(error)):
            await submit(commit, "a")
        writer.refuse = lambda _item: None
        [check] = commit.ready()
        assert (check.ok, type(error).__name__ in check.detail) == (False, True)
        monkeypatch.setattr(group_commit, "NOT_READY_SECONDS", 0.0)
        assert commit.ready() == (), "after a while, deliveries may try again"
        monkeypatch.undo()
        await submit(commit, "b")
        assert commit.ready() == ()


async def test_an_error_about_one_item_or_a_lost_connection_leaves_it_ready(writer: Writer):
    commit = commit_with(writer)
    async with running(commit):
        errors = {"a": asyncpg.UniqueViolationError("twice"), "b": asyncpg.DeadlockDetectedError("deadlock")}
        writer.refuse = errors.get
        for item, error in errors.items():
            with pytest.raises(type(error)):
                await submit(commit, item)
            assert commit.ready() == ()


async def test_after_a_failure_the_next_group_is_written(writer: Writer):
    commit = commit_with(writer)
    writer.refuse = lambda _item: ConnectionResetError()
    async with running(commit):
        with pytest.raises(ConnectionResetError):
            await submit(commit, "a")
        writer.refuse = lambda _item: None
        assert await submit(commit, "b") == "B"


async def test_who_waited_too_long_is_told_so_and_is_not_written_any_more(writer: Writer):
    commit = commit_with(writer)
    with pytest.raises(TimeoutError):
        await submit(commit, "late", timeout_seconds=0.01)
    tasks = await waiting(commit, "in time")
    async with running(commit):
        assert await asyncio.gather(*tasks) == ["IN TIME"]
    assert writer.tried == [["in time"]]


async def test_a_commit_that_ends_after_the_deadline_disturbs_nobody(writer: Writer):
    commit = commit_with(writer)
    writer.free.clear()
    async with running(commit):
        [task] = await waiting(commit, "patient")
        await writer.begun.wait()
        with pytest.raises(TimeoutError):
            await submit(commit, "late", timeout_seconds=0.01)
        writer.free.set()
        assert await task == "PATIENT"
        assert await submit(commit, "next") == "NEXT"


async def test_of_a_split_group_only_who_still_waits_is_tried_again(writer: Writer):
    commit = commit_with(writer)
    writer.refuse = lambda item: ValueError(item) if item == "bad" else None
    writer.free.clear()
    gone, bad, good = await waiting(commit, "gone", "bad", "good")
    async with running(commit):
        await writer.begun.wait()
        gone.cancel()
        writer.free.set()
        assert await good == "GOOD"
        with pytest.raises(ValueError, match="bad"):
            await bad
    assert writer.tried == [["gone", "bad", "good"], ["bad", "good"], ["bad"], ["good"]]


async def test_a_full_queue_takes_no_more_until_there_is_room(writer: Writer):
    commit = commit_with(writer, max_waiting_items=2)
    tasks = await waiting(commit, "a", "b")
    with pytest.raises(QueueFullError):
        await submit(commit, "c")
    async with running(commit):
        await asyncio.gather(*tasks)
        assert await submit(commit, "d") == "D"
    assert "c" not in {item for group in writer.tried for item in group}


async def test_the_queue_is_also_full_by_bytes(writer: Writer):
    commit = commit_with(writer, max_waiting_bytes=100)
    tasks = await waiting(commit, "a", size_bytes=60)
    with pytest.raises(QueueFullError):
        await submit(commit, "b", size_bytes=41)
    tasks += await waiting(commit, "c", size_bytes=40)
    async with running(commit):
        assert await asyncio.gather(*tasks) == ["A", "C"]
        assert await submit(commit, "d", size_bytes=100) == "D"


async def test_a_stop_drains_what_waits_and_takes_nothing_more(writer: Writer):
    commit = commit_with(writer, max_rows_per_group=2)
    writer.free.clear()
    async with running(commit) as stop:
        tasks = await waiting(commit, *"abcde")
        await writer.begun.wait()
        stop.set()
        await until(lambda: commit._stopped, "the loop has seen the stop")
        with pytest.raises(StoppedError):
            await submit(commit, "late")
        writer.free.set()
        assert await asyncio.gather(*tasks) == list("ABCDE")
    assert writer.written == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_stop_with_nothing_to_do_ends_at_once(writer: Writer):
    commit = commit_with(writer, flushers=3)
    async with running(commit):
        assert await submit(commit, "a") == "A"


async def test_a_writer_that_answers_for_too_few_ends_the_loop(writer: Writer):
    async def forgetful(group: Sequence[str]) -> list[str]:
        return list(group[1:])

    commit: GroupCommit[str, str] = GroupCommit("test", forgetful, flushers=1)
    tasks = await waiting(commit, "a", "b")
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(commit.run(asyncio.Event()), LONG_SECONDS)
    assert raised.group_contains(ValueError)
    for task in tasks:
        task.cancel()


async def test_it_belongs_to_the_api_and_beats_on_every_turn(writer: Writer):
    commit = commit_with(writer)
    commit._beaten_at -= 1_000
    async with running(commit):
        await submit(commit, "a")
        assert commit.live().ok
    assert commit.with_api


async def test_a_second_group_begins_only_when_as_much_waits_as_was_cut_last(writer: Writer):
    commit = commit_with(writer, flushers=2)
    writer.free.clear()
    first = await waiting(commit, "a", "b", "c")
    async with running(commit):
        await writer.begun.wait()
        second = await waiting(commit, "d", "e")
        await asyncio.sleep(0)
        assert writer.tried == [["a", "b", "c"]]
        second += await waiting(commit, "f")
        await until(lambda: len(writer.tried) == 2, "three wait: the second group begins")
        writer.free.set()
        await asyncio.gather(*first, *second)
    assert writer.written == [["a", "b", "c"], ["d", "e", "f"]]


async def test_nothing_waits_behind_a_group_that_does_not_come_back(writer: Writer):
    commit = commit_with(writer, flushers=2)
    writer.free.clear()
    first = await waiting(commit, "a", "b", "c")
    async with running(commit):
        await writer.begun.wait()
        second = await waiting(commit, "d")
        await until(lambda: ["d"] in writer.tried, "it is written beside the group that hangs")
        writer.free.set()
        await asyncio.gather(*first, *second)


async def test_a_group_is_not_written_in_the_context_of_the_request_that_came_last():
    seen: list[str | None] = []

    async def write(group: Sequence[str]) -> list[str]:
        seen.append(request_id_var.get())
        return list(group)

    commit: GroupCommit[str, str] = GroupCommit("test", write)
    async with running(commit):
        await asyncio.sleep(0)
        token = request_id_var.set("order-4711")
        await submit(commit, "a")
        request_id_var.reset(token)
    assert seen == [None]


class Noting(Waiting[str, str]):
    """An item that notes its answers, as a request that is written straight to its connection: a second is one more."""

    def __init__(self, item: str, wait_seconds: float = LONG_SECONDS) -> None:
        answer_by = asyncio.get_running_loop().time() + wait_seconds
        super().__init__(item, rows=1, size_bytes=1, answer_by=answer_by)
        self.answers: list[str] = []
        self.answered_at = 0.0

    def written(self, result: str) -> None:
        self._note(result)

    def failed(self, error: Exception) -> None:
        self._note(type(error).__name__)

    def _note(self, answer: str) -> None:
        self.answers.append(answer)
        self.answered_at = asyncio.get_running_loop().time()


def put(commit: GroupCommit[str, str], *items: Noting) -> None:
    for item in items:
        commit.put(item)


async def test_who_was_told_that_it_took_too_long_is_told_so_once_and_nothing_else(writer: Writer):
    commit = commit_with(writer)
    writer.free.clear()
    late, patient = Noting("late", 0.0), Noting("patient")
    async with running(commit):
        put(commit, late, patient)
        await writer.begun.wait()
        await until(lambda: bool(late.answers), "a sweep has found it")
        await asyncio.sleep(3 * SWEEP_SECONDS)
        writer.free.set()
        await until(lambda: bool(patient.answers), "the group has committed")
    assert (late.answers, patient.answers) == (["TimeoutError"], ["PATIENT"])


class Broken(Noting):
    """An item whose sender cannot be answered."""

    def _note(self, answer: str) -> None:
        super()._note(answer)
        raise RuntimeError("the handler is closed")


@pytest.mark.parametrize("outcome", ["written", "failed", "late"])
async def test_a_sender_that_cannot_be_answered_costs_the_others_nothing(writer: Writer, outcome: str):
    commit = commit_with(writer)
    wait_seconds = 0.0 if outcome == "late" else LONG_SECONDS
    broken, other = Broken("broken", wait_seconds), Noting("other", wait_seconds)
    if outcome == "failed":
        writer.refuse = lambda _item: TimeoutError()
    elif outcome == "late":
        writer.free.clear()
    async with running(commit):
        put(commit, broken, other)
        await until(lambda: bool(other.answers), "the other one is answered")
        writer.free.set()
        writer.refuse = lambda _item: None
        put(commit, later := Noting("later"))
        await until(lambda: bool(later.answers), "the loop goes on")
    answer = "OTHER" if outcome == "written" else "TimeoutError"
    assert (len(broken.answers), other.answers, later.answers) == (1, [answer], ["LATER"])


async def test_who_was_answered_is_not_told_later_that_it_took_too_long(writer: Writer):
    """The half of a split group that was written is answered while the other half is still being written."""
    commit = commit_with(writer)
    done, bad, slow = Noting("done", 5 * SWEEP_SECONDS), Noting("bad"), Noting("slow")

    async def hold(group: Sequence[str]) -> list[str]:
        if "slow" in group and "bad" not in group:
            await writer.free.wait()
        elif "bad" in group:
            raise ValueError
        return [item.upper() for item in group]

    commit._write = hold
    writer.free.clear()
    async with running(commit):
        put(commit, done, bad, slow)
        await until(lambda: bool(bad.answers), "the other half is being written")
        assert done.answers == ["DONE"]
        await asyncio.sleep(8 * SWEEP_SECONDS)
        writer.free.set()
        await until(lambda: bool(slow.answers), "it is written")
    assert [item.answers for item in (done, bad, slow)] == [["DONE"], ["ValueError"], ["SLOW"]]


async def test_what_waits_behind_a_full_writer_is_told_at_its_deadline_and_not_before(writer: Writer):
    commit = commit_with(writer)
    writer.free.clear()
    first, late = Noting("first"), Noting("late", 2 * SWEEP_SECONDS)
    async with running(commit):
        put(commit, first)
        await writer.begun.wait()
        put(commit, late)
        await until(lambda: bool(late.answers), "a sweep has found it in the queue")
        assert first.answers == []
        writer.free.set()
        await until(lambda: bool(first.answers), "the first one is written")
    assert (first.answers, late.answers) == (["FIRST"], ["TimeoutError"])
    assert late.answered_at >= late.answer_by
    assert writer.tried == [["first"]]


async def test_the_first_item_does_not_wait_and_what_comes_soon_after_it_is_written_together(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(group_commit, "GATHER_SECONDS", 0.2)
    commit = commit_with(writer, flushers=2)
    async with running(commit):
        put(commit, Noting("first"))
        await until(lambda: writer.written == [["first"]], "the first is written")
        for name in ("second", "third"):
            put(commit, Noting(name))
            await asyncio.sleep(0)
        assert len(writer.written) == 1
        await until(lambda: len(writer.written) > 1, "the next group is written")
        assert writer.written[1:] == [["second", "third"]]


async def test_a_stop_waits_for_no_more_items(writer: Writer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(group_commit, "GATHER_SECONDS", 10 * LONG_SECONDS)
    commit = commit_with(writer)
    async with running(commit):
        put(commit, Noting("first"))
        await until(lambda: bool(writer.written), "the first is written")
        put(commit, Noting("second"))
        await asyncio.sleep(0)
    assert writer.written == [["first"], ["second"]]


async def test_items_have_one_sweep_together_and_none_when_nothing_waits(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(group_commit, "GATHER_SECONDS", 0.0)
    commit = commit_with(writer)
    async with running(commit):
        await asyncio.sleep(0)
        with loop_calls() as asked:
            for number in range(10):
                put(commit, Noting(str(number)))
                for _ in range(5):
                    await asyncio.sleep(0)
        assert writer.written[-1] == ["9"], "each was a group, in a turn of its own"
        assert asked.count("call_later") == 1
        await asyncio.sleep(3 * SWEEP_SECONDS)
        with loop_calls() as asked:
            await asyncio.sleep(3 * SWEEP_SECONDS)
        assert asked.count("call_later") == 1, "this test's own sleep"


@pytest.mark.parametrize("error", [None, ConnectionResetError()], ids=["written", "failed"])
async def test_a_sender_that_leaves_in_the_moment_of_its_answer_disturbs_nobody(
    writer: Writer, error: Exception | None
):
    commit = commit_with(writer)
    writer.free.clear()
    async with running(commit):
        [gone] = await waiting(commit, "gone")
        await writer.begun.wait()
        writer.refuse = lambda item: error if item == "gone" else None
        writer.free.set()  # the writer goes on before the sender notices that it is cancelled
        gone.cancel()
        assert await submit(commit, "next") == "NEXT"
    assert gone.cancelled()
