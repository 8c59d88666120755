"""A service as a process: its parts, how it starts, and how it stops without losing anything.

`python -m plaudit.ingest.main api|consume|relay|jobs|migrate|all`. The same parts run in one process or in several.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import structlog
import typer
import uvloop

from plaudit.common.db import Database, Role
from plaudit.common.http.app import Api, create_ops_app
from plaudit.common.http.front_door import NO_ROUTES, FrontDoorRoutes
from plaudit.common.http.limits import Limits
from plaudit.common.http.ops import DatabaseChecks, Ops
from plaudit.common.http.server import BusyPortError, HttpServer
from plaudit.common.ids import IdSource, uuid7
from plaudit.common.jobs import Loop
from plaudit.common.kafka.subscription import Subscription
from plaudit.common.memory import tune_memory
from plaudit.common.observability import log as logs
from plaudit.common.observability import metrics
from plaudit.common.outbox import Outbox
from plaudit.common.pages.static import PageAssets
from plaudit.common.running import run_until_stopped
from plaudit.common.settings import Settings, read_settings

log = structlog.get_logger()

COMMON_POOL_SIZE: Final = 2

S = TypeVar("S", bound=Settings)


class Command(StrEnum):
    """Which parts of a service a process runs."""

    API = "api"
    CONSUME = "consume"
    RELAY = "relay"
    JOBS = "jobs"
    MIGRATE = "migrate"
    ALL = "all"


class Resources(Generic[S]):
    """What a service's parts are built from; one per process."""

    def __init__(self, settings: S, service: str, ids: IdSource = uuid7) -> None:
        """Open nothing yet."""
        self.settings = settings
        self.service = service
        self.ids = ids
        self.outbox = Outbox(service, settings.partitions, ids)
        self._databases: dict[Role, Database] = {}
        self._common: Database | None = None

    def database(self, role: Role, pool_size: int | None = None) -> Database:
        """Return this process's connections under a role: one set per role, of the first caller's pool size."""
        if role not in self._databases:
            self._databases[role] = Database(self.settings, self.service, role, pool_size=pool_size)
        return self._databases[role]

    def common_database(self) -> Database:
        """Return this process's connections to schema `common` under its api role: for people and their sessions."""
        if self._common is None:
            self._common = Database(self.settings, "common", Role.API, pool_size=COMMON_POOL_SIZE)
        return self._common

    @cached_property
    def page_assets(self) -> PageAssets:
        """What this installation adds to pages."""
        return PageAssets(self.settings.page_assets)

    async def close(self) -> None:
        """Close all connections."""
        databases = [*self._databases.values(), *([self._common] if self._common else [])]
        await asyncio.gather(*(database.close() for database in databases))


@dataclass(frozen=True)
class Parts:
    """The parts of a service, returned by its `build`."""

    app: Api | None = None
    subscriptions: Sequence[Subscription[Any]] = ()
    jobs: Sequence[Loop] = ()
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    """Called in this order at the end of a graceful stop, before connections are closed."""


@dataclass(frozen=True)
class Service(Generic[S]):
    """A service, as its composition root declares it."""

    name: str
    settings: type[S]
    build: Callable[[Resources[S]], Parts]
    has_outbox: bool = True
    front_door: FrontDoorRoutes = NO_ROUTES
    """What it answers at the one address of all services."""
    log_fields: frozenset[str] = frozenset()
    """Names of the fields that only its own log lines have."""


def main(service: Service[S], argv: Sequence[str] | None = None) -> None:
    """Run one command of a service, and exit: 0 after a graceful stop, 1 when a part of it failed."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

    @app.command()
    def run(command: Command) -> None:
        """Run parts of the service, or migrate its schema."""
        raise typer.Exit(_run(service, command))

    app(argv, prog_name=f"python -m plaudit.{service.name.replace('-', '_')}.main")


def _run(service: Service[S], command: Command) -> int:
    """Run a command to its end; return the exit code."""
    settings = read_settings(service.settings)
    logs.configure(service.name, settings, service.log_fields)
    if command is Command.MIGRATE:
        # Alembic is loaded only where it is used: half a second of a process's start.
        from plaudit.common.db.migrate import migrate

        asyncio.run(migrate(settings, service.name))
        return 0
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            return runner.run(serve(service, settings, command))
        except BusyPortError as error:
            sys.exit(str(error))


async def serve(service: Service[S], settings: S, command: Command) -> int:
    """Run the parts of a command until the process is told to stop; return its exit code."""
    resources = Resources(settings, service.name)
    parts = service.build(resources)
    loops = _loops(service, resources, parts, command)
    app = parts.app if command in {Command.API, Command.ALL} else None
    # A pool of its own, so that a busy one does not make the process unready.
    health_database = Database(settings, service.name, Role.WORKER if app is None else Role.API, pool_size=1)
    ops = Ops(loops, DatabaseChecks(health_database, service.name))
    if app is None:
        app = create_ops_app(service.name, ops.routes())
    else:
        app.add_bare_routes(ops.routes())
    limits = Limits(
        max_connections=settings.http_max_connections,
        max_body_bytes_in_flight=settings.http_max_body_bytes_in_flight,
    )
    server = HttpServer(app, settings.http_host, settings.http_port, settings.shutdown_timeout_seconds / 2, limits)
    tune_memory()
    metrics.mark_started(service.name, command)
    log.info("listening", url=server.url, command=command, pid=os.getpid())
    return await run_until_stopped(
        server,
        loops,
        ops,
        closing=[*parts.closing, resources.close, health_database.close],
        timeout_seconds=settings.shutdown_timeout_seconds,
    )


def _loops(service: Service[S], resources: Resources[S], parts: Parts, command: Command) -> list[Loop]:
    """Return the loops that a command runs."""
    loops: list[Loop] = []
    if command in {Command.CONSUME, Command.ALL}:
        loops += _consumers(resources, parts.subscriptions)
    if command in {Command.RELAY, Command.ALL} and service.has_outbox:
        loops.append(_relay(resources))
    loops += [job for job in parts.jobs if command in {Command.ALL, Command.API if job.with_api else Command.JOBS}]
    return loops


def _consumers(resources: Resources[S], subscriptions: Sequence[Subscription[Any]]) -> list[Loop]:
    # Kafka's client is imported only by processes that use it.
    from plaudit.common.kafka.consumer import ConsumerLoop

    worker = resources.database(Role.WORKER)
    return [ConsumerLoop(each, worker, resources.outbox.append, resources.settings) for each in subscriptions]


def _relay(resources: Resources[S]) -> Loop:
    from plaudit.common.outbox.relay import RelayLoop

    return RelayLoop(resources.service, resources.database(Role.WORKER), resources.settings, resources.outbox.written)
