import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from plaudit.common import process
from plaudit.common.outbox.relay import RelayLoop
from plaudit.common.process import Command, Parts, Resources
from plaudit.common.process import _loops as loops_of
from plaudit_local.servers.process import GuardedProcess, Spec, wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import count_event, counting_topic, until
from plaudit_testing.toy_service import TOY, ToySettings

REPOSITORY = Path(__file__).parents[3]
PYTHONPATH = f"{REPOSITORY / 'tests'}:{REPOSITORY / 'deploy/local'}"
CLIENTS = 16


@dataclass
class Toy:
    """A running toy service."""

    process: GuardedProcess
    log: Path
    port: int = 0

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def events(self) -> list[str]:
        return [line["event"] + (f" {line['loop']}" if "loop" in line else "") for line in self.lines()]

    def get(self, path: str) -> int:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=DEADLINE_SECONDS) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code

    def wait(self) -> int | None:
        assert wait_until(lambda: not self.process.running, DEADLINE_SECONDS)
        return self.process.exit_code()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Toy]]:
    """Starts toys, and leaves none behind."""
    toys: list[Toy] = []

    def start(command: str = "all", *, listens: bool = True, **settings: str) -> Toy:
        environment = {
            **os.environ,
            "PYTHONPATH": PYTHONPATH,
            "PLAUDIT_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
            "PLAUDIT_LOG_FORMAT": "json",
            **{f"PLAUDIT_{name.upper()}": value for name, value in settings.items()},
        }
        log = tmp_path / f"{len(toys)}.log"
        arguments = [sys.executable, "-m", "plaudit_testing.toy_service", command]
        toy = Toy(GuardedProcess(Spec("toy", arguments, log, environment=environment)), log)
        toys.append(toy)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while listens and toy.port == 0:
            assert time.monotonic() < deadline, log.read_text()
            for line in toy.lines():
                if line["event"] == "listening":
                    toy.port = int(line["url"].rpartition(":")[2])
            time.sleep(0.02)
        return toy

    yield start
    for toy in toys:
        toy.process.kill()


@dataclass
class Tally:
    answered: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)


async def hammer(port: int, name: str, tally: Tally) -> None:
    """Ask again and again, over one connection while the server keeps it, until nobody listens any more."""
    number = 0
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        try:
            while True:
                number += 1
                id_ = f"{name}.{number}"
                body = id_.encode()
                request = b"POST /v1/work HTTP/1.1\r\nhost: toy\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
                head = await exchange(reader, writer, request)
                if head is None:
                    tally.unanswered.add(id_)
                    break
                assert head.startswith(b"HTTP/1.1 202 "), head
                tally.answered.add(id_)
                if b"connection: close" in head.lower():
                    break
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes | None:
    """Return the head of a complete answer, None when there was none."""
    try:
        writer.write(request)
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length is not None
        await reader.readexactly(int(length[1]))
    except (ConnectionError, asyncio.IncompleteReadError):
        return None
    return head


async def test_sigterm_under_load_drops_no_accepted_request(start: Callable[..., Toy], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    toy = await asyncio.to_thread(start, toy_seen=str(seen))
    tally = Tally()
    clients = [asyncio.create_task(hammer(toy.port, f"c{n}", tally)) for n in range(CLIENTS)]
    await until(lambda: len(tally.answered) >= CLIENTS * 10, "a load")
    toy.process.signal(signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*clients), DEADLINE_SECONDS)
    code = await asyncio.to_thread(toy.wait)

    handled = set(seen.read_text().split())
    assert code == 0, toy.log.read_text()
    assert handled == tally.answered
    assert tally.unanswered == set()


def test_a_stop_goes_in_order(start: Callable[..., Toy]) -> None:
    toy = start()
    assert toy.get("/livez") == 200
    toy.process.signal(signal.SIGTERM)
    assert toy.wait() == 0
    events = toy.events()
    assert events[0] == "listening"
    assert events.index("stopping") < events.index("loop_stopped worker")
    assert events[-2:] == ["closing", "stopped"]
    assert {"loop_stopped answering", "loop_stopped worker"} <= set(events[:-2])


def test_without_its_database_a_process_runs_and_says_that_it_is_not_ready(start: Callable[..., Toy]) -> None:
    toy = start("jobs")
    assert toy.get("/readyz") == 503
    assert toy.get("/livez") == 200
    assert toy.get("/metrics") == 200
    toy.process.signal(signal.SIGINT)
    assert toy.wait() == 0
    assert "loop_stopped answering" not in toy.events()


