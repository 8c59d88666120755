"""Starts the product, keeps it running, stops it: what `make up` runs."""

import signal
import threading
import time

from plaudit_local.servers.jars import JarsUnavailableError
from plaudit_local.servers.locks import HeldByOtherError, acquire, wait_released
from plaudit_local.servers.process import ProcessFailedError
from plaudit_local.supervision.bring_up import BringUp
from plaudit_local.supervision.endpoints import as_text
from plaudit_local.supervision.layout import Layout, read_json
from plaudit_local.supervision.plan import Plan
from plaudit_local.supervision.process_registry import ProcessRegistry, StoppedError
from plaudit_local.supervision.sign_in import fresh_link
from plaudit_local.supervision.terminal import Terminal

TICK_SECONDS = 0.2
JOIN_SECONDS = 30.0
LEFTOVER_SECONDS = 40.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """One run of the product: nothing of it runs before, and nothing after."""

    def __init__(self, layout: Layout, plan: Plan, terminal: Terminal, registry: ProcessRegistry) -> None:
        self._layout = layout
        self._plan = plan
        self._terminal = terminal
        self._registry = registry
        self._bring_up = BringUp(layout, plan, registry, terminal.say)
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._is_up = threading.Event()
        self._failure: str | None = None

    def run(self) -> int:
        """Run until a signal comes or the start fails; return the exit code."""
        before = {number: signal.signal(number, self._on_signal) for number in STOPPING_SIGNALS}
        self._layout.endpoints.unlink(missing_ok=True)
        starter = threading.Thread(target=self._start, name="bring-up")
        starter.start()
        try:
            while not self._stop.wait(TICK_SECONDS):
                self._check()
        finally:
            self._layout.endpoints.unlink(missing_ok=True)
            self._terminal.say("Stopping …")
            self._registry.stop_all()
            starter.join(JOIN_SECONDS)
            for number, handler in before.items():
                signal.signal(number, handler)
        self._terminal.say(self._failure or "Plaudit is stopped.")
        return 1 if self._failure else 0

    def _on_signal(self, _number: int, _frame: object) -> None:
        if self._stop.is_set():
            self._registry.kill_all()  # asked twice
        self._stop.set()

    def _check(self) -> None:
        programs = list(self._bring_up.programs)
        if self._is_up.is_set():
            for program in programs:
                program.tick()
        self._terminal.show(programs)

    def _start(self) -> None:
        try:
            endpoints = self._bring_up.run()
            endpoints.write(self._layout)
            seconds = time.monotonic() - self._began
            shown = as_text(endpoints.as_dict(), self._plan, self._layout, self._bring_up.sign_in_link)
            self._terminal.say(f"\nPlaudit is ready ({seconds:.1f} s).\n{shown}\n")
            self._is_up.set()
            self._bring_up.play_demo()
        except StoppedError:
            return
        except (ProcessFailedError, JarsUnavailableError, OSError) as error:
            if not self._stop.is_set():
                self._failure = f"Plaudit did not start: {error}"
                self._stop.set()


def up(layout: Layout, plan: Plan, terminal: Terminal) -> int:
    """Run the product in the foreground; return the exit code.

    If it runs already, this prints its addresses and a new link, and returns 0.
    """
    layout.make()
    try:
        # We never release it: the kernel does when our process is gone, and `down` waits for that.
        acquire(layout.supervisor_lock)
    except HeldByOtherError as other:
        terminal.say(already_running(layout, plan, other.pid))
        return 0
    if not wait_released(layout.processes_lock, LEFTOVER_SECONDS):
        terminal.say(f"Processes of an earlier run do not end: see {layout.folder / 'logs'}")
        return 1
    registry = ProcessRegistry(acquire(layout.processes_lock))
    with terminal:
        return Supervisor(layout, plan, terminal, registry).run()


def already_running(layout: Layout, plan: Plan, pid: int | None) -> str:
    """Return what to tell a person who starts it a second time."""
    found = read_json(layout.endpoints)
    if not found:
        return f"Plaudit is being started or stopped by process {pid}; ask again in a moment (make status)."
    return f"Plaudit is running already (process {pid}).\n{as_text(found, plan, layout, fresh_link(plan, found))}"
