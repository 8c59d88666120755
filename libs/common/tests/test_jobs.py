"""Loops and periodic jobs, and the tools that everything uses which repeats, waits or tries again."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaudit.common.jobs import Loop, PeriodicJob, all_of, back_off_seconds, bisect, end_task, halves, pause
from plaudit_testing.runtime import until

LONG_SECONDS = 3_600.0


class Turning(PeriodicJob):
    """Does what its script says, a turn each, then nothing; stops itself after its last turn."""

    def __init__(self, stop: asyncio.Event, script: Sequence[int | Exception], pause_seconds: float = 0.0) -> None:
        super().__init__("turning", pause_seconds)
        self.turns = 0
        self._stop = stop
        self._script = script

    async def turn(self) -> int:
        done = self._script[self.turns]
        self.turns += 1
        if self.turns == len(self._script):
            self._stop.set()
        if isinstance(done, Exception):
            raise done
        return done


async def test_a_job_turns_again_at_once_while_there_is_work() -> None:
    stop = asyncio.Event()
    job = Turning(stop, [3, 2, 1], LONG_SECONDS)
    await job.run(stop)
    assert job.turns == 3


async def test_a_job_that_sees_nothing_to_do_takes_no_turn() -> None:
    stop = asyncio.Event()
    seen: list[bool | Exception] = [False, ConnectionResetError(), False, True, True]

    class Looking(Turning):
        async def has_work(self) -> bool:
            assert self.turns == int(len(seen) == 1)
            answer = seen.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

    job = Looking(stop, [1, 0])
    await job.run(stop)
    assert seen == []
    assert job.turns == 2


async def test_a_pausing_job_stops_at_once() -> None:
    stop = asyncio.Event()
    job = Turning(stop, [0, 0], LONG_SECONDS)
    running = asyncio.create_task(job.run(stop))
    await until(lambda: job.turns > 0, "the first turn")
    stop.set()
    await running
    assert job.turns == 1


async def test_a_transient_error_is_retried_and_any_other_ends_the_job() -> None:
    stop = asyncio.Event()
    job = Turning(stop, [ConnectionResetError(), 1, TimeoutError(), 0])
    await job.run(stop)
    assert job.turns == 4
    stop.clear()
    with pytest.raises(KeyError):
        await Turning(stop, [KeyError("a mistake"), 1]).run(stop)


def test_a_loop_lives_while_it_beats() -> None:
    class Silent(Loop):
        async def run(self, stop: asyncio.Event) -> None: ...

    loop = Silent("silent", max_age_seconds=0.0)
    time.sleep(0.001)
    assert not loop.live().ok
    patient = Silent("patient", max_age_seconds=LONG_SECONDS)
    before = patient.age_seconds()
    patient.beat()
    assert patient.live().ok
    assert patient.age_seconds() <= before + LONG_SECONDS
    assert list(patient.ready()) == []


async def test_a_pause_ends_when_told_to_stop_or_when_its_time_has_passed() -> None:
    stop = asyncio.Event()
    await pause(stop, 0.001)
    stop.set()
    await pause(stop, LONG_SECONDS)


@given(
    failures=st.integers(1, 10_000),
    first_seconds=st.floats(0.001, 10),
    longest_seconds=st.floats(0.001, 1_000),
    factor=st.floats(1, 10),
)
def test_a_back_off_grows_up_to_the_longest_and_is_shortened_by_half_at_most(
    failures: int, first_seconds: float, longest_seconds: float, factor: float
) -> None:
    seconds = back_off_seconds(failures, first_seconds, longest_seconds, factor=factor)
    full = min(longest_seconds, first_seconds * factor ** min(failures - 1, 20))
    assert 0.5 * full <= seconds <= full * (1 + 1e-9)


@given(st.lists(st.integers(), min_size=2))
def test_halves_are_the_whole_and_neither_is_empty(items: list[int]) -> None:
    first, second = halves(items)
    assert [*first, *second] == items
    assert first
    assert second


@given(st.lists(st.booleans(), min_size=1, max_size=40))
async def test_bisecting_does_every_good_item_once_in_order_and_refuses_every_bad_one(good: list[bool]) -> None:
    done: list[int] = []
    refused: list[int] = []

    async def work(items: Sequence[int]) -> None:
        if not all(good[item] for item in items):
            raise ValueError("one of them is bad")
        done.extend(items)

    async def refuse(item: int, error: Exception) -> None:
        assert isinstance(error, ValueError)
        refused.append(item)

    await bisect(range(len(good)), work, refuse)
    assert done == [item for item, is_good in enumerate(good) if is_good]
    assert refused == [item for item, is_good in enumerate(good) if not is_good]


async def test_bisecting_stops_at_a_transient_error() -> None:
    async def work(_items: Sequence[int]) -> None:
        raise ConnectionResetError

    async def refuse(_item: int, _error: Exception) -> None:
        raise AssertionError("nothing is refused for a transient error")

    with pytest.raises(ConnectionResetError):
        await bisect([1, 2, 3], work, refuse)


async def test_an_ended_task_is_seen_to_its_end() -> None:
    async def fails() -> None:
        try:
            await asyncio.sleep(LONG_SECONDS)
        finally:
            raise KeyError("on its way out")

    async def waits() -> None:
        await asyncio.sleep(LONG_SECONDS)

    for work in (fails, waits):
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        await end_task(task)
        assert task.done()
    await end_task(None)


async def test_work_that_is_done_at_once_comes_back_in_its_order() -> None:
    first_may_end = asyncio.Event()

    async def first() -> int:
        await first_may_end.wait()
        return 1

    async def second() -> int:
        first_may_end.set()
        return 2

    assert await all_of([first(), second()]) == [1, 2]


async def test_the_error_of_one_work_is_raised_by_itself_and_ends_the_others() -> None:
    ended = asyncio.Event()

    async def fails() -> None:
        raise ConnectionResetError

    async def waits() -> None:
        try:
            await asyncio.sleep(LONG_SECONDS)
        finally:
            ended.set()

    with pytest.raises(ConnectionResetError):
        await all_of([waits(), fails()])
    assert ended.is_set()
