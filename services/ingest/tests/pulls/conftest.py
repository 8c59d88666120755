"""Ingest with its job of pulls, and a platform's interface on a real socket for each platform."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from plaudit.common.db import Role
from plaudit.common.http_client import HttpClient
from plaudit.common.outbox import lag
from plaudit.common.vault import vault_of
from plaudit.ingest.pulls.jobs.pull_job import PullJob
from plaudit_testing.interfaces import (
    APPLE,
    G2,
    GOOGLE,
    GOOGLE_TOKENS,
    PLAY,
    TRUSTPILOT,
    AppStoreSays,
    FakeInterface,
    G2Says,
    GoogleSays,
    PlaySays,
    TrustpilotSays,
    serving_interface,
)
from plaudit_testing.running_ingest import Ingest, Source
from plaudit_testing.runtime import running, until

LOOK_SECONDS = 0.05
PUSHER = "push@project.iam.gserviceaccount.com"


@dataclass
class Platforms:
    """The interfaces, what they say, and a client that asks them in place of the real ones."""

    trustpilot: TrustpilotSays = field(default_factory=TrustpilotSays)
    google: GoogleSays = field(default_factory=GoogleSays)
    apple: AppStoreSays = field(default_factory=AppStoreSays)
    play: PlaySays = field(default_factory=PlaySays)
    g2: G2Says = field(default_factory=G2Says)
    servers: dict[str, FakeInterface] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def says(self, platform: str) -> Any:
        """What a platform's interface says."""
        return {
            "trustpilot": self.trustpilot,
            "google-business": self.google,
            "app-store": self.apple,
            "google-play": self.play,
            "g2": self.g2,
        }[platform]


@pytest.fixture
async def platforms() -> AsyncIterator[Platforms]:
    made = Platforms()
    async with AsyncExitStack() as stack:
        for platform, origin in (
            ("trustpilot", TRUSTPILOT),
            ("google-business", GOOGLE),
            ("app-store", APPLE),
            ("google-play", PLAY),
            ("g2", G2),
        ):
            server = await stack.enter_async_context(serving_interface(made.says(platform)))
            made.servers[platform] = server
            made.origins[origin] = server.url

        def token(asked: Any) -> Any:
            return (made.play if "assertion" in asked.form else made.google)(asked)

        tokens = await stack.enter_async_context(serving_interface(token))
        made.servers["tokens"] = tokens
        made.origins[GOOGLE_TOKENS] = tokens.url
        yield made


@dataclass
class Puller:
    """Asks as the job does."""

    ingest: Ingest
    platforms: Platforms

    def job(self, **more: Any) -> PullJob:
        resources = self.ingest.resources
        return PullJob(
            resources.database(Role.WORKER),
            resources.database(Role.HOOK),
            resources.outbox,
            resources.ids,
            vault_of(resources.settings),
            HttpClient(self.platforms.origins),
            **{"look_seconds": LOOK_SECONDS, **more},
        )

    @asynccontextmanager
    async def pulling(self, **more: Any) -> AsyncIterator[PullJob]:
        """Ask for the length of the block."""
        job = self.job(**more)
        try:
            async with running(job):
                yield job
        finally:
            await job._client.close()

    async def source(self, platform: str, *, secret: str | None = None, subject: str = "acme") -> Source:
        """A source with credentials."""
        source = await self.plain_source(platform, secret=secret, subject=subject)
        answer = await self.put(source, self.platforms.says(platform).credentials)
        assert answer.status_code == 200, answer.text
        return source

    async def plain_source(self, platform: str, *, secret: str | None = None, subject: str = "acme") -> Source:
        wanted = {"name": platform, "platform": platform, "subject": subject}
        wanted |= {"secret": secret or PUSHER} if platform == "google-business" else {}
        made = await self.ingest.client.post("/v1/sources", json=wanted, headers=await self.headers())
        assert made.status_code == 201, made.text
        return Source(made.json()["id"], made.json()["secret"], made.json()["hook"])

    async def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {await self.ingest.key()}"}

    async def put(self, source: Source, credentials: Any) -> Any:
        return await self.ingest.client.put(
            f"/v1/sources/{source.id}/credentials",
            json={"credentials": credentials},
            headers=await self.headers(),
        )

    async def state(self, source: Source) -> dict[str, Any]:
        answer = await self.ingest.get(f"/v1/sources/{source.id}/pulls")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def pull(self, source: Source, **more: Any) -> dict[str, Any]:
        """Ask a source now, until its walk has come to its end or failed; how far it is then."""
        before = await self.state(source)
        await self.ingest.superuser.execute(
            "UPDATE ingest.pulls SET next_at = now() - interval '1 second', not_before = NULL WHERE source_id = $1",
            source.id,
        )
        async with self.pulling(**more):
            await self.walked_since(source, before)
        return await self.state(source)

    async def complete(self, source: Source) -> dict[str, Any]:
        """Let a source list all reviews now."""
        await self.ingest.superuser.execute(
            "UPDATE ingest.pulls SET complete_at = NULL, walk = NULL WHERE source_id = $1", source.id
        )
        return await self.pull(source)

    async def walked_since(self, source: Source, before: dict[str, Any]) -> None:
        """Wait until a run has ended since the state `before`, and its walk has come to its end or failed.

        What the source says of its last run stays until the next one ends: by itself it tells nothing of the next one.
        """
        old = before["last_run"]
        await self.until(source, lambda state: state["last_run"] != old and state["state"] != "walking")

    async def until(self, source: Source, check: Callable[[dict[str, Any]], bool]) -> None:
        async def holds() -> bool:
            return check(await self.state(source))

        await until(holds, "the pulls come to that")


@pytest.fixture
def without_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody publishes here, so that what is written waits for longer than replays give way for."""
    monkeypatch.setattr(lag, "MAX_WAIT_SECONDS", 1e9)


@pytest.fixture
def puller(ingest: Ingest, platforms: Platforms) -> Puller:
    return Puller(ingest, platforms)
