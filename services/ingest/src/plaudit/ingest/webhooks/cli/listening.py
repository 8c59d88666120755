"""A receiver of deliveries on this machine: it prints each, says whether it is proven, and can pass it on."""

import asyncio
import contextlib
import json
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

import httpx
import typer
import uvicorn

from plaudit.common.refusals import RefusedError
from plaudit.ingest.platforms import ADAPTERS
from plaudit.ingest.platforms.adapter import Adapter
from plaudit.ingest.webhooks.cli.posting import MAX_ANSWER_BYTES, TIMEOUT_SECONDS, no_answer, shown_text
from plaudit.ingest.webhooks.domain import not_proven_reason, shown_headers, shown_path

LOOPBACK: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 4 * 2**20
"""As ingest takes by default."""
MAX_CONNECTIONS: Final = 32
BODY_SECONDS: Final = 10.0
STOP_SECONDS: Final = 3
GREETING: Final = "plaudit webhook listen: post deliveries here.\n"
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Of one connection, and not of the delivery."""
SHOWN_HEADERS: Final = frozenset(
    {"content-type"} | {name.decode() for adapter in ADAPTERS.values() for name in adapter.proof.headers}
    | {adapter.proof.id_header.decode() for adapter in ADAPTERS.values() if adapter.proof.id_header}
)  # fmt: skip

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Answer:
    """What a sender is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


