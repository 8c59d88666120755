"""Two processes of the operating system behind one address: copies count once, and a new secret refuses nobody."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.running_ingest import created
from plaudit_testing.stack import ServiceProcess, stack
from plaudit_testing.webhooks import headers

pytestmark = [pytest.mark.postgres, pytest.mark.e2e]

AT_ONCE = 50
ROTATIONS = 2
BETWEEN = 20
"""Deliveries from one rotation to the next, at least."""
OVERLAP_SECONDS = 3_600


@dataclass
class Pair:
    """Two processes, and what is posted to them in turn."""

    processes: list[ServiceProcess]
    client: httpx.AsyncClient
    key: str

    def __post_init__(self) -> None:
        """Begin with the first."""
        self._turns = itertools.cycle(self.processes)

    async def ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Ask one of them as a team does."""
        authorization = {"authorization": f"Bearer {self.key}"}
        answer = await self.client.request(method, next(self._turns).base + path, json=body, headers=authorization)
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, source: dict[str, Any], secret: str, event: Any, sent_id: str | None = None) -> httpx.Response:
        """Post to one of them as the platform does."""
        body = json.dumps(event).encode()
        url = f"{next(self._turns).base}/v1/hooks/{source['id']}"
        return await self.client.post(url, content=body, headers=headers(secret, body, sent_id))


@asynccontextmanager
async def pair(ingest_url: str, folder: Path) -> AsyncIterator[Pair]:
    with stack(ingest_url, NO_KAFKA, folder) as made:
        processes = [made.process("ingest", "api").start() for _ in range(2)]
        for process in processes:
            await asyncio.to_thread(process.wait_ready)
        assert len({process.process.pid for process in processes if process.process}) == 2
        limits = httpx.Limits(max_connections=2 * AT_ONCE)
        async with httpx.AsyncClient(timeout=DEADLINE_SECONDS, limits=limits) as client:
            yield Pair(processes, client, made.new_key("default"))


async def new_source(processes: Pair) -> dict[str, Any]:
    return await processes.ask("POST", "/v1/sources", {"name": "x", "platform": "native", "subject": "acme"})


async def counts(ingest_url: str) -> tuple[int, ...]:
    connection = await asyncpg.connect(ingest_url)
    try:
        tables = ("deliveries", "reviews", "revisions", "outbox")
        return tuple([await connection.fetchval(f"SELECT count(*) FROM ingest.{table}") for table in tables])
    finally:
        await connection.close()


async def test_of_fifty_copies_at_once_one_is_taken_and_all_get_its_answer(ingest_url: str, tmp_path: Path):
    async with pair(ingest_url, tmp_path) as processes:
        source = await new_source(processes)
        for number in range(1, 4):
            sent = (source, source["secret"], created(f"r-{number}"), f"msg_{number}")
            answers = await asyncio.gather(*(processes.post(*sent) for _ in range(AT_ONCE)))
            assert [answer.status_code for answer in answers] == [202] * AT_ONCE
            assert len({answer.json()["delivery_id"] for answer in answers}) == 1
            assert sum("duplicate" not in answer.json() for answer in answers) == 1
            assert await counts(ingest_url) == (number,) * 4


async def test_a_secret_is_rotated_under_traffic_and_neither_the_old_nor_the_new_one_is_refused(
    ingest_url: str, tmp_path: Path
):
    async with pair(ingest_url, tmp_path) as processes:
        source = await new_source(processes)
        secrets = [source["secret"]]
        """The last two count."""
        statuses: list[tuple[int, str]] = []
        enough = asyncio.Event()

        async def send(stream: int) -> None:
            for number in itertools.count():
                if enough.is_set():
                    return
                # One sender knows the new secret at once; the other goes on with the one before.
                secret = secrets[-1] if stream % 2 else secrets[max(len(secrets) - 2, 0)]
                answer = await processes.post(source, secret, created(f"r-{stream}-{number}"))
                statuses.append((answer.status_code, answer.text if answer.status_code != 202 else ""))

        async with asyncio.TaskGroup() as group:
            for stream in range(4):
                group.create_task(send(stream))
            for _ in range(ROTATIONS):
                await more(statuses)
                path = f"/v1/sources/{source['id']}/secret/rotate"
                made = await processes.ask("POST", path, {"overlap_seconds": OVERLAP_SECONDS})
                secrets.append(made["secret"])
                await more(statuses)
            enough.set()
        assert [each for each in statuses if each[0] != 202] == []
        assert len(statuses) > BETWEEN * len(secrets)
        deliveries, *others = await counts(ingest_url)
        assert deliveries == len(statuses)
        assert set(others) == {len(statuses)}


async def more(statuses: list[tuple[int, str]]) -> None:
    wanted = len(statuses) + BETWEEN
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(statuses) < wanted:  # noqa: ASYNC110 - other tasks write it
            await asyncio.sleep(0.01)
