"""A program that is kept running: started, looked at, started again when it ends by itself."""

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from plaudit_local.ports import LOOPBACK
from plaudit_local.process import GuardedProcess, ProcessFailedError
from plaudit_local.restarts import Restarts

READY_TIMEOUT_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.1
LOOK_AGAIN_SECONDS = 2.0

STARTING = "starting"
READY = "ready"
NOT_READY = "not ready"
ENDED = "ended"


def answers_ready(port: int) -> bool:
    """Whether GET /readyz on this port of the loopback interface answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=READY_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@dataclass
class Managed:
    """One program under supervision."""

    name: str
    address: str
    launch: Callable[[], GuardedProcess]
    is_ready: Callable[[], bool]
    say: Callable[[str], None]
    process: GuardedProcess
    state: str = STARTING
    restarts: Restarts = field(default_factory=Restarts)
    _started: float = field(default_factory=time.monotonic)
    _start_again: float | None = None
    _looked: float = 0.0

    def wait_ready(self, deadline_seconds: float) -> None:
        """Wait until it is ready for the first time; raises ProcessFailedError with its last words."""
        self.process.wait_ready(self.is_ready, deadline_seconds, FIRST_LOOK_SECONDS)
        self.state = READY

    def tick(self) -> None:
        """Look at it once; starts it again when that is due. Never blocks for longer than a readiness check."""
        if self._start_again is not None:
            self._start_when_due(self._start_again)
        elif self.process.running:
            self._look()
        else:
            self._has_ended()

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_AGAIN_SECONDS and self.state == READY:
            return
        self._looked = now
        if self.is_ready():
            self._change(READY)
        elif self.state == READY:
            self._change(NOT_READY)

    def _has_ended(self) -> None:
        now = time.monotonic()
        delay = self.restarts.next_delay_seconds(now - self._started)
        self._start_again = now + delay
        self.state = ENDED
        self.say(
            f"{self.name} ended with code {self.process.exit_code()}; it is started again in {delay:g} s "
            f"(restart {self.restarts.count}). Its log: {self.process.spec.log}"
        )

    def _start_when_due(self, due: float) -> None:
        if time.monotonic() < due:
            return
        self._start_again = None
        self._started = time.monotonic()
        self.state = STARTING
        try:
            self.process = self.launch()
        except ProcessFailedError as error:
            delay = self.restarts.next_delay_seconds(0.0)
            self._start_again = time.monotonic() + delay
            self.state = ENDED
            self.say(f"{error}; tried again in {delay:g} s")

    def _change(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.say(f"{self.name} is {state}.")
