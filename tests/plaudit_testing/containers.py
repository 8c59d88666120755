"""PostgreSQL and Kafka in containers, for a machine with a container engine (PLAUDIT_TEST_SERVERS=containers)."""

import contextlib
import secrets
import socket
from collections.abc import Callable, Iterator

from testcontainers.core.container import DockerContainer

from plaudit_local.servers import kafka, kafka_probe
from plaudit_local.servers.postgres import run_sql
from plaudit_local.servers.process import ProcessFailedError, wait_until
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.servers import POSTGRES_SETTINGS

POSTGRES_IMAGE = "postgres:18"
KAFKA_IMAGE = "apache/kafka:4.4.0"


@contextlib.contextmanager
def postgres_container() -> Iterator[str]:
    """A PostgreSQL in a container; gives the DSN of its superuser."""
    password = secrets.token_urlsafe(24)
    settings = [part for name, value in POSTGRES_SETTINGS.items() for part in ("-c", f"{name}={value.strip(chr(39))}")]
    container = (
        DockerContainer(POSTGRES_IMAGE)
        .with_env("POSTGRES_USER", "plaudit")
        .with_env("POSTGRES_PASSWORD", password)
        .with_command(["postgres", *settings])
        .with_exposed_ports(5432)
    )
    with container:
        port = container.get_exposed_port(5432)
        dsn = f"postgresql://plaudit:{password}@{container.get_container_host_ip()}:{port}/plaudit"
        _wait(container, lambda: _answers_sql(dsn))
        yield dsn


@contextlib.contextmanager
def kafka_container() -> Iterator[str]:
    """A broker in a container; gives its bootstrap servers.

    The port is chosen beforehand and the same inside and outside, since the broker has to announce it.
    """
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    host = container.get_docker_client().host()
    settings = {
        **kafka.SETTINGS,
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": f"CLIENT://:{port},CONTROLLER://:9093",
        "advertised.listeners": f"CLIENT://{host}:{port}",
        "log.dirs": "/tmp/kraft-combined-logs",
    }
    for name, value in settings.items():
        # One such variable drops the whole default configuration of the image, so all of ours are given.
        container.with_env(f"KAFKA_{name.replace('.', '_').upper()}", value)
    with container:
        _wait(container, lambda: _is_broker(host, port))
        yield f"{host}:{port}"


def _answers_sql(dsn: str) -> bool:
    try:
        run_sql(dsn, "SELECT 1")
    except ProcessFailedError:
        return False
    return True


def _is_broker(host: str, port: int) -> bool:
    cluster = kafka_probe.ask(host, port)
    return cluster is not None and cluster.live_brokers > 0


def _wait(container: DockerContainer, ready: Callable[[], bool]) -> None:
    if not wait_until(ready, DEADLINE_SECONDS, poll_seconds=0.2):
        out, error = container.get_logs()
        last = (error or out).decode(errors="replace").strip().splitlines()[-1:]
        raise ProcessFailedError(f"{container.image} was not ready in {DEADLINE_SECONDS:.0f} s; its log ends: {last}")
