"""A child process that cannot outlive us: started, watched and stopped through its guard."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from plaudit_local.servers.account import Account

GUARD = Path(__file__).with_name("guard.py")
LOG_MAX_BYTES = 20_000_000
TAIL_BYTES = 32_768
POLL_SECONDS = 0.02
SERVER_STAGE = 2  # databases and brokers stop last
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


class ProcessFailedError(Exception):
    """A process did not start, or ended before it was ready; the text says which one and where its log is."""


@dataclass(frozen=True)
class Spec:
    """What to run and how to end it."""

    name: str
    command: Sequence[str]
    log: Path
    other_log: Path | None = None
    """Where the command itself logs to, if it does."""
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace_seconds: float = 10.0
    stop_stage: int = 0  # lower stages stop first


def plain_environment(**more: str) -> dict[str, str]:
    """Return the few variables that any program needs; a user's JAVA_TOOL_OPTIONS or PGDATA are left out."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | more


def wait_until(check: Callable[[], bool], deadline_seconds: float, poll_seconds: float = POLL_SECONDS) -> bool:
    """Return whether `check` comes true within the deadline."""
    end = time.monotonic() + deadline_seconds
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(poll_seconds)
    return True


def _open_log(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _read_after(path: Path, position: int) -> str:
    """Return what was written to a file after this position, at most the end of it."""
    try:
        with path.open("rb") as log:
            size = _size(path)
            # A file that is shorter than before is a new one.
            log.seek(max(position if position <= size else 0, size - TAIL_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


class GuardedProcess:
    """One running command.

    Args:
        spec: what to run.
        held_fd: a file descriptor that the guard keeps open until nothing of the command is left: a lock held on it
            is released only then.
        output: takes the standard output, which otherwise goes to the log as the standard error does.
    """

    def __init__(self, spec: Spec, held_fd: int | None = None, output: IO[bytes] | None = None) -> None:
        self.spec = spec
        try:
            self._start(held_fd, output)
        except OSError as error:
            raise ProcessFailedError(f"{spec.name} could not be started: {error}") from error

    def _start(self, held_fd: int | None, output: IO[bytes] | None) -> None:
        spec = self.spec
        log = _open_log(spec.log)
        control_read, control_write = os.pipe()
        self._control = os.fdopen(control_write, "wb", buffering=0)
        report_read, report_write = os.pipe()
        self._logs_began = {path: _size(path) for path in (spec.log, spec.other_log) if path is not None}
        passed = [control_read, report_write] + ([held_fd] if held_fd is not None else [])
        options = [f"--control-fd={control_read}", f"--report-fd={report_write}"]
        options += [f"--stop-signal={int(spec.stop_signal)}", f"--death-signal={int(spec.death_signal)}"]
        options += [f"--grace-seconds={spec.grace_seconds}"]
        options += [f"--held-fd={held_fd}"] if held_fd is not None else []
        if spec.account is not None:
            options += [f"--uid={spec.account.uid}", f"--gid={spec.account.gid}"]
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), *options, "--", *spec.command],
                stdin=subprocess.DEVNULL,
                stdout=log if output is None else output,
                stderr=log,
                env=dict(spec.environment) or plain_environment(),
                cwd=spec.directory,
                pass_fds=passed,
                start_new_session=True,
            )
        except BaseException:
            self._control.close()
            os.close(report_read)
            raise
        finally:
            for descriptor in (control_read, report_write, log):
                os.close(descriptor)
        with os.fdopen(report_read, "rb") as report:
            line = report.readline()
        if not line:
            self._guard.wait()
            self._control.close()
            raise ProcessFailedError(f"{spec.name} could not be started: {self.last_line()}")
        self.pid = int(line)

    def exit_code(self) -> int | None:
        """Return None while the command runs, then its exit code (128 + n: ended by signal n)."""
        code = self._guard.poll()
        if code is not None:
            self._control.close()
        return 128 - code if code is not None and code < 0 else code

    @property
    def running(self) -> bool:
        """Whether the command runs (or is suspended)."""
        return self.exit_code() is None

    def begin_stop(self) -> None:
        """Ask the guard to stop the command, without waiting."""
        self._control.close()

    def stop(self) -> None:
        """Stop it gracefully, kill it when its grace is over; return when nothing of it is left."""
        self.begin_stop()
        self._guard.wait()

    def kill(self) -> None:
        """SIGKILL to the command itself; return when nothing of it is left."""
        self.signal(signal.SIGKILL)
        self._guard.wait()
        self._control.close()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the command, if it still runs."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait_ready(
        self, ready: Callable[[], bool], deadline_seconds: float, poll_seconds: float = POLL_SECONDS
    ) -> None:
        """Wait until `ready` returns True.

        Raises:
            ProcessFailedError: the command ends or the deadline passes before; the command is stopped then.
        """
        if wait_until(lambda: not self.running or ready(), deadline_seconds, poll_seconds) and self.running:
            return
        code = self.exit_code()
        self.stop()
        end = f"was not ready in {deadline_seconds:.0f} s" if code is None else f"ended with code {code}"
        raise ProcessFailedError(f"{self.spec.name} {end}; its log {self.spec.log} ends: {self.last_line()}")

    def last_line(self) -> str:
        """Return the last line that it logged that is neither empty nor part of a stack trace."""
        for log, began in self._logs_began.items():
            lines = (line.rstrip() for line in reversed(_read_after(log, began).split("\n")))
            line = next((line for line in lines if line and not line[0].isspace()), "")
            if line:
                return line
        return "nothing"


Launcher = Callable[[Spec], GuardedProcess]
