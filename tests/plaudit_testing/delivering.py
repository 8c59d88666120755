"""Messages on real servers: a database with their tables, an SMTP server, and endpoints that do as they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from plaudit.common.db import Database, Role
from plaudit.common.db.migrate import migration
from plaudit.common.delivery import commands
from plaudit.common.delivery.channels.sender import Sender
from plaudit.common.delivery.commands import Checks, Complete
from plaudit.common.delivery.connector import Connector
from plaudit.common.delivery.domain.endpoint import Draft
from plaudit.common.delivery.domain.message import Content, Message, mail_to, subscribers
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.delivery.gatherings.commands import Gatherings
from plaudit.common.delivery.jobs import DeliveryJob
from plaudit.common.delivery.migration import add_gatherings, create_tables
from plaudit.common.delivery.settings import DeliverySettings
from plaudit.common.ids import uuid7
from plaudit.common.vault import vault_of
from plaudit_testing.databases import NO_KAFKA, PATIENT, TESTING, migrated, run_elsewhere, settings_for
from plaudit_testing.mailbox import Mailbox
from plaudit_testing.vault import VAULT_KEYS

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOOPBACK = ["127.0.0.0/8"]


def with_messages(database_url: str) -> None:
    """Make the tables of messages in the schema of the tests' own service."""
    migrated(database_url, TESTING)

    async def make() -> None:
        statements: list[str] = []
        create_tables(statements.append, TESTING)
        add_gatherings(statements.append, TESTING)
        async with migration(settings_for(database_url), TESTING) as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)

    run_elsewhere(make())


