"""A real OpenID provider, as a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from plaudit.common.sessions.provider import DISCOVERY
from plaudit_local.servers.ports import free_port
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.runtime import until

SUBJECT = "ada"


class Provider:
    """The provider, and the person in front of it."""

    def __init__(self, url: str) -> None:
        """Take its address."""
        self.url = url
        self.client = httpx.AsyncClient(base_url=url, timeout=DEADLINE_SECONDS)

    async def says(self, **claims: Any) -> None:
        """Set what it says of its one person."""
        (await self.client.put(f"/users/{SUBJECT}", json=claims)).raise_for_status()

    async def consent(self, address: str) -> str:
        """Sign in there; return where it sends the browser back to, on our side."""
        answer = await self.client.post(address, data={"sub": SUBJECT})
        assert answer.status_code == 302
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"


@asynccontextmanager
async def running_provider() -> AsyncIterator[Provider]:
    """A provider on a free port, until the block ends."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--host", "localhost"),
        "--require-nonce",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    provider = Provider(f"http://localhost:{port}")
    try:

        async def answers() -> bool:
            try:
                return (await provider.client.get(DISCOVERY)).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, "the provider answers")
        yield provider
    finally:
        await provider.client.aclose()
        process.kill()
        await process.wait()
