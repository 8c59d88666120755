"""Asks interfaces of others over HTTP: bounded in time and size, without redirects, and without proxies of the host.

Errors are plain words without the address, so that nothing secret gets into a log or an answer.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import httpx

MAX_CONNECTIONS: Final = 200
CONNECT_SECONDS: Final = 10.0
IDENTITY: Final = "identity"
USER_AGENT: Final = "plaudit"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class UnreachableError(Exception):
    """There is no answer that can be read; the text says why."""


class HttpAnswer(NamedTuple):
    """What was answered, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """By name in lower case."""
    body: bytes


class HttpClient:
    """Connections to interfaces. One for a process."""

    def __init__(self, origins: Mapping[str, str] = NO_HEADERS) -> None:
        """Open nothing yet.

        Args:
            origins: origin such as `https://api.example.com` → the one that is asked in its place.
        """
        self._origins = dict(origins)
        self._client: httpx.AsyncClient | None = None

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        body: bytes = b"",
        max_bytes: int,
        timeout_seconds: float,
    ) -> HttpAnswer:
        """Send a request and return the answer.

        Args:
            method: GET or POST.
            url: absolute.
            headers: of the request.
            body: of the request.
            max_bytes: of the answer's body.
            timeout_seconds: from the first to the last byte.

        Raises:
            UnreachableError: there is no answer in time, or none that can be read.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._ask(method, url, headers, body, max_bytes)
        except TimeoutError as error:
            raise UnreachableError(f"it did not answer in {timeout_seconds:g} seconds") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise UnreachableError(_words(error)) from error

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes, max_bytes: int) -> HttpAnswer:
        sent = {"accept-encoding": IDENTITY, "user-agent": USER_AGENT, **headers}
        async with self._opened().stream(method, self._asked(url), headers=sent, content=body) as answer:
            if answer.headers.get("content-encoding", IDENTITY) != IDENTITY:
                raise UnreachableError("it answered in an encoding that was not asked for")
            chunks: list[bytes] = []
            size = 0
            async for chunk in answer.aiter_raw():
                size += len(chunk)
                if size > max_bytes:
                    raise UnreachableError(f"it answered more than {max_bytes:,} bytes")
                chunks.append(chunk)
            return HttpAnswer(answer.status_code, MappingProxyType(dict(answer.headers)), b"".join(chunks))

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
            timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
            self._client = httpx.AsyncClient(limits=limits, timeout=timeout, trust_env=False, follow_redirects=False)
        return self._client

    def _asked(self, url: str) -> str:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return self._origins.get(origin, origin) + url.removeprefix(origin)


def _words(error: Exception) -> str:
    """Return what went wrong, without the address."""
    if isinstance(error, httpx.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, httpx.ConnectError):
        return "no connection can be made"
    if isinstance(error, httpx.RemoteProtocolError):
        return "it ended the connection, or did not answer in HTTP"
    return "the connection broke"
