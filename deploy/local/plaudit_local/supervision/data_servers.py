"""The database and the broker that the product uses: started here, or existing ones that the user names."""

import hashlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from plaudit_local.servers import kafka, postgres
from plaudit_local.servers.process import Launcher, ProcessFailedError
from plaudit_local.servers.server import Server
from plaudit_local.supervision.layout import Layout
from plaudit_local.supervision.plan import KAFKA_PORT, POSTGRES_PORT

DATABASE_VARIABLE = "DATABASE_URL"
KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"
CONNECT_SECONDS = 3.0
POSTGRES_DEFAULT_PORT = 5432


@dataclass
class DataServer:
    """A database or a broker."""

    name: str
    address: str
    """A DSN, or bootstrap servers."""
    shown: str
    """The address without the password."""
    identity: str
    """Differs when the data differs."""
    server: Server | None
    """None when it is not ours."""


def database(layout: Layout, launcher: Launcher, say: Callable[[str], None]) -> DataServer:
    """Return the user's own database server, or start ours without waiting until it is ready."""
    given = os.environ.get(DATABASE_VARIABLE)
    if given:
        return _given_database(given)
    server = postgres.prepare(layout.postgres, log=layout.log("postgres"), port=POSTGRES_PORT, launcher=launcher)
    server.launch()
    if server.folder != layout.postgres:
        layout.postgres_place.write_text(f"{server.folder}\n")
    if server.port != POSTGRES_PORT:
        say(f"Port {POSTGRES_PORT} is taken: PostgreSQL uses {server.port}.")
    return DataServer("PostgreSQL", server.dsn, server.address, _digest(server.password), server)


def broker(layout: Layout, launcher: Launcher, say: Callable[[str], None]) -> DataServer:
    """Return the user's own broker, or start ours without waiting until it is ready."""
    given = os.environ.get(KAFKA_VARIABLE)
    if given:
        _check_answers(KAFKA_VARIABLE, [_host_and_port(KAFKA_VARIABLE, part) for part in given.split(",")])
        return DataServer("Kafka", given, given, _digest(given), None)
    server = kafka.prepare(layout.kafka, log=layout.log("kafka"), port=KAFKA_PORT, launcher=launcher, progress=say)
    server.launch()
    if server.port != KAFKA_PORT:
        say(f"Port {KAFKA_PORT} is taken: Kafka uses {server.port}.")
    return DataServer("Kafka", server.address, server.address, "", server)


def _given_database(url: str) -> DataServer:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ProcessFailedError(f"{DATABASE_VARIABLE} must begin with postgresql://, not with {parts.scheme}://")
    url = parts._replace(scheme="postgresql").geturl()
    hosts: Mapping[str, list[str]] = parse_qs(parts.query)
    if parts.hostname and not hosts.get("host"):
        _check_answers(DATABASE_VARIABLE, [(parts.hostname, parts.port or POSTGRES_DEFAULT_PORT)])
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return DataServer("PostgreSQL", url, shown, _digest(url), None)


def _host_and_port(variable: str, text: str) -> tuple[str, int]:
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdecimal():
        raise ProcessFailedError(f"{variable} must be a list of host:port with commas between, not {text!r}")
    return host.strip("[]"), int(port)


def _check_answers(variable: str, addresses: list[tuple[str, int]]) -> None:
    for address in addresses:
        try:
            socket.create_connection(address, timeout=CONNECT_SECONDS).close()
        except OSError:
            continue
        return
    named = ", ".join(f"{host}:{port}" for host, port in addresses)
    raise ProcessFailedError(f"Nothing answers at {named}, which {variable} names: start it, or unset {variable}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
