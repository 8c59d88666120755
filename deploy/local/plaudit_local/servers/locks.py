"""File locks that the kernel releases when their holder ends, however it ends.

The supervisor holds one with its process id inside. The id counts only while the lock is held, so a stale file
does no harm. The guard of every process inherits a second one: while it is held, something still runs.
"""

import fcntl
import os
from pathlib import Path

from plaudit_local.servers.process import wait_until


class HeldByOtherError(Exception):
    """Another process holds the lock."""

    def __init__(self, pid: int | None) -> None:
        super().__init__(f"held by process {pid}")
        self.pid = pid


def acquire(path: Path) -> int:
    """Take the lock and write our process id into the file; return its file descriptor: closing that releases it.

    Raises:
        HeldByOtherError: somebody else holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = _pid_in(descriptor)
        os.close(descriptor)
        raise HeldByOtherError(pid) from None
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def holder(path: Path) -> int | None:
    """Return the process id in a lock that is held now (0 if it cannot be read); None when nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor) or 0
    else:
        return None
    finally:
        os.close(descriptor)


def wait_released(path: Path, deadline_seconds: float) -> bool:
    """Return whether the lock is released within the deadline."""
    return wait_until(lambda: holder(path) is None, deadline_seconds, poll_seconds=0.05)


def _pid_in(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdecimal() else None
