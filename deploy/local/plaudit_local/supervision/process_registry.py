"""All processes of one run of the product, and the order in which they stop."""

import signal
import threading
from typing import IO

from plaudit_local.servers.process import GuardedProcess, Spec


class StoppedError(Exception):
    """The product is being stopped: nothing is started any more."""


class ProcessRegistry:
    """Starts processes until it is told to stop; after that it refuses. Safe to use from any thread."""

    def __init__(self, held_fd: int | None = None) -> None:
        self._held_fd = held_fd
        self._lock = threading.Lock()
        self._processes: list[GuardedProcess] = []
        self._stopping = False

    def start(self, spec: Spec, output: IO[bytes] | None = None) -> GuardedProcess:
        """Start a process.

        Raises:
            StoppedError: `stop_all` has been called.
        """
        with self._lock:
            if self._stopping:
                raise StoppedError
            process = GuardedProcess(spec, self._held_fd, output)
            self._processes = [*(p for p in self._processes if p.running), process]
            return process

    def stop_all(self) -> None:
        """Stop everything, stage by stage; each process has the grace of its spec. Return when all are gone."""
        with self._lock:
            self._stopping = True
            processes = self._processes
        for stage in sorted({process.spec.stop_stage for process in processes}):
            leaving = [process for process in reversed(processes) if process.spec.stop_stage == stage]
            for process in leaving:
                process.begin_stop()
            for process in leaving:
                process.stop()

    def kill_all(self) -> None:
        """SIGKILL to everything; safe to call from a signal handler."""
        for process in self._processes:
            process.signal(signal.SIGKILL)
