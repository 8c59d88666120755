"""The four services on their own ports and the door before them, and connections that send whatever bytes."""

import json
import re
import socket
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plaudit_testing import pipeline
from plaudit_testing.caddy import CaddyProcess
from plaudit_testing.databases import NO_KAFKA, migrated
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.stack import MODULES, ServiceProcess, Stack, poll_until, stack

DOOR = "door"
LOOPBACK = "127.0.0.1"
RECEIVED_BYTES = 65_536
_REQUEST_ID = re.compile(rb"\r\nx-request-id: ([^\r]+)\r\n", re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3}) ")


@dataclass(frozen=True)
class Answers:
    """What one connection has brought until it was closed."""

    text: bytes

    @property
    def statuses(self) -> list[int]:
        """Of all answers, in their order."""
        return [int(found) for found in _STATUS.findall(self.text)]

    @property
    def request_ids(self) -> set[str]:
        """Of all answers."""
        return {found.decode() for found in _REQUEST_ID.findall(self.text)}

    def problem(self) -> dict[str, Any] | None:
        """The problem that the first answer is; None when it is something else."""
        head, _, rest = self.text.partition(b"\r\n\r\n")
        if b"application/problem+json" not in head:
            return None
        found: dict[str, Any] = json.JSONDecoder().raw_decode(rest.decode("utf-8", "replace"))[0]
        return found


def connect(port: int) -> socket.socket:
    """A connection to this port of the loopback interface."""
    return socket.create_connection((LOOPBACK, port), timeout=DEADLINE_SECONDS)


def exchange(port: int, *parts: bytes, ends: bool = False) -> Answers:
    """Send these parts, perhaps end sending, and return what comes until the connection is closed."""
    with connect(port) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It has been refused; what was said before is still to be read.
        return Answers(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    """What comes until the connection is closed or reset."""
    text = b""
    try:
        while chunk := connection.recv(RECEIVED_BYTES):
            text += chunk
    except ConnectionResetError:
        pass
    return text


class EdgeHouse:
    """All of it, and a source of reviews."""

    def __init__(self, running: Stack, folder: Path) -> None:
        """Start the services and the door, and wait until they answer."""
        self.running = running
        self.services = {name: running.process(name, "api").start() for name in MODULES}
        for service in self.services.values():
            service.wait_ready()
        self.door = CaddyProcess(folder, tuple(self.services.values())).start()
        self.source = pipeline.create_source(running, self.services["ingest"], "acme")
        self.hook = f"/v1/hooks/{self.source['id']}"

    @property
    def ports(self) -> dict[str, int]:
        """Of each service, and of the door."""
        return {**{name: service.port for name, service in self.services.items()}, DOOR: self.door.port}

    def handled(self) -> set[str]:
        """The ids of all requests that services have handled until now."""
        for name, service in self.services.items():
            marker = f"marker-{uuid.uuid4().hex}"
            exchange(service.port, request("GET", "/v1/nowhere", "Connection: close", f"X-Request-Id: {marker}"))
            poll_until(lambda marker=marker, service=service: marker in _log(service), f"the log of {name}")  # type: ignore[misc]
        return {line["request_id"] for service in self.services.values() for line in _lines(service)}


def _log(service: ServiceProcess) -> str:
    return service.log.read_text(errors="replace")


def _lines(service: ServiceProcess) -> Iterator[dict[str, Any]]:
    for line in _log(service).splitlines():
        if '"event":"request"' in line.replace('": "', '":"'):
            yield json.loads(line)


def request(method: str, path: str, *lines: str, body: bytes = b"", host: str = "Host: x") -> bytes:
    """A request with these header lines, whatever they are; no length is added."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", host, *lines, "", ""]).encode("latin-1") + body


@contextmanager
def edge_house(database_url: str, folder: Path) -> Iterator[EdgeHouse]:
    """The house for the length of the block; without Kafka, which nothing that answers HTTP needs."""
    settings = {"PLAUDIT_TRUSTED_PROXIES": LOOPBACK, "PLAUDIT_OWNER_EMAIL": "owner@example.com"}
    with stack(database_url, NO_KAFKA, folder, **settings) as running:
        migrated(database_url, *MODULES)
        running.key = running.new_key("default")
        house = EdgeHouse(running, folder)
        try:
            yield house
        finally:
            house.door.kill()


def logged_lines(service: ServiceProcess) -> Sequence[dict[str, Any]]:
    """The line of each request that a service has logged."""
    return list(_lines(service))
