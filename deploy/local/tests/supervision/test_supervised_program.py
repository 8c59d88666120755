"""When a program that ends by itself is started again, on programs that are not real."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from plaudit_local.servers.process import ProcessFailedError
from plaudit_local.supervision import supervised_program
from plaudit_local.supervision.supervised_program import SupervisedProgram


class Process:
    """Runs until it is killed."""

    spec = SimpleNamespace(log=Path("one.log"))

    def __init__(self):
        self.running = True

    def exit_code(self):
        return None if self.running else 137


@dataclass
class World:
    """The time, and whether the program can be started and is ready."""

    seconds: float = 0.0
    ready: bool = True
    can_start: bool = True
    said: list[str] = field(default_factory=list)
    starts: int = 0

    def launch(self):
        if not self.can_start:
            raise ProcessFailedError("one could not be started: no reason")
        self.starts += 1
        return Process()


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(supervised_program, "time", SimpleNamespace(monotonic=lambda: world.seconds))
    return world


@pytest.fixture
def program(world):
    return SupervisedProgram("one", "nowhere", world.launch, lambda: world.ready, world.said.append, Process())


def test_a_ready_program_that_is_killed_five_times_in_a_row_is_started_at_once_each_time(world, program):
    for number in range(1, 6):
        program.tick()
        assert program.state == "ready"
        program.process.running = False
        program.tick()  # the clock stands still: nothing is waited for
        assert program.process.running
        assert (
            world.said[-1]
            == f"one ended with code 137; it is started again at once (restart {number}). Its log: one.log"
        )
        world.said.clear()
    assert world.starts == 5


def test_a_program_that_ends_before_it_is_ready_waits_longer_each_time(world, program):
    world.ready = False
    for delay in (0.5, 1, 2, 4):
        program.tick()
        program.process.running = False
        before = world.starts
        program.tick()
        assert f"again in {delay:g} s" in world.said[-1]
        world.seconds += delay - 0.1
        program.tick()
        assert world.starts == before
        world.seconds += 0.1
        program.tick()
        assert world.starts == before + 1


def test_a_program_that_was_ready_once_and_is_not_when_it_ends_is_started_at_once(world, program):
    program.tick()
    world.ready = False
    world.seconds += 10
    program.tick()
    assert program.state == "not ready"
    program.process.running = False
    program.tick()
    assert program.process.running


def test_a_program_that_cannot_be_started_is_tried_again_later(world, program):
    program.tick()
    world.can_start = False
    program.process.running = False
    program.tick()
    assert world.said[-1] == "one could not be started: no reason; it is started again in 0.5 s (restart 2)."
    world.can_start = True
    world.seconds += 0.5
    program.tick()
    assert program.process.running
    program.tick()
    assert world.said[-1] == "one is ready."
