"""Brings the product up, keeps it running, takes it down: what `make up` runs."""

import signal
import threading
import time

from plaudit_local.bring_up import BringUp
from plaudit_local.endpoints import text
from plaudit_local.jars import JarsUnavailableError
from plaudit_local.layout import Layout, read_json
from plaudit_local.locks import HeldByOtherError, acquire, wait_released
from plaudit_local.plan import Plan
from plaudit_local.process import ProcessFailedError
from plaudit_local.registry import Registry, StoppedError
from plaudit_local.screen import Screen

TICK_SECONDS = 0.2
JOIN_SECONDS = 30.0
LEFTOVER_SECONDS = 40.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One run of the product, from nothing to nothing."""

    def __init__(self, layout: Layout, what: Plan, screen: Screen, registry: Registry) -> None:
        self._layout = layout
        self._plan = what
        self._screen = screen
        self._registry = registry
        self._bring_up = BringUp(layout, what, registry, screen.say)
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._is_up = threading.Event()
        self._failure: str | None = None

    def run(self) -> int:
        """Stay until a signal comes or the start fails; returns the exit code."""
        before = {number: signal.signal(number, self._on_signal) for number in STOPPING_SIGNALS}
        self._layout.endpoints.unlink(missing_ok=True)
        starter = threading.Thread(target=self._start, name="bring-up")
        starter.start()
        try:
            while not self._stop.wait(TICK_SECONDS):
                self._look()
        finally:
            self._layout.endpoints.unlink(missing_ok=True)
            self._screen.say("Stopping …")
            self._registry.stop_all()
            starter.join(JOIN_SECONDS)
            for number, handler in before.items():
                signal.signal(number, handler)
        self._screen.say(self._failure or "Plaudit is stopped.")
        return 1 if self._failure else 0

    def _on_signal(self, _number: int, _frame: object) -> None:
        if self._stop.is_set():
            self._registry.kill_all()  # asked twice: now
        self._stop.set()

    def _look(self) -> None:
        programs = list(self._bring_up.programs)
        if self._is_up.is_set():
            for program in programs:
                program.tick()
        self._screen.show(programs)

    def _start(self) -> None:
        try:
            endpoints = self._bring_up.run()
            endpoints.write(self._layout)
            seconds = time.monotonic() - self._began
            shown = text(endpoints.as_dict(), self._plan, self._layout)
            self._screen.say(f"\nPlaudit is ready ({seconds:.1f} s).\n{shown}\n")
            self._is_up.set()
            self._bring_up.play_demo()
        except StoppedError:
            return
        except (ProcessFailedError, JarsUnavailableError, OSError) as error:
            if not self._stop.is_set():
                self._failure = f"Plaudit did not start: {error}"
                self._stop.set()


def up(layout: Layout, what: Plan, screen: Screen) -> int:
    """Run the product in the foreground; returns the exit code.

    Where it runs already, its addresses are said, and the code is 0.
    """
    layout.make()
    try:
        # Never released by us: the kernel does it when our process is gone, and that is what `down` waits for.
        acquire(layout.supervisor_lock)
    except HeldByOtherError as other:
        screen.say(already_running(layout, what, other.pid))
        return 0
    if not wait_released(layout.processes_lock, LEFTOVER_SECONDS):
        screen.say(f"Processes of an earlier run do not end: see {layout.folder / 'logs'}")
        return 1
    registry = Registry(acquire(layout.processes_lock))
    with screen:
        return Supervisor(layout, what, screen, registry).run()


def already_running(layout: Layout, what: Plan, pid: int | None) -> str:
    """A text for who starts it a second time."""
    found = read_json(layout.endpoints)
    if not found:
        return f"Plaudit is being started or stopped by process {pid}; ask again in a moment (make status)."
    return f"Plaudit is running already (process {pid}).\n{text(found, what, layout)}"