@pytest.mark.parametrize(("behaviour", "event"), [("raises", "loop_failed worker"), ("returns", "loop_ended worker")])
def test_a_loop_that_ends_before_its_time_ends_the_process_with_a_failure(
    start: Callable[..., Toy], behaviour: str, event: str
) -> None:
    toy = start(toy_worker=behaviour)
    assert toy.wait() == 1
    assert event in toy.events()
    assert toy.events()[-2:] == ["closing", "stopped"]


def test_what_does_not_stop_in_time_is_named_and_left(start: Callable[..., Toy]) -> None:
    toy = start(toy_worker="hangs", shutdown_timeout_seconds="1.5")
    toy.process.signal(signal.SIGTERM)
    assert toy.wait() == 1
    assert toy.lines()[-1]["waiting"] == "worker"


def test_a_second_signal_ends_the_process_at_once(start: Callable[..., Toy]) -> None:
    toy = start(toy_worker="hangs", shutdown_timeout_seconds="3000")
    toy.process.signal(signal.SIGTERM)
    while "stopping" not in toy.events():
        time.sleep(0.01)
    toy.process.signal(signal.SIGTERM)
    assert toy.wait() == 128 + signal.SIGTERM


def test_an_event_loop_that_is_blocked_cannot_hold_up_the_end(start: Callable[..., Toy]) -> None:
    toy = start(toy_worker="blocks", shutdown_timeout_seconds="1")
    toy.process.signal(signal.SIGTERM)
    assert toy.wait() == 1
    assert 'toy_service.py", line' in toy.log.read_text()


def test_a_busy_port_is_one_sentence_that_says_what_to_do(start: Callable[..., Toy]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        toy = start(listens=False, http_port=str(port))
        assert toy.wait() == 1
    assert toy.log.read_text().strip() == (
        f"cannot listen on 127.0.0.1:{port} (Address already in use): choose another PLAUDIT_HTTP_PORT, or 0"
    )


def test_wrong_settings_are_named_and_not_repeated(start: Callable[..., Toy]) -> None:
    toy = start(listens=False, http_port="canary", partitions="0")
    assert toy.wait() == 1
    output = toy.log.read_text()
    assert "PLAUDIT_HTTP_PORT" in output
    assert "PLAUDIT_PARTITIONS" in output
    assert "canary" not in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("command", "expected"), [("api", {"answering"}), ("jobs", {"worker"}), ("all", {"answering", "worker"})]
)
def test_a_command_runs_its_loops_and_no_others(command: str, expected: set[str]) -> None:
    resources = Resources(ToySettings(database_url="postgresql://nobody@127.0.0.1:9/none"), "common")
    assert {loop.name for loop in loops_of(TOY, resources, TOY.build(resources), command)} == expected


def test_each_role_has_one_set_of_connections() -> None:
    from plaudit.common.db import Role

    resources = Resources(ToySettings(database_url="postgresql://nobody@127.0.0.1:9/none"), "common")
    assert resources.database(Role.API) is resources.database(Role.API)
    assert resources.database(Role.API) is not resources.database(Role.WORKER)


async def test_a_process_is_tuned_before_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    class Server:
        url = "nowhere"

        def __init__(self, *_arguments: object) -> None:
            pass

    async def run(*_arguments: object, **_more: object) -> int:
        steps.append("serves")
        return 0

    monkeypatch.setattr(process, "HttpServer", Server)
    monkeypatch.setattr(process, "run_until_stopped", run)
    monkeypatch.setattr(process, "tune_memory", lambda: steps.append("is tuned"))
    await process.serve(TOY, ToySettings(database_url="postgresql://nobody@127.0.0.1:9/none"), Command.JOBS)
    assert steps == ["is tuned", "serves"]


async def test_the_relay_is_told_of_what_its_own_process_writes() -> None:
    resources = Resources(ToySettings(database_url="postgresql://nobody@127.0.0.1:9/none"), "common")
    toy = replace(TOY, has_outbox=True)
    (relay,) = [each for each in loops_of(toy, resources, Parts(), Command.ALL) if isinstance(each, RelayLoop)]
    assert relay._written is resources.outbox.written
    assert not relay._written.is_set()
    resources.outbox.arrays([count_event(counting_topic("count.v1"), "key", 1)])
    assert relay._written.is_set()
    await resources.close()
