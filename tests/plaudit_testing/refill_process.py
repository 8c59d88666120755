"""`plaudit score rebuild --from-feed`, or `repair`, as a process in small steps, to be killed at failpoints.

`python -m plaudit_testing.refill_process COMMAND ADDRESS KEY_FILE`; database and failpoints by environment.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

from plaudit.common.failpoints import TRACE_VARIABLE, VARIABLE
from plaudit_local.servers.process import GuardedProcess, Spec
from plaudit_testing.deadlines import DEADLINE_SECONDS

SMALL = {
    "refills.jobs.feed.PAGE_ITEMS": 9,
    "refills.jobs.reading.MAX_STEP_PAGES": 2,
    "refills.commands.STEP_ENTRIES": 10,
    "refills.commands.SUMMED_ENTRIES": 25,
    "refills.commands.FEW_RECORDS": 5,
    "refills.commands.FILLED_ENTRIES": 40,
    "moves.commands.SUMMED_ENTRIES": 40,
    "repairs.jobs.PAGE_ITEMS": 9,
    "repairs.commands.STEP_REVIEWS": 10,
    "repairs.commands.GONE_OF_A_STEP": 2,
}
"""A short history takes many steps."""


class RefillProcess:
    """One such process. It ends with the test run, however that ends."""

    def __init__(
        self,
        database_url: str,
        address: str,
        key_file: Path,
        log: Path,
        failpoints: str,
        trace: Path,
        command: str = "rebuild",
    ) -> None:
        self.log = log
        environment = {
            **os.environ,
            "PLAUDIT_DATABASE_URL": database_url,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            VARIABLE: failpoints,
            TRACE_VARIABLE: str(trace),
        }
        arguments = [sys.executable, "-m", "plaudit_testing.refill_process", command, address, str(key_file)]
        self._process = GuardedProcess(
            Spec("refill", arguments, log, environment=environment, grace_seconds=DEADLINE_SECONDS)
        )

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 128 + n for one that signal n has ended."""
        return self._process.exit_code()

    def kill(self) -> None:
        """SIGKILL; return when it is gone."""
        self._process.kill()


def _run(command: str, address: str, key_file: str) -> None:
    for path, value in SMALL.items():
        module, _, name = path.rpartition(".")
        setattr(import_module(f"plaudit.scoring.{module}"), name, value)
    sys.argv = ["plaudit", "score", command, "--from-feed", address, "--key-file", key_file]
    import_module("plaudit.common.cli").main()


if __name__ == "__main__":
    _run(*sys.argv[1:])
