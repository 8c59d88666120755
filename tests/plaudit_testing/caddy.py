"""The front door as a process of its own, before processes of the services."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from plaudit_local.servers import caddy
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import GuardedProcess
from plaudit_testing.deadlines import DEADLINE_SECONDS


class Listening(Protocol):
    """A service on a port of the loopback interface."""

    @property
    def service(self) -> str:
        """Its name."""

    @property
    def port(self) -> int:
        """Its port."""


@dataclass
class CaddyProcess:
    """One front door, restarted under the same port. It ends with the test run, however that ends."""

    folder: Path
    services: Sequence[Listening]
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: GuardedProcess | None = None

    @property
    def base(self) -> str:
        """The one address."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> "CaddyProcess":
        """Start it; return when it answers."""
        spec = caddy.front_door(
            port=self.port,
            services={each.service: f"{LOOPBACK}:{each.port}" for each in self.services},
            folder=self.folder,
            log=self.folder / "front-door.log",
            **self.settings,
        )
        self.process = GuardedProcess(spec)
        self.process.wait_ready(lambda: caddy.answers(self.port), DEADLINE_SECONDS)
        return self

    def kill(self) -> None:
        """SIGKILL; return when it is gone."""
        if self.process is not None:
            self.process.kill()
