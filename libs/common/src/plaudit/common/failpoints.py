"""Named places where a test can stop, kill or fail a process.

`PLAUDIT_FAILPOINTS="after_flush_before_commit=kill@3;after_cas_before_commit=raise"` arms them: an action, and
optionally the hit that fires it, counted from 1; without it every hit does. Actions: `kill` (SIGKILL to itself), `stop`
(SIGSTOP, until somebody sends SIGCONT), `raise`. An unarmed failpoint costs one look into an empty dictionary.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "PLAUDIT_FAILPOINTS"
TRACE_VARIABLE = "PLAUDIT_FAILPOINTS_TRACE"
"""A file that gets one line for each failpoint that fires, so that a test notices when none did."""


class FailpointError(Exception):
    """Raised by a failpoint that is armed with `raise`."""


@dataclass
class _Armed:
    action: str
    at_hit: int | None
    hits: int = 0


def _parse(spec: str) -> dict[str, _Armed]:
    armed = {}
    for part in filter(None, (piece.strip() for piece in spec.split(";"))):
        name, _, what = part.partition("=")
        action, _, hit = what.partition("@")
        if action not in {"kill", "stop", "raise"}:
            raise ValueError(f"{VARIABLE}: {part!r} is not name=kill|stop|raise[@hit]")
        armed[name] = _Armed(action, int(hit) if hit else None)
    return armed


_armed = _parse(os.environ.get(VARIABLE, ""))


def failpoint(name: str) -> None:
    """Fire what is armed under this name, if anything."""
    if not _armed or (point := _armed.get(name)) is None:
        return
    point.hits += 1
    if point.at_hit is not None and point.hits != point.at_hit:
        return
    if trace := os.environ.get(TRACE_VARIABLE):
        with Path(trace).open("a") as file:
            file.write(f"{name} {point.action} {os.getpid()}\n")
    if point.action == "raise":
        raise FailpointError(name)
    os.kill(os.getpid(), signal.SIGKILL if point.action == "kill" else signal.SIGSTOP)
