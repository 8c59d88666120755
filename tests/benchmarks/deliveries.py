"""Messages to endpoints while one of them hangs: the others are told as fast as if it were not there.

One process of alerting's jobs sends. Nine endpoints of this process answer at once, the tenth takes each request and
never answers. Every endpoint is told the same number of messages.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from benchmarks import servers
from benchmarks.machine import describe
from benchmarks.options import Options
from benchmarks.report import Report
from benchmarks.servers import Servers
from plaudit.common.db import Database, Role
from plaudit.common.delivery import commands
from plaudit.common.delivery.domain.endpoint import Draft
from plaudit.common.delivery.domain.message import Content, Message, subscribers
from plaudit.common.delivery.endpoints import commands as endpoints
from plaudit.common.ids import uuid7
from plaudit.common.vault import KeyRing, Vault
from plaudit_testing.vault import VAULT_KEYS

MESSAGES = 2_000
ENDPOINTS = 10
HANGING = 0
"""Which of them never answers."""
MESSAGES_PER_TRANSACTION = 100
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LONGEST_SECONDS = 300.0


@dataclass
class Endpoints:
    """Servers that count what they get."""

    ports: list[int] = field(default_factory=list)
    got: Counter[int] = field(default_factory=Counter)
    ids: set[tuple[int, str]] = field(default_factory=set)
    last_at: float = 0.0
    well: int = 0
    """How many have been answered."""
    expected: int = 0
    all_told: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Open all of them on free ports."""
        for number in range(ENDPOINTS):
            server = await asyncio.start_server(partial(self._serve, number), "127.0.0.1", 0)
            self.ports.append(server.sockets[0].getsockname()[1])

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
                await reader.readexactly(int(headers["content-length"]))
                self.got[number] += 1
                self.ids.add((number, headers["webhook-id"]))
                if number == HANGING:
                    await asyncio.Event().wait()
                self.last_at = time.monotonic()
                writer.write(ANSWER)
                self.well += 1
                if self.well == self.expected:
                    self.all_told.set()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()


def run(report: Report, options: Options) -> None:
    """Queue messages, start the process that sends, and watch the endpoints."""
    messages = options.scaled(MESSAGES)
    with servers.running(with_kafka=False) as backing:
        asyncio.run(backing.prepare("alerting"))
        describe(report, backing)
        asyncio.run(_measure(report, backing, messages, profile=options.profile))


async def _measure(report: Report, backing: Servers, messages: int, *, profile: bool) -> None:
    told = Endpoints()
    await told.open()
    await _fill(backing, told, messages)
    well = messages * (ENDPOINTS - 1)
    told.expected = well
    report.heading("deliveries")
    report.text(
        f"{messages:,} messages to each of {ENDPOINTS} endpoints, one of which never answers; leased, checked, signed, "
        "sent and recorded, each attempt with what was sent and answered"
    )
    environment = _environment(told.ports)
    with servers.product(backing, "plaudit.alerting.main", "jobs", profile=profile, environment=environment) as jobs:
        began_at = time.monotonic()
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await told.all_told.wait()
        seconds = told.last_at - began_at
        cpu_seconds = jobs.cpu_seconds()
    report.line("deliveries/s to the nine others", f"{well / seconds:,.0f}")
    report.line("processor per delivery", f"{1e6 * cpu_seconds / well:,.0f} µs")
    report.line("requests to the hanging one", f"{told.got[HANGING]:,}")
    report.profile(jobs.profile)
    report.check("deliveries to the others", told.well, well)
    report.check("distinct ids among them", len([1 for number, _ in told.ids if number != HANGING]), well)


async def _fill(backing: Servers, told: Endpoints, messages: int) -> None:
    vault = Vault(KeyRing.parse(VAULT_KEYS))
    api = Database(backing.settings, "alerting", Role.API, pool_size=1)
    worker = Database(backing.settings, "alerting", Role.WORKER, pool_size=1)
    try:
        for number, port in enumerate(told.ports):
            draft = Draft(f"endpoint {number}", "webhook", f"http://127.0.0.1:{port}/hook", ("bench",))
            async with api.transaction("default") as tx:
                await endpoints.create(tx, uuid7, vault, "default", draft, "key:bench", told.ports)
        content = Content("Not answered in time", "A 1-star review was not answered in time. " * 10, data={"clock": 1})
        keys = (uuid7() for _ in range(messages))
        while group := list(islice(keys, MESSAGES_PER_TRANSACTION)):
            made = [Message("default", str(each), "bench.told", subscribers(), content) for each in group]
            async with worker.transaction() as tx:
                await commands.queue(tx, made)
    finally:
        await api.close()
        await worker.close()


def _environment(ports: list[int]) -> dict[str, str]:
    """Return what lets the process connect to endpoints of this machine."""
    return {
        "PLAUDIT_DELIVERY_PORTS": " ".join(map(str, ports)),
        "PLAUDIT_DELIVERY_PRIVATE_NETWORKS": "127.0.0.0/8",
        "PLAUDIT_DELIVERY_PLAIN_HTTP": "true",
    }
