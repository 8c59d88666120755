"""The front door before stand-ins of the services, which say what reached them."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from plaudit_local.servers import caddy
from plaudit_local.servers.ports import LOOPBACK, free_port
from plaudit_local.servers.process import GuardedProcess
from plaudit_testing.deadlines import DEADLINE_SECONDS

TLS_NAME = "plaudit.test"
SERVICES = ("ingest", "scoring", "alerting", "feedback-board")


class StandIn(ThreadingHTTPServer):
    """Says what it was asked, and remembers it."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.name = name
        self.asked: list[dict[str, Any]] = []
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """The door closes connections as it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def __getattr__(self, name: str) -> Any:
        """Every method is answered alike."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        body = self._body()
        seen = {
            "service": self.server.name,
            "line": self.requestline,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": body.decode("latin-1") if len(body) < 1000 else len(body),
        }
        self.server.asked.append(seen)
        told = json.dumps({**seen, "padding": "x" * 2000}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(told)))
        self.send_header("etag", '"7"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_arguments: object) -> None:
        pass


@dataclass
class Door:
    """A running front door."""

    port: int
    services: dict[str, StandIn]
    log: Path
    process: GuardedProcess
    _clients: list[httpx.Client] = field(default_factory=list)

    @property
    def client(self) -> httpx.Client:
        if not self._clients:
            self._clients.append(httpx.Client(base_url=f"http://{LOOPBACK}:{self.port}", timeout=DEADLINE_SECONDS))
        return self._clients[0]

    def seen(self, path: str, **options: Any) -> dict[str, Any]:
        """What a service saw of a GET."""
        answer = self.client.get(path, **options)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.process.stop()
        for service in self.services.values():
            service.shutdown()
            service.server_close()


def open_door(folder: Path, **settings: str) -> Door:
    services = {name: StandIn(name) for name in SERVICES}
    port = free_port()
    log = folder / "front-door.log"
    addresses = {name: service.address for name, service in services.items()}
    process = GuardedProcess(caddy.front_door(port=port, services=addresses, folder=folder, log=log, **settings))
    process.wait_ready(lambda: caddy.answers(port), DEADLINE_SECONDS)
    return Door(port, services, log, process)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = open_door(tmp_path_factory.mktemp("door"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def door_behind_a_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    made = open_door(tmp_path_factory.mktemp("behind"), PLAUDIT_DOOR_TRUSTED_PROXIES="127.0.0.0/8 10.0.0.0/8")
    yield made
    made.close()


@pytest.fixture(scope="module")
def dead_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Nobody listens behind it."""
    made = open_door(tmp_path_factory.mktemp("dead"))
    for service in made.services.values():
        service.shutdown()
        service.server_close()
    yield made
    made.close()


@pytest.fixture(scope="module")
def tls_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The door of a host name, with a certificate of a CA of its own that nothing else trusts."""
    folder = tmp_path_factory.mktemp("https")
    port, redirecting = free_port(), free_port()
    text = caddy.CADDYFILE.read_text()
    text = text.replace("\tadmin off\n", f"\tadmin off\n\tskip_install_trust\n\thttp_port {redirecting}\n", 1)
    text = text.replace("\tbind {$PLAUDIT_DOOR_BIND", "\ttls internal\n\tbind {$PLAUDIT_DOOR_BIND", 1)
    (folder / "Caddyfile").write_text(text)
    services = {name: StandIn(name) for name in SERVICES}
    addresses = {name: service.address for name, service in services.items()}
    log = folder / "front-door.log"
    spec = caddy.front_door(port=port, services=addresses, folder=folder, log=log)
    command = [str(folder / "Caddyfile") if part == str(caddy.CADDYFILE) else part for part in spec.command]
    environment = {**spec.environment, "PLAUDIT_SITE_ADDRESS": f"https://{TLS_NAME}:{port}"}
    process = GuardedProcess(replace(spec, command=command, environment=environment))
    process.wait_ready(lambda: _has_certificate(port), DEADLINE_SECONDS)
    made = Door(port, services, log, process)
    yield made
    made.close()


def _has_certificate(port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((LOOPBACK, port)) as plain, context.wrap_socket(plain, server_hostname=TLS_NAME):
            return True
    except OSError:
        return False


@pytest.fixture
def own_door(tmp_path: Path) -> Iterator[Door]:
    """A door of one test, to be treated badly."""
    made = open_door(tmp_path)
    yield made
    made.close()
