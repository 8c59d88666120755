"""An installation as its users know it: one address, and the command `plaudit` for operators."""

import asyncio
import itertools
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from plaudit_testing import oracle, pipeline
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.stack import eventually
from plaudit_testing.webhooks import Platform

POLL_SECONDS = 0.1


@dataclass
class Installation:
    """All services behind one front door, wherever they run."""

    address: str
    command: Sequence[str]
    """What runs `plaudit` there."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Of that command, beside our own."""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def plaudit(self, *arguments: str) -> str:
        """Run the command `plaudit`; return what it prints, without the line's end.

        Raises:
            AssertionError: it failed; the text has what it said.
        """
        done = subprocess.run(
            [*self.command, *arguments],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, **self.environment},
        )
        assert done.returncode == 0, f"plaudit {' '.join(arguments)}: {done.stderr}"
        return done.stdout.strip()

    def new_tenant(self) -> "TenantAtDoor":
        """A tenant of its own, and a key with every scope for it."""
        tenant = f"test-{time.time_ns()}-{next(self._numbers)}"
        self.plaudit("tenants", "create", tenant)
        return TenantAtDoor(
            self, tenant, self.plaudit("keys", "create", "--tenant", tenant, "--name", "test", "--scopes", "*")
        )


@dataclass
class TenantAtDoor:
    """One tenant, who knows the address and a key."""

    installation: Installation
    id: str
    key: str

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client with the key."""
        headers = {"authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(
            base_url=self.installation.address, headers=headers, timeout=DEADLINE_SECONDS
        ) as client:
            yield client

    async def platform(self, subject: str) -> Platform:
        """A platform that posts to a new source of this subject."""
        async with self.client() as client:
            wanted = {"name": f"Reviews of {subject}", "platform": "native", "subject": subject}
            made = await client.post("/v1/sources", json=wanted)
        assert made.status_code == 201, made.text
        source = made.json()
        return Platform(f"{self.installation.address}/v1/hooks/{source['id']}", source["secret"])

    def ask(self, path: str) -> tuple[int, dict[str, Any]]:
        """GET a JSON answer; return (status, body), with status 0 when it cannot be reached."""
        headers = {"authorization": f"Bearer {self.key}"}
        try:
            answer = httpx.get(self.installation.address + path, headers=headers, timeout=DEADLINE_SECONDS)
            return answer.status_code, answer.json()
        except httpx.TransportError:
            return 0, {}

    async def scores_are_exact(self, reviews: Mapping[str, oracle.Truth]) -> None:
        """Wait until every figure is the one that is computed from scratch.

        Raises:
            AssertionError: they never are; the text has those that differ.
        """
        wrong: list[str] = []

        def none_is_wrong() -> bool:
            wrong[:] = pipeline.wrong_figures(self.ask, reviews.values())
            return not wrong

        try:
            await eventually(none_is_wrong, "all scores are exact")
        except TimeoutError as error:
            raise AssertionError(f"{error}: {wrong}") from error

    async def items(self, path: str, **params: str) -> list[dict[str, Any]]:
        """The items of a list, when it has any: what they tell of may still be on its way.

        Raises:
            TimeoutError: it never has.
        """
        async with self.client() as client, asyncio.timeout(DEADLINE_SECONDS):
            while True:
                answer = await client.get(path, params=params)
                assert answer.status_code == 200, answer.text
                if found := answer.json()["items"]:
                    return list(found)
                await asyncio.sleep(POLL_SECONDS)