@dataclass
class Got:
    """One request as an endpoint got it."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpEndpoint:
    """A server of one's own: it keeps what it gets, and answers what a test tells it to."""

    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], bytes | None] = lambda _: says(200)
    """The whole answer as bytes; None never answers, and no bytes at all end the connection."""
    port: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end: what hangs is let go."""
    connections: int = 0
    open: dict[asyncio.Task[Any], asyncio.StreamWriter] = field(default_factory=dict)
    """What serves connections now."""

    @property
    def url(self) -> str:
        """Its address, by a name that tests lead here."""
        return f"http://endpoint.example:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.open[task] = writer
        task.add_done_callback(self.open.pop)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (each.partition(":") for each in lines[1:]) if k}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                got = Got(lines[0].split(" ")[1], headers, body)
                self.got.append(got)
                answer = self.answer(got)
                if answer is None:
                    await self.hanging.wait()
                    break
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        writer.close()


def says(status: int, body: bytes = b"ok", **headers: str) -> bytes:
    """Return an answer as bytes."""
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def open_endpoint() -> AsyncIterator[HttpEndpoint]:
    """An endpoint on a free port of the loopback interface."""
    endpoint = HttpEndpoint()
    server = await asyncio.start_server(endpoint.serve, "127.0.0.1", 0)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        endpoint.hanging.set()
        server.close()
        for writer in endpoint.open.values():
            writer.close()
        await asyncio.gather(*endpoint.open)


def delivery_settings(database_url: str, ports: Sequence[int] = (), **more: object) -> DeliverySettings:
    """Settings by which endpoints on the loopback interface may be connected to."""
    return DeliverySettings.model_validate(
        {
            "database_url": database_url,
            "kafka_bootstrap_servers": NO_KAFKA,
            "vault_keys": VAULT_KEYS,
            "test_clock": True,
            "database_pool_size": 4,
            "delivery_ports": list(ports) or (443,),
            "delivery_private_networks": LOOPBACK,
            "delivery_plain_http": True,
            "delivery_poll_seconds": 0.02,
            "public_url": "https://plaudit.example",
            "mail_from": "plaudit@acme.example",
            **PATIENT,
            **more,
        }
    )


async def leads_here(_host: str, _port: int) -> Sequence[str]:
    """Every name is of this machine."""
    return ["127.0.0.1"]


@dataclass
class Post:
    """Messages from the queue to their recipients, in this process, at a time that tests move."""

    settings: DeliverySettings
    mailbox: Mailbox
    checks: Checks = field(default_factory=dict)
    gatherings: Gatherings = field(default_factory=Gatherings)
    resolve: Callable[[str, int], Awaitable[Sequence[str]]] = leads_here

    def __post_init__(self) -> None:
        self.worker = Database(self.settings, TESTING, Role.WORKER, pool_size=4)
        self.api = Database(self.settings, TESTING, Role.API, pool_size=2)
        self.common = Database(self.settings, "common", Role.OWNER, pool_size=1)
        self.vault = vault_of(self.settings)
        self.senders: list[Sender] = []
        self.job = self.new_job()

    def new_job(self, complete: Complete | None = None) -> DeliveryJob:
        """The job as another process has it; `complete` finds addresses of persons."""
        sender = Sender(self.settings, Connector(self.settings, resolve=self.resolve))
        self.senders.append(sender)
        return DeliveryJob(self.worker, self.settings, sender, self.vault, self.checks, self.gatherings, complete)

    async def move_to(self, moment: datetime) -> None:
        """Set the time; it goes on from there."""
        async with self.common.transaction() as tx:
            await tx.raw.execute(
                "INSERT INTO clock_offset (moved_by) VALUES ($1::timestamptz - clock_timestamp()) "
                "ON CONFLICT (one) DO UPDATE SET moved_by = excluded.moved_by",
                moment,
            )

    async def queue(self, *messages: Message) -> int:
        """Queue messages in a transaction of their own."""
        async with self.worker.transaction() as tx:
            return await commands.queue(tx, messages)

    async def sends(self) -> None:
        """Send all that is due."""
        await self.job.settle()

    async def endpoint(
        self,
        url: str,
        *topics: str,
        channel: str = "webhook",
        secret: str = "",
        name: str = "Ops",
        tenant: str = "default",
    ) -> endpoints.Made:
        """Make an endpoint of the tenant."""
        async with self.api.transaction(tenant) as tx:
            draft = Draft(name, channel, url, topics or ("*",), secret)
            return await endpoints.create(
                tx, uuid7, self.vault, tenant, draft, "person:1", self.settings.delivery_ports
            )

    async def rows(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        """The rows of a query."""
        async with self.worker.transaction() as tx:
            return [dict(row) for row in await tx.raw.fetch(query, *arguments)]

    async def deliveries(self) -> list[dict[str, Any]]:
        """All deliveries in the order of their keys."""
        return await self.rows("SELECT * FROM message_deliveries ORDER BY key, recipient")

    async def attempts(self) -> list[dict[str, Any]]:
        """All attempts in their order."""
        return await self.rows("SELECT * FROM message_attempts ORDER BY ended_at, delivery_id, number")

    async def close(self) -> None:
        """Close all connections."""
        for sender in self.senders:
            await sender.close()
        for database in (self.worker, self.api, self.common):
            await database.close()


def leading_to(settings: Any, endpoint: HttpEndpoint) -> Any:
    """Return settings by which this endpoint, on the loopback interface, may be connected to."""
    networks = settings.model_validate({**settings.model_dump(), "delivery_private_networks": LOOPBACK[0]})
    return settings.model_copy(
        update={
            "delivery_ports": (endpoint.port,),
            "delivery_private_networks": networks.delivery_private_networks,
            "delivery_plain_http": True,
            "delivery_timeout_seconds": 30.0,
        }
    )


async def made_on(
    stage: Any, endpoint: HttpEndpoint, *topics: str, channel: str = "webhook", tenant: str = "default"
) -> endpoints.Made:
    """Make an endpoint of a tenant of a stage, which leads to this one."""
    secret = "r" * 32 if channel == "pagerduty" else ""
    async with stage.resources.database(Role.API).transaction(tenant) as tx:
        draft = Draft("Ops", channel, f"http://127.0.0.1:{endpoint.port}/{channel}", topics, secret)
        vault = vault_of(stage.settings)
        return await endpoints.create(tx, uuid7, vault, tenant, draft, "person:1", [endpoint.port])


def to_endpoints(key: str = "k", topic: str = "clock.breached", **changes: Any) -> Message:
    """A message to the endpoints that take its topic."""
    return Message("default", key, topic, subscribers(), Content("Late", "It is late."), **changes)


def by_mail(key: str = "k", to: str = "ann@acme.example", **changes: Any) -> Message:
    """A message by mail."""
    person_key = changes.pop("person_key", "")
    content = changes.pop("content", Content("Late", "It is late."))
    return Message(
        "default", key, changes.pop("topic", "clock.breached"), mail_to(to, person_key=person_key), content, **changes
    )


def later(**length: float) -> datetime:
    """A time after the beginning."""
    return NOW + timedelta(**length)


def ids_of(rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """The ids of rows."""
    return {row["id"] for row in rows}


def states(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return how deliveries stand."""
    return [row["state"] for row in rows]
