"""Runs one command, and ends it with everything it has started when the process that asked for it ends.

A script of its own, with the standard library only. The asking process keeps the other end of a pipe open and writes
nothing to it: when that process ends, in whatever way, the kernel closes the pipe and the guard stops the command.
If the guard itself is killed, the kernel sends the command its death signal (Linux), and continues it if it is
suspended. A parent-death signal alone is not enough: it is tied to the thread that forked, and a thread of the asking
process may end long before its process.
"""

import argparse
import contextlib
import ctypes
import fcntl
import os
import select
import signal
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
OUR_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
LEFT_BEHIND_SECONDS = 5.0
POLL_SECONDS = 0.01
NOT_STARTED = 127


class Child:
    """The guarded command."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._exit_code: int | None = None
        # A signal that comes before the command has taken over must wait for it, not meet our own handlers.
        signal.pthread_sigmask(signal.SIG_BLOCK, OUR_SIGNALS)
        guard = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            _become(options, guard)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OUR_SIGNALS)

    def poll(self) -> int | None:
        """Return the exit code once it has ended (128 + n: by signal n)."""
        while self._reap():
            pass
        return self._exit_code

    def stop(self, stop_signal: int, grace_seconds: float) -> None:
        """Ask it to stop, continue all of its processes that are suspended, kill it when the grace is over."""
        os.kill(self.pid, stop_signal)
        send_to_all(descendants(os.getpid()), signal.SIGCONT)
        deadline = time.monotonic() + grace_seconds
        while self.poll() is None:
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(POLL_SECONDS)

    def sweep(self) -> None:
        """Return when nothing that it started is left.

        Its process group is killed at once. Processes outside of it, such as PostgreSQL's backends, end by themselves
        when they notice that it is gone: they are continued, and killed only when they take too long.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        send_to_all(descendants(os.getpid()), signal.SIGCONT)
        deadline = time.monotonic() + LEFT_BEHIND_SECONDS
        with contextlib.suppress(ChildProcessError):
            while True:
                if self._reap(none_left_raises=True):
                    continue
                if time.monotonic() > deadline:
                    send_to_all(descendants(os.getpid()), signal.SIGKILL)
                time.sleep(POLL_SECONDS)

    def _reap(self, *, none_left_raises: bool = False) -> bool:
        """Note one process that has ended, the command or an orphan of it; return False when none has."""
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            if none_left_raises:
                raise
            return False
        if pid == self.pid:
            code = os.waitstatus_to_exitcode(status)
            self._exit_code = code if code >= 0 else 128 - code
        return pid != 0


def descendants(ancestor: int) -> list[int]:
    """Return the ids of all processes below this one, parents before their children."""
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found = [ancestor]
    for pid in found:
        found += children.get(pid, [])
    return found[1:]


def send_to_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to each of these processes that still exists."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _processes() -> list[tuple[int, int]]:
    """Return (process id, parent's process id) of every process of this machine."""
    # Imported late: a guard should start fast.
    import subprocess
    from pathlib import Path

    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True).stdout
        return [(int(pid), int(parent)) for pid, parent in map(str.split, listed.splitlines())]
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            found.append((int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])))
    return found


def prctl(option: int, value: int) -> None:
    """Linux only."""
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _become(options: argparse.Namespace, guard: int) -> None:
    """In the forked child: take on the account and the death signal, then turn into the command."""
    command: list[str] = options.command
    try:
        # A process group of its own in the guard's session: the kernel continues a suspended one that becomes orphaned.
        os.setpgid(0, 0)
        if options.uid is not None:
            os.setgroups([])
            os.setgid(options.gid)
            os.setuid(options.uid)
        for number in (*OUR_SIGNALS, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, OUR_SIGNALS)
        if sys.platform.startswith("linux"):
            # After the change of account, which would reset it.
            prctl(PR_SET_PDEATHSIG, options.death_signal)
            if os.getppid() != guard:
                os._exit(NOT_STARTED)
        os.execvp(command[0], command)  # no shell is the point
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def run(options: argparse.Namespace) -> int:
    """Run the command to its end; returns its exit code."""
    wake_read, wake_write = os.pipe()
    fcntl.fcntl(wake_write, fcntl.F_SETFL, os.O_NONBLOCK)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    stop_asked = False

    def on_stop(_number: int, _frame: object) -> None:
        nonlocal stop_asked
        stop_asked = True

    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, on_stop)
    for descriptor in (options.control_fd, options.report_fd, options.held_fd):
        if descriptor is not None:
            fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
    if sys.platform.startswith("linux"):
        # Orphans of the command become our children, so that we can tell when nothing is left.
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    child = Child(options)
    os.write(options.report_fd, f"{child.pid}\n".encode())
    os.close(options.report_fd)
    while child.poll() is None:
        readable, _, _ = select.select([options.control_fd, wake_read], [], [])
        if wake_read in readable:
            os.read(wake_read, 512)
        if options.control_fd in readable or stop_asked:
            child.stop(options.stop_signal, options.grace_seconds)
    child.sweep()
    return child.poll() or 0


def main() -> int:
    """Parse the options, run the command."""
    parser = argparse.ArgumentParser(description="Run a command that ends with the process that asked for it.")
    parser.add_argument("--control-fd", type=int, required=True, help="end of file here stops the command")
    parser.add_argument("--report-fd", type=int, required=True, help="the command's process id is written here")
    parser.add_argument("--held-fd", type=int, help="kept open, by the guard only, while the command lives")
    parser.add_argument("--stop-signal", type=int, required=True)
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--grace-seconds", type=float, required=True)
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("command", nargs="+")
    return run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
