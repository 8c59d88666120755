"""A load generator that costs little: requests made beforehand, raw sockets, one epoll loop.

Closed: each connection sends its next request when it has its answer. Open: requests leave at fixed times whatever
the answers do, and a latency counts from the time that its request was due (so that a stall is not hidden by the
requests that it held back).
"""

import gc
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

SILENCE_SECONDS = 30.0
RECEIVE_BYTES = 65_536


class LoadError(Exception):
    """The server went silent, or closed a connection under a request."""


@dataclass
class Outcome:
    """What came of the requests."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Of the load generator itself."""
    latencies_ms: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    first_error: bytes = b""

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.latencies_ms) / self.seconds

    @property
    def refused(self) -> int:
        """Answers that were not 2xx."""
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))

    def take(self, answer: bytes, latency_seconds: float) -> None:
        """Count one answer."""
        status = answer[9:12].decode()
        self.statuses[status] += 1
        self.latencies_ms.append(latency_seconds * 1000)
        if status[0] != "2" and not self.first_error:
            self.first_error = answer


def is_whole(answer: bytes) -> bool:
    """Whether the bytes are a whole HTTP answer; its length must be told."""
    head_end = answer.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    start = answer.lower().find(b"content-length:", 0, head_end)
    if start < 0:
        raise LoadError(f"an answer without a length: {answer[:200]!r}")
    length = int(answer[start + 15 : answer.find(b"\r\n", start)])
    return len(answer) >= head_end + 4 + length


class _Connections:
    def __init__(self, address: tuple[str, int], count: int) -> None:
        self._poller = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._parts: dict[int, bytes] = {}
        self._whole_lengths: set[int] = set()
        """Of answers to requests of this kind: most are as long as one before them, and need no second look."""
        self.due: dict[int, float] = {}
        """When the request that a connection waits for was due."""
        for _ in range(count):
            made = socket.create_connection(address)
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[made.fileno()] = made
            self._poller.register(made.fileno(), select.EPOLLIN)

    @property
    def names(self) -> list[int]:
        return list(self._sockets)

    def send(self, name: int, request: bytes, due: float) -> None:
        self.due[name] = due
        self._sockets[name].sendall(request)

    def answers(self, wait_seconds: float) -> list[tuple[int, bytes]]:
        whole = []
        for name, _ in self._poller.poll(wait_seconds):
            received = self._sockets[name].recv(RECEIVE_BYTES)
            if not received:
                raise LoadError("the server closed a connection")
            if name in self._parts:
                received = self._parts.pop(name) + received
            if len(received) in self._whole_lengths or is_whole(received):
                self._whole_lengths.add(len(received))
                whole.append((name, received))
            else:
                self._parts[name] = received
        return whole

    def close(self) -> None:
        self._poller.close()
        for each in self._sockets.values():
            each.close()


def closed(address: tuple[str, int], requests: Sequence[bytes], connections: int) -> Outcome:
    """Send all requests over so many connections, each as fast as it is answered."""
    outcome = Outcome()
    pool = _Connections(address, connections)
    waiting = iter(requests)
    left = len(requests)
    clock = time.perf_counter
    gc.disable()
    spent_before = time.process_time()
    try:
        began_at = clock()
        for name, request in zip(pool.names, waiting, strict=False):
            pool.send(name, request, clock())
        now = began_at
        while left:
            answers = pool.answers(SILENCE_SECONDS)
            if not answers and clock() - now > SILENCE_SECONDS:
                raise LoadError(f"no answer for {SILENCE_SECONDS:.0f} s")
            for name, answer in answers:
                now = clock()
                outcome.take(answer, now - pool.due[name])
                left -= 1
                following = next(waiting, None)
                if following is not None:
                    pool.send(name, following, now)
        outcome.seconds = clock() - began_at
        outcome.cpu_seconds = time.process_time() - spent_before
    finally:
        gc.enable()
        pool.close()
    return outcome


def opened(address: tuple[str, int], requests: Sequence[bytes], connections: int, per_second: float) -> Outcome:
    """Send the requests at a fixed rate; one that finds no free connection waits, and its wait counts."""
    outcome = Outcome()
    pool = _Connections(address, connections)
    free = deque(pool.names)
    clock = time.perf_counter
    sent = answered = 0
    began_at = clock()
    last_answer_at = began_at
    try:
        while answered < len(requests):
            now = clock()
            while sent < len(requests) and free and now >= (due := began_at + sent / per_second):
                pool.send(free.popleft(), requests[sent], due)
                sent += 1
                now = clock()
            next_due = began_at + sent / per_second if sent < len(requests) and free else now + 1.0
            for name, answer in pool.answers(max(0.0, next_due - now)):
                last_answer_at = clock()
                outcome.take(answer, last_answer_at - pool.due[name])
                answered += 1
                free.append(name)
            if sent > answered and clock() - max(last_answer_at, began_at) > SILENCE_SECONDS:
                raise LoadError(f"no answer for {SILENCE_SECONDS:.0f} s")
        outcome.seconds = clock() - began_at
    finally:
        pool.close()
    return outcome
