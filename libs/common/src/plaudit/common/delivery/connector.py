"""Connects to endpoints that tenants name, and to public addresses alone.

The name is looked up once for each connection, every address that comes back is checked, and the connection is made to
one that was checked: no name can lead elsewhere between the check and the dial. The name stays in TLS and in `Host`.
Redirects are not followed, proxies of the host are not used, answers are read up to a limit.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import httpcore
import httpx

from plaudit.common.delivery.domain.addresses import (
    DeniedAddressError,
    InvalidUrlError,
    Network,
    Target,
    checked_addresses,
    target_of,
)
from plaudit.common.delivery.domain.outcomes import MAX_ANSWER_BYTES
from plaudit.common.delivery.lookups import Lookups, Resolve
from plaudit.common.delivery.settings import DeliverySettings

MAX_CONNECTIONS: Final = 200
"""To one server."""
MAX_IDLE: Final = 64
"""To one server."""
IDLE_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 5.0
"""To one address; a name with several gets so much for each, within the whole deadline."""
MAX_ADDRESSES: Final = 4
"""That are tried of one name."""
USER_AGENT: Final = "plaudit"
IDENTITY: Final = "identity"

Origin = tuple[str, str, int]
"""(scheme, host, port) of a server."""


class UnreachableError(Exception):
    """There is no answer; the text says why, without the address."""

    def __init__(self, words: str, *, may_have_arrived: bool = False) -> None:
        """Say why, and whether all of the request was sent before."""
        super().__init__(f"{words}; all was sent: it may have arrived" if may_have_arrived else words)
        self.may_have_arrived = may_have_arrived


class Answer(NamedTuple):
    """What an endpoint answered: its status, and the beginning of its body."""

    status: int
    retry_after: str | None
    body: bytes


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses."""

    def __init__(self, allowed: Iterable[Network], resolve: Resolve) -> None:
        """Take the private networks that may be connected to, and what looks up names."""
        self._allowed = tuple(allowed)
        self._resolve = resolve
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address of a host that was checked here.

        Raises:
            DeniedAddressError: one of its addresses is not public; then none is connected to.
            httpcore.ConnectError: none of them takes a connection.
        """
        addresses = checked_addresses(await self._resolve(host, port), self._allowed)
        last: Exception | None = None
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        """Wait, for the library."""
        await asyncio.sleep(seconds)


class Connector:
    """Connections to endpoints. One for a process."""

    def __init__(
        self, settings: DeliverySettings, *, resolve: Resolve | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        """Open nothing yet.

        Args:
            settings: which ports and private networks may be connected to, and how long an exchange may take.
            resolve: looks up names; the system's names by default.
            tls: what certificates are checked by; that of the host by default.
        """
        self._settings = settings
        self._lookups = Lookups()
        self._backend = GuardedBackend(settings.delivery_private_networks, resolve or self._lookups)
        self._tls = tls
        self._origins: dict[Origin, _Connections] = {}
        self._swept_at = now()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a POST and return the answer, whatever its status.

        Raises:
            UnreachableError: nothing may be sent there, or there is no answer in time.
        """
        settings = self._settings
        sending = _Body(body)
        try:
            target = target_of(url, settings.delivery_ports, plain_http=settings.delivery_plain_http)
            async with asyncio.timeout(settings.delivery_timeout_seconds):
                return await self._post(target, url, sending, headers)
        except TimeoutError as error:
            words = f"it did not answer in {settings.delivery_timeout_seconds:g} seconds"
            raise UnreachableError(words, may_have_arrived=sending.is_sent) from error
        except (DeniedAddressError, InvalidUrlError) as error:
            raise UnreachableError(str(error)) from error
        except (*_BROKEN, OSError) as error:
            raise UnreachableError(_words(error), may_have_arrived=sending.is_sent) from error

    async def _post(self, target: Target, url: str, body: "_Body", headers: Mapping[str, str]) -> Answer:
        length = {"content-length": str(len(body.content))}
        sent = {"user-agent": USER_AGENT, "accept-encoding": IDENTITY, **length, **headers}
        limits = {"connect": CONNECT_SECONDS, "pool": self._settings.delivery_timeout_seconds}
        async with (
            self._connections_to((target.scheme, target.host, target.port)) as pool,
            pool.stream(
                "POST", url, headers=list(sent.items()), content=body.chunks(), extensions={"timeout": limits}
            ) as answer,
        ):
            given = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            beginning = await _beginning(answer)
            return Answer(answer.status, given.get(b"retry-after"), beginning)

    async def close(self) -> None:
        """Close all connections."""
        for each in self._origins.values():
            await each.pool.aclose()
        self._origins.clear()
        self._lookups.close()

    @asynccontextmanager
    async def _connections_to(self, origin: Origin) -> AsyncIterator[httpcore.AsyncConnectionPool]:
        """Hold the connections to a server."""
        await self._sweep()
        found = self._origins.get(origin)
        if found is None:
            found = self._origins[origin] = _Connections(self._new_pool())
        found.exchanges += 1
        try:
            yield found.pool
        finally:
            found.exchanges -= 1
            found.used_at = now()

    async def _sweep(self) -> None:
        """Close the connections to servers that nothing was sent to for a while."""
        before = now() - IDLE_SECONDS
        if self._swept_at > before:
            return
        self._swept_at = now()
        for origin, each in list(self._origins.items()):
            if not each.exchanges and each.used_at < before:
                del self._origins[origin]
                await each.pool.aclose()

    def _new_pool(self) -> httpcore.AsyncConnectionPool:
        self._tls = self._tls or httpx.create_ssl_context(trust_env=False)
        return httpcore.AsyncConnectionPool(
            ssl_context=self._tls,
            max_connections=MAX_CONNECTIONS,
            max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=IDLE_SECONDS,
            network_backend=self._backend,
        )


@dataclass
class _Connections:
    """The connections to one server.

    The library goes through all connections of a pool, each with all others, for each exchange: with all servers in one
    pool, that took three quarters of the processor time of a delivery.
    """

    pool: httpcore.AsyncConnectionPool
    exchanges: int = 0
    """That are under way."""
    used_at: float = 0.0


class _Body:
    """The body of a request, which knows whether all of it was handed to the connection."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.is_sent = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Hand it over, in one piece."""
        yield self.content
        self.is_sent = True  # whoever asks for more has written what there was


async def _beginning(answer: httpcore.Response) -> bytes:
    """Return the beginning of an answer's body; what is beyond the limit is not read.

    It is kept as it came: a body that is compressed without being asked for is not taken apart.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.aiter_stream():
        chunks.append(chunk)
        size += len(chunk)
        if size >= MAX_ANSWER_BYTES:
            break
    return b"".join(chunks)[:MAX_ANSWER_BYTES]


_BROKEN: Final = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    ssl.SSLError,
)


def now() -> float:
    """Return the seconds of a clock that only goes on, for durations."""
    return time.monotonic()


def _words(error: Exception) -> str:
    """Return what went wrong, without the address."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be looked up"
    if isinstance(error, httpcore.ConnectTimeout):
        return "no connection was made in time"
    if isinstance(error, ssl.SSLError) or "certificate" in str(error).lower():
        return f"its certificate is not accepted: {_reason(error)}"
    if isinstance(error, httpcore.ConnectError):
        return "no connection can be made"
    if isinstance(error, httpcore.RemoteProtocolError):
        return "it ended the connection, or did not answer in HTTP"
    return "the connection broke"


def _reason(error: Exception) -> str:
    return str(getattr(error, "verify_message", "") or "TLS failed")