class UnusableRequestError(Exception):
    """A request that is answered before its body is known."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Listener:
    """Receives deliveries of one platform until it is stopped."""

    def __init__(self, adapter: Adapter, secrets: Sequence[str], forward: str | None, *, as_json: bool) -> None:
        """Listen for a platform's deliveries.

        Args:
            adapter: of the platform.
            secrets: of which one must fit; without any, nothing is checked.
            forward: the address that deliveries are passed on to; None to answer them here.
            as_json: whether each delivery is printed as a line of JSON.
        """
        self._adapter = adapter
        self._secrets = secrets
        self._forward = forward
        self._as_json = as_json
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)
        self._server: uvicorn.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._received = 0
        self._not_proven = 0

    def run(self, host: str, port: int) -> None:
        """Listen until Ctrl-C or a signal to end.

        Raises:
            RefusedError: another process uses the port.
        """
        listener = _listening(host, port)
        asyncio.run(self._serve(listener))
        unproven = f", {self._not_proven} not proven" if self._secrets else ""
        typer.echo(f"Deliveries: {self._received}{unproven}.", err=True)

    async def _serve(self, listener: socket.socket) -> None:
        server = _Server(
            uvicorn.Config(
                self._handle,
                interface="asgi3",
                http="h11",
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=STOP_SECONDS,
            )
        )
        loop = asyncio.get_running_loop()
        self._server = server
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, self._leave)
        host, port = listener.getsockname()
        typer.echo(f"Listening on http://{host}:{port}, any path. Ctrl-C ends it.", err=True)
        async with self._client:
            await server.serve(sockets=[listener])

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._under_way.add(task)
        try:
            answer = await self._answer_of(scope, receive)
        except UnusableRequestError as error:
            typer.echo(f"{scope['method']}: answered {error.status}, {error}", err=True)
            answer = _problem(error.status, str(error))
        except asyncio.CancelledError:
            answer = _problem(503, "the listener ends")
        finally:
            self._under_way.discard(task)
        await _answer(send, answer)

    async def _answer_of(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] in {"GET", "HEAD"}:
            return Answer(200, GREETING.encode(), {"content-type": "text/plain; charset=utf-8"})
        return await self._take(scope, await _read(scope["method"], receive))

    async def _take(self, scope: Scope, body: bytes) -> Answer:
        headers: Headers = scope["headers"]
        path = scope["raw_path"].decode("latin-1")
        reason = None
        if self._secrets:
            reason = not_proven_reason(self._adapter, self._secrets, headers, path, body, time.time())
        self._received += 1
        self._not_proven += reason is not None
        answer = await self._answer_to(headers, body, reason)
        try:
            self._print(headers, path, body, reason, answer)
        except BrokenPipeError:
            # Nobody reads any more, so there is nothing to listen for.
            self._leave()
        return answer

    def _leave(self) -> None:
        """End: what is under way is answered that it is to be sent again."""
        assert self._server is not None
        self._server.should_exit = True
        for task in self._under_way - {asyncio.current_task()}:
            task.cancel()

    async def _answer_to(self, headers: Headers, body: bytes, reason: str | None) -> Answer:
        if self._forward is not None:
            return await self._passed_on(self._forward, headers, body)
        if reason is not None:
            return _problem(401, reason)
        return Answer(202, json.dumps({"received_bytes": len(body)}).encode())

    async def _passed_on(self, url: str, headers: Headers, body: bytes) -> Answer:
        """Send a delivery on as it came, and return the answer."""
        kept = [(name, value) for name, value in headers if name not in HOP_BY_HOP]
        try:
            request = httpx.Request("POST", url, headers=kept, content=body)
            response = await self._client.send(request, stream=True)
            try:
                content = await _bounded(response)
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            return _problem(502, no_answer(url, error))
        passed = ("content-type", "content-encoding", "retry-after")
        return Answer(
            response.status_code, content, {name: response.headers[name] for name in passed if name in response.headers}
        )

    def _print(self, headers: Headers, path: str, body: bytes, reason: str | None, answer: Answer) -> None:
        shown, now = shown_headers(headers), datetime.now(UTC)
        text = body.decode(errors="replace")
        where = shown_path(path, self._adapter)
        if self._as_json:
            told = {
                "received_at": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "path": where,
                "headers": shown,
                "body": text,
                "proven": reason is None if self._secrets else None,
                "reason": reason,
                "forwarded": self._forward is not None,
                "status": answer.status,
                "answer": answer.body.decode(errors="replace"),
            }
            typer.echo(json.dumps(told))
            return
        verdict = (
            "not checked, for no secret is given"
            if not self._secrets
            else f"NOT proven, {reason}"
            if reason
            else "proven"
        )
        lines = [
            f"{now:%H:%M:%S} UTC  {shown_text(where)}  {len(body)} bytes  {verdict}",
            *(f"  {name}: {shown_text(value)}" for name, value in shown.items() if name in SHOWN_HEADERS),
            *(f"  | {line}" for line in shown_text(text).splitlines()),
            f"  {'passed on, ' if self._forward else ''}answered {answer.status}",
        ]
        if self._forward:
            lines += [f"  | {line}" for line in shown_text(answer.body.decode(errors="replace")).splitlines()]
        typer.echo("\n".join(lines))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the listener, which ends with exit code 0."""
        yield


def _listening(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise RefusedError(f"cannot listen on port {port} ({error.strerror}): choose another --port, or 0") from error
    return listener


async def _read(method: str, receive: Receive) -> bytes:
    """Return the body of a delivery.

    Raises:
        UnusableRequestError: it is not posted, too large, too slow, or breaks off.
    """
    if method != "POST":
        raise UnusableRequestError(405, "deliveries are posted")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise UnusableRequestError(400, "the sender left before the end of the body")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY_BYTES:
                    raise UnusableRequestError(413, f"the body has more than {MAX_BODY_BYTES // 2**20} MiB")
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError as error:
        raise UnusableRequestError(408, f"the body took more than {BODY_SECONDS:.0f} s") from error


async def _bounded(response: httpx.Response) -> bytes:
    content = b""
    async for part in response.aiter_raw():
        content += part
        if len(content) >= MAX_ANSWER_BYTES:
            return content[:MAX_ANSWER_BYTES]
    return content


def _problem(status: int, detail: str) -> Answer:
    problem = {"type": "about:blank", "status": status, "detail": detail}
    return Answer(status, json.dumps(problem).encode(), {"content-type": "application/problem+json"})


async def _answer(send: Send, answer: Answer) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
