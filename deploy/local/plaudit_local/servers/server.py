"""What PostgreSQL and Kafka have in common as servers of ours."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from plaudit_local.servers.ports import LOOPBACK
from plaudit_local.servers.process import GuardedProcess, Launcher, ProcessFailedError, Spec

START_SECONDS = 120.0
STOP_SECONDS = 20.0


@dataclass(kw_only=True)
class Server(ABC):
    """A server of ours: its place, its address and, while it runs, its process."""

    folder: Path
    port: int
    log: Path
    launcher: Launcher = GuardedProcess
    _process: GuardedProcess | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """host:port."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def process(self) -> GuardedProcess:
        """The server process of the last start."""
        if self._process is None:
            raise ProcessFailedError("the server has not been started")
        return self._process

    @abstractmethod
    def configured(self) -> Spec:
        """Write the server's configuration; return what to run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether it takes work."""

    def launch(self) -> GuardedProcess:
        """Start it on the present data and port, without waiting."""
        self._process = self.launcher(self.configured())
        return self._process

    def wait_ready(self, deadline_seconds: float = START_SECONDS) -> None:
        """Wait until it is ready.

        Raises:
            ProcessFailedError: the server does not come up.
        """
        self.process.wait_ready(self.is_ready, deadline_seconds)

    def stop(self) -> None:
        """Stop it gracefully, if it runs."""
        if self._process is not None:
            self._process.stop()
