"""A program that is kept running: started, checked, started again when it ends by itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from plaudit_local.servers.process import GuardedProcess, ProcessFailedError
from plaudit_local.supervision.restarts import Restarts

FIRST_CHECK_SECONDS = 0.1
CHECK_AGAIN_SECONDS = 2.0

STARTING = "starting"
READY = "ready"
NOT_READY = "not ready"
ENDED = "ended"


@dataclass
class SupervisedProgram:
    """One program under supervision."""

    name: str
    address: str
    launch: Callable[[], GuardedProcess]
    is_ready: Callable[[], bool]
    say: Callable[[str], None]
    process: GuardedProcess
    state: str = STARTING
    restarts: Restarts = field(default_factory=Restarts)
    _was_ready: bool = False
    """Since its last start."""
    _start_at: float | None = None
    _checked_at: float = 0.0

    def wait_ready(self, deadline_seconds: float) -> None:
        """Wait until it is ready for the first time.

        Raises:
            ProcessFailedError: it ended, or the deadline passed; the text has the last line of its log.
        """
        self.process.wait_ready(self.is_ready, deadline_seconds, FIRST_CHECK_SECONDS)
        self._was_ready = True
        self.state = READY

    def tick(self) -> None:
        """Check it once, and start it again when that is due. Blocks no longer than a readiness check."""
        if self._start_at is not None:
            self._start_when_due(self._start_at)
        elif self.process.running:
            self._check()
        else:
            code, log = self.process.exit_code(), self.process.spec.log
            self._start_later(f"{self.name} ended with code {code}", f" Its log: {log}")

    def _check(self) -> None:
        now = time.monotonic()
        if now - self._checked_at < CHECK_AGAIN_SECONDS and self.state == READY:
            return
        self._checked_at = now
        if self.is_ready():
            self._was_ready = True
            self._change(READY)
        elif self.state == READY:
            self._change(NOT_READY)

    def _start_later(self, reason: str, more: str = "") -> None:
        delay = self.restarts.next_delay_seconds(was_ready=self._was_ready)
        self._was_ready = False
        self.state = ENDED
        when = f"in {delay:g} s" if delay else "at once"
        self.say(f"{reason}; it is started again {when} (restart {self.restarts.count}).{more}")
        self._start_at = time.monotonic() + delay
        self._start_when_due(self._start_at)

    def _start_when_due(self, due: float) -> None:
        if time.monotonic() < due:
            return
        self._start_at = None
        self.state = STARTING
        try:
            self.process = self.launch()
        except ProcessFailedError as error:
            self._start_later(str(error))

    def _change(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.say(f"{self.name} is {state}.")
