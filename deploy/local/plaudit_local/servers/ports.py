"""Free TCP ports on the loopback interface."""

import os
import random
import socket
import sys
from collections.abc import Collection

LOOPBACK = "127.0.0.1"
DRAWN = range(15_000, 32_000)
"""Below the ports that a system gives to connections by itself, on Linux from 32768 on: one of those may be given away
between the look at it and the start of the server that is to have it."""
DRAWS = 100

_reserved: dict[int, int] = {}  # port → file descriptor, open until our process ends


def is_free(port: int) -> bool:
    """Return whether a server could listen on this port of the loopback interface now."""
    with socket.socket() as probe:
        # As servers do: a port whose last connections are still in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None, taken: Collection[int] = ()) -> int:
    """Return the preferred port if it is free and not in `taken`, else any free one.

    A port that is drawn is given once, to whoever else asks here or in another process, as long as we run: its server
    may listen late, or be started again.
    """
    if preferred is not None and preferred not in taken and is_free(preferred) and _reserve(preferred):
        return preferred
    for drawn in random.sample(DRAWN, DRAWS):
        if drawn not in taken and drawn not in _reserved and is_free(drawn) and _reserve(drawn):
            return drawn
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port


def release(port: int) -> None:
    """Let another process have a port that was drawn here for it."""
    if (descriptor := _reserved.pop(port, None)) is not None:
        os.close(descriptor)


def _reserve(port: int) -> bool:
    """Reserve the port among all Plaudits of this machine until our process ends; return False when another has it.

    A server listens seconds after its port is chosen, and two that start together would choose the same. The name
    is in Linux's abstract namespace: it is no file, and it goes with the process. Other systems have no such namespace.
    """
    if port in _reserved or not sys.platform.startswith("linux"):
        return True
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0plaudit-port-{port}")
    except OSError:
        name.close()
        return False
    _reserved[port] = name.detach()
    return True
