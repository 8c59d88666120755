"""The servers of `make up`, with its settings, in a folder of their own; and processes of the product under test."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import asyncpg

from benchmarks import cores, cpu
from plaudit.common.db.migrate import migrate
from plaudit.common.kafka.topics import make_topics
from plaudit.common.settings import Settings
from plaudit_local.servers import kafka, postgres
from plaudit_local.servers.ports import free_port
from plaudit_local.servers.process import GuardedProcess, Spec, plain_environment
from plaudit_testing.servers import started, temporary_folder
from plaudit_testing.vault import VAULT_KEYS

PARTITIONS = 8
READY_SECONDS = 40.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
SOURCES = Path(__file__).parents[1]


@dataclass(frozen=True)
class Servers:
    """Running servers, with what a process of the product is told of them."""

    folder: Path
    postgres: postgres.Postgres
    kafka: kafka.Kafka | None

    @property
    def database_url(self) -> str:
        """The database, as a superuser."""
        return self.postgres.dsn

    @property
    def settings(self) -> Settings:
        """The same settings for code that runs in this process."""
        return Settings.model_validate(
            {
                "database_url": self.database_url,
                "kafka_bootstrap_servers": self.kafka.address if self.kafka else "127.0.0.1:1",
                "partitions": PARTITIONS,
            }
        )

    async def prepare(self, *services: str) -> None:
        """Migrate the schemas of these services, and make the topics if there is a broker."""
        for service in ("common", *services):
            await migrate(self.settings, service)
        if self.kafka is not None:
            await make_topics(self.settings)

    async def wal_bytes(self) -> int:
        """How many bytes of write-ahead log PostgreSQL has written so far."""
        row = await fetch(self.database_url, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes")
        return int(row["bytes"])

    def readers(self) -> dict[str, Any]:
        """How to read the servers' processor time."""
        pid = self.postgres.process.pid
        readers: dict[str, Any] = {"PostgreSQL": lambda: cpu.family_seconds(pid)}
        if self.kafka is not None:
            broker = self.kafka.process.pid
            readers["Kafka"] = lambda: cpu.process_seconds(broker)
        return readers

    def memory_bytes(self) -> dict[str, int]:
        """What the servers hold in memory."""
        sizes = {"PostgreSQL": cpu.family_memory_bytes(self.postgres.process.pid)}
        if self.kafka is not None:
            sizes["Kafka"] = cpu.memory_bytes(self.kafka.process.pid)
        return sizes


@contextmanager
def running(*, with_kafka: bool = True, pinned: bool = True) -> Iterator[Servers]:
    """Start the servers, on the cores that are not the tested one; leave nothing of them behind."""
    with ExitStack() as stack, cores.on(cores.others() if pinned else cores.all_cores()):
        folder = stack.enter_context(temporary_folder("plaudit-bench-"))
        database = postgres.prepare(folder / "postgres")
        stack.enter_context(started(database))
        broker = kafka.prepare(folder / "kafka") if with_kafka else None
        if broker is not None:
            stack.enter_context(started(broker))
        yield Servers(folder, database, broker)


@dataclass(frozen=True)
class Product:
    """One process of the product."""

    process: GuardedProcess
    port: int
    log: Path
    profile: Path | None

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def cpu_seconds(self) -> float:
        """Its processor time so far."""
        return cpu.process_seconds(self.process.pid)

    def memory_bytes(self) -> int:
        """What it holds in memory."""
        return cpu.memory_bytes(self.process.pid)

    def wait_ready(self) -> None:
        """Wait until /readyz says so; raises RuntimeError with the end of its log when it does not."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            if not self.process.running or time.monotonic() > deadline:
                raise RuntimeError(f"{self.process.spec.name} is not ready: {self.log.read_text()[-3000:]}")
            time.sleep(POLL_SECONDS)

    def metric(self, name: str) -> float:
        """The sum of one metric over its labels; 0 where it has none yet."""
        return sum(self.metrics(name))

    def metrics(self, name: str) -> list[float]:
        """One metric for each of its labels."""
        with urlopen(f"{self.base}/metrics", timeout=5) as response:
            lines: list[str] = response.read().decode().splitlines()
        values = (line.rpartition(" ") for line in lines if line.partition("{")[0].partition(" ")[0] == name)
        return [float(value) for _, _, value in values]

    def mean(self, histogram: str, since: tuple[float, float] = (0.0, 0.0)) -> float:
        """The mean of what a histogram has seen since an earlier `seen`."""
        total, count = self.seen(histogram)
        return (total - since[0]) / max(count - since[1], 1)

    def seen(self, histogram: str) -> tuple[float, float]:
        """Sum and count of a histogram."""
        return self.metric(f"{histogram}_sum"), self.metric(f"{histogram}_count")

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.base}/readyz", timeout=5) as response:
                return bool(response.status == 200)
        except (URLError, OSError):
            return False


@contextmanager
def product(
    servers: Servers,
    module: str,
    *arguments: str,
    profile: bool = False,
    pinned: bool = True,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Product]:
    """Run one process of the product, on the tested core if `pinned`; stop it in good order at the end.

    `environment` has settings beyond those that every benchmark sets.
    """
    name = " ".join([module.rpartition(".")[0] or module, *arguments])
    samples = servers.folder / f"{name.replace(' ', '-')}.samples" if profile else None
    command = [module, *arguments]
    if samples:
        command = ["benchmarks.profiled", str(samples), *command]
    with _process(servers, name, command, samples, pinned=pinned, environment=environment) as made:
        yield made


@contextmanager
def peer(servers: Servers, module: str) -> Iterator[Product]:
    """Run a peer of the product on the tested core."""
    with _process(servers, module, [module], None, pinned=True) as made:
        yield made


@contextmanager
def _process(
    servers: Servers,
    name: str,
    arguments: list[str],
    samples: Path | None,
    *,
    pinned: bool,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Product]:
    port = free_port()
    log = servers.folder / f"{name.replace(' ', '-')}-{port}.log"
    with cores.on(cores.tested() if pinned else cores.all_cores()):
        process = GuardedProcess(
            Spec(
                name=name,
                command=[sys.executable, "-m", *arguments],
                log=log,
                environment=plain_environment(**_environment(servers, port), **environment),
                grace_seconds=STOP_SECONDS,
            )
        )
    try:
        yield Product(process, port, log, samples)
    finally:
        process.stop()


def _environment(servers: Servers, port: int) -> dict[str, str]:
    return {
        "PYTHONPATH": str(SOURCES),
        "PLAUDIT_DATABASE_URL": servers.database_url,
        "PLAUDIT_KAFKA_BOOTSTRAP_SERVERS": servers.settings.kafka_bootstrap_servers,
        "PLAUDIT_PARTITIONS": str(PARTITIONS),
        "PLAUDIT_HTTP_PORT": str(port),
        "PLAUDIT_LOG_FORMAT": "json",
        "PLAUDIT_OWNER_EMAIL": "owner@example.com",
        "PLAUDIT_VAULT_KEYS": VAULT_KEYS,
        "PLAUDIT_SMTP_PORT": "1",
    }


async def fetch(database_url: str, sql: str) -> asyncpg.Record:
    """The one row of a query, asked as a superuser."""
    connection = await asyncpg.connect(database_url)
    try:
        (row,) = await connection.fetch(sql)
        return row
    finally:
        await connection.close()


def ask(url: str, key: str, body: object = None) -> Any:
    """GET, or POST where there is a body; return the JSON answer."""
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = Request(url, data=None if body is None else json.dumps(body).encode(), headers=headers)
    with urlopen(request, timeout=10) as response:
        return json.loads(response.read())
