"""A test run that is killed leaves no process, not even one that it had suspended."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from plaudit_local.servers.guard import descendants, send_to_all
from plaudit_local.servers.process import wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.servers import temporary_folder

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks processes up in /proc")

RUN = """
import asyncio, signal, sys, time
from pathlib import Path
from plaudit_testing.runtime_process import RuntimeProcess
from plaudit_testing.databases import settings_for
from plaudit_testing.servers import own_kafka, own_postgres, pause
from plaudit_testing.stack import ServiceProcess

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it

def suspended():
    print("suspended", flush=True)
    time.sleep(10_000)

def postgres():
    import asyncpg

    loop = asyncio.new_event_loop()
    with own_postgres() as server:
        backends = [loop.run_until_complete(asyncpg.connect(server.dsn)) for _ in range(5)]
        pause(server)
        suspended()

def kafka():
    with own_kafka() as broker:
        pause(broker)
        suspended()

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"

def service():
    process = ServiceProcess("ingest", "api", {"PLAUDIT_DATABASE_URL": NOWHERE}, Path(sys.argv[2]) / "log").start()
    process.pause()
    suspended()

def relay():
    process = RuntimeProcess(settings_for(NOWHERE), "relay", log=Path(sys.argv[2]) / "log")
    process._process.signal(signal.SIGSTOP)
    suspended()

globals()[sys.argv[1]]()
"""


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all that the run leaves, where PostgreSQL's account can reach it."""
    with temporary_folder("plaudit-test-aborted-") as made:
        yield made


@contextmanager
def run_with(what: str, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A run that has suspended its server; and all processes below it."""
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "TMPDIR": str(folder), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN, what, str(folder)], stdout=subprocess.PIPE, text=True, env=environment
    ) as run:
        try:
            assert run.stdout is not None
            assert run.stdout.readline() == "suspended\n"
            yield run, descendants(run.pid)
        finally:
            run.kill()


on_each_suspended_server = pytest.mark.parametrize(
    ("what", "suspended"),
    [
        pytest.param("postgres", 11, marks=pytest.mark.postgres),  # the postmaster, five backends, its own helpers
        pytest.param("kafka", 1, marks=pytest.mark.kafka),
        ("service", 1),
        ("relay", 1),
    ],
)


@on_each_suspended_server
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_aborted_while_its_server_is_suspended_leaves_no_process(folder, what, suspended, number):
    with run_with(what, folder) as (run, pids):
        assert wait_until(lambda: [state_of(pid) for pid in pids].count("T") >= suspended, DEADLINE_SECONDS)
        run.send_signal(number)
        run.wait(DEADLINE_SECONDS)
        assert wait_until(lambda: all(state_of(pid) in "XZ" for pid in pids), DEADLINE_SECONDS)


@on_each_suspended_server
def test_a_run_that_is_killed_together_with_its_guards_leaves_no_suspended_process(folder, what, suspended):
    with run_with(what, folder) as (run, pids):
        assert wait_until(lambda: [state_of(pid) for pid in pids].count("T") >= suspended, DEADLINE_SECONDS)
        guards = [pid for pid in pids if b"guard.py" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        assert guards
        send_to_all([run.pid, *guards], signal.SIGKILL)
        assert wait_until(lambda: all(state_of(pid) in "XZ" for pid in pids), DEADLINE_SECONDS)
