"""A command ends with the process that asked for it, and everything that it has started ends too."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from plaudit_local.servers.guard import descendants, send_to_all
from plaudit_local.servers.process import GuardedProcess, ProcessFailedError, Spec, wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS

SLEEP = ("sleep", "1000")
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux's")


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def alive(pid: int) -> bool:
    return state_of(pid) not in "ZX"


def gone(pid: int) -> bool:
    return wait_until(lambda: not alive(pid), DEADLINE_SECONDS)


def spec(tmp_path: Path, *command: str, **more: object) -> Spec:
    return Spec(name="thing", command=command, log=tmp_path / "thing.log", **more)


def parent_of_a_sleeper(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that has started a guarded sleeper, from a thread that has ended; and the sleeper's process id."""
    script = f"""
        import sys, threading, time
        from pathlib import Path
        from plaudit_local.servers.process import GuardedProcess, Spec

        def start():
            spec = Spec("sleeper", {SLEEP!r}, Path({str(tmp_path / "sleeper.log")!r}))
            started.append(GuardedProcess(spec))

        started = []
        thread = threading.Thread(target=start)
        thread.start()
        thread.join()
        print(started[0].pid, flush=True)
        time.sleep(1000)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())


def test_a_command_ends_when_the_process_that_asked_for_it_is_killed(tmp_path):
    parent, pid = parent_of_a_sleeper(tmp_path)
    with parent:
        assert alive(pid)
        parent.kill()
    assert gone(pid)


def test_a_command_outlives_the_thread_that_asked_for_it(tmp_path):
    parent, pid = parent_of_a_sleeper(tmp_path)
    with parent:
        try:
            # The kernel sends a death signal before the thread leaves this folder.
            threads = Path(f"/proc/{parent.pid}/task")
            assert wait_until(lambda: len(list(threads.iterdir())) == 1, DEADLINE_SECONDS)
            assert alive(pid)
        finally:
            parent.kill()
    assert gone(pid)


@linux_only
@pytest.mark.parametrize("death_signal", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("suspended", [False, True])
def test_a_command_ends_when_its_guard_is_killed_also_while_it_is_suspended(tmp_path, death_signal, suspended):
    process = GuardedProcess(spec(tmp_path, *SLEEP, death_signal=death_signal))
    # Its process id is known before it has turned into the command.
    assert wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "sleep\n", DEADLINE_SECONDS)
    guard = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[1])
    if suspended:
        process.signal(signal.SIGSTOP)
        assert wait_until(lambda: state_of(process.pid) == "T", DEADLINE_SECONDS)
    os.kill(guard, signal.SIGKILL)
    assert gone(process.pid)
    process.stop()


def test_a_command_that_ignores_the_stop_signal_is_killed_with_its_children(tmp_path):
    stubborn = "trap '' TERM; sleep 1000 & echo $! ; echo ready; while true; do sleep 1000; done"
    process = GuardedProcess(spec(tmp_path, "sh", "-c", stubborn, grace_seconds=0.1))
    assert wait_until(lambda: process.last_line() == "ready", DEADLINE_SECONDS)
    child = int((tmp_path / "thing.log").read_text().split()[0])
    process.stop()
    assert process.exit_code() == 128 + signal.SIGKILL
    assert gone(process.pid)
    assert gone(child)


LEADER = "trap '' TERM; for n in 1 2 3; do setsid sleep 1000 & done; echo ready; wait; wait; wait"


def leader_of_other_sessions(tmp_path: Path) -> tuple[GuardedProcess, list[int]]:
    """A command whose children have sessions of their own, as those of PostgreSQL; and all of its processes."""
    process = GuardedProcess(spec(tmp_path, "sh", "-c", LEADER, grace_seconds=0.1))
    assert wait_until(lambda: process.last_line() == "ready" and sessions_below(process.pid) == 4, DEADLINE_SECONDS)
    return process, [process.pid, *descendants(process.pid)]


def sessions_below(pid: int) -> int:
    sessions = set()
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(ProcessLookupError):
            sessions.add(os.getsid(each))
    return len(sessions)


@pytest.mark.parametrize("end", [GuardedProcess.stop, GuardedProcess.kill])
def test_suspended_descendants_in_sessions_of_their_own_end_with_the_command(tmp_path, end):
    process, pids = leader_of_other_sessions(tmp_path)
    send_to_all(pids, signal.SIGSTOP)
    assert wait_until(lambda: {state_of(pid) for pid in pids} == {"T"}, DEADLINE_SECONDS)
    end(process)
    assert [pid for pid in pids if alive(pid)] == []


def test_a_suspended_command_is_stopped_gracefully(tmp_path):
    process = GuardedProcess(spec(tmp_path, "sh", "-c", "trap 'exit 7' TERM; echo ready; sleep 1000 & wait"))
    assert wait_until(lambda: process.last_line() == "ready", DEADLINE_SECONDS)
    process.signal(signal.SIGSTOP)
    process.stop()
    assert process.exit_code() == 7


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("kill -9 $$", 128 + 9)])
def test_the_exit_code_is_the_commands_own(tmp_path, script, code):
    process = GuardedProcess(spec(tmp_path, "sh", "-c", script))
    assert wait_until(lambda: process.exit_code() is not None, DEADLINE_SECONDS)
    assert process.exit_code() == code
    process.stop()


def test_who_ends_before_it_is_ready_is_reported_with_its_last_words(tmp_path):
    process = GuardedProcess(spec(tmp_path, "sh", "-c", "echo the disk is on fire >&2; exit 1"))
    with pytest.raises(ProcessFailedError, match=r"thing ended with code 1; its log .* ends: the disk is on fire"):
        process.wait_ready(lambda: False, DEADLINE_SECONDS)


def test_who_is_not_ready_in_time_is_stopped(tmp_path):
    process = GuardedProcess(spec(tmp_path, *SLEEP))
    with pytest.raises(ProcessFailedError, match="thing was not ready in 0 s"):
        process.wait_ready(lambda: False, 0.05)
    assert gone(process.pid)


def test_a_command_that_does_not_exist_is_reported_by_name(tmp_path):
    process = GuardedProcess(spec(tmp_path, "/no/such/program"))
    with pytest.raises(ProcessFailedError, match="/no/such/program: No such file"):
        process.wait_ready(lambda: False, DEADLINE_SECONDS)


def test_a_command_whose_log_cannot_be_opened_is_reported_by_name_and_leaves_no_open_file(tmp_path):
    (tmp_path / "thing.log").mkdir()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ProcessFailedError, match=r"could not be started: .*thing\.log"):
        GuardedProcess(spec(tmp_path, "true"))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_last_words_of_an_earlier_run_are_not_this_ones(tmp_path):
    (tmp_path / "thing.log").write_text("an old story\n")
    process = GuardedProcess(spec(tmp_path, "sh", "-c", "exit 1"))
    with pytest.raises(ProcessFailedError, match="ends: nothing"):
        process.wait_ready(lambda: False, DEADLINE_SECONDS)


def test_the_last_words_are_the_cause_and_not_the_stack_below_it(tmp_path):
    said = r"Caused by: BindException: Address already in use\n\tat sun.nio\n\t... 18 more\n\n"
    process = GuardedProcess(spec(tmp_path, "printf", said))
    with pytest.raises(ProcessFailedError, match=r"ends: Caused by: BindException: Address already in use$"):
        process.wait_ready(lambda: False, DEADLINE_SECONDS)
