"""Interfaces of platforms for answers, of documented shape, served over real HTTP on the loopback interface."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)


Fault = Callable[[Seen], Awaitable[Reply | None]]
"""Answers in place of the platform, or lets it answer."""


async def no_fault(_: Seen) -> None:
    """Let the platform answer."""


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    """Return a reply with JSON, or with nothing."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, b"" if body is None else json.dumps(body).encode()


@dataclass
class FakePlatform:
    """Trustpilot, Google Play, Google Business Profile and the App Store in one: their paths differ."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    """Review → the answer that is shown."""
    google_state: str = "APPROVED"
    violation: str | None = None
    app_store_state: str = "PENDING_PUBLISH"
    tokens: int = 0
    valid_token: str | None = None
    fault: Fault = no_fault

    def requests(self, pattern: str) -> list[Seen]:
        """Those whose method and path match."""
        return [each for each in self.seen if re.fullmatch(pattern, f"{each.method} {each.path}")]

    async def answer(self, seen: Seen) -> Reply:
        """Answer one request."""
        self.seen.append(seen)
        faulty = await self.fault(seen)
        return faulty if faulty is not None else self._answer(seen)

    def _answer(self, seen: Seen) -> Reply:
        line = f"{seen.method} {seen.path}"
        if line.endswith(("/accesstoken", "/token")):
            self.tokens += 1
            self.valid_token = f"token-{self.tokens}"
            return reply(200, {"access_token": self.valid_token, "expires_in": "3599"})
        if "customerReview" not in line and seen.headers.get("authorization") != f"Bearer {self.valid_token}":
            return reply(401, {"message": "The token is not valid"})
        for pattern, answer in (
            (r"POST /v1/private/reviews/([^/]+)/reply", self._trustpilot_reply),
            (r"GET /v1/private/reviews/([^/]+)", self._trustpilot_review),
            (r"POST /androidpublisher/v3/applications/[^/]+/reviews/([^/:]+):reply", self._play_reply),
            (r"GET /androidpublisher/v3/applications/[^/]+/reviews/([^/:]+)", self._play_review),
            (r"PUT /v4/accounts/1/locations/2/reviews/([^/]+)/reply", self._google_reply),
            (r"GET /v4/accounts/1/locations/2/reviews/([^/]+)", self._google_review),
            (r"POST (/v1/customerReviewResponses)", self._app_store_response),
            (r"GET /v1/customerReviews/([^/]+)/response", self._app_store_shown),
        ):
            match = re.fullmatch(pattern, line)
            if match:
                return answer(match[1], seen)
        return reply(404, {"message": "There is no such address"})

    def _trustpilot_reply(self, review: str, seen: Seen) -> Reply:
        if review in self.shown:
            return reply(409, {"message": "The review has a reply"})
        self.shown[review] = seen.json["message"]
        return reply(201)

    def _trustpilot_review(self, review: str, _: Seen) -> Reply:
        text = self.shown.get(review)
        told = None if text is None else {"text": text, "createdAt": "2026-02-15T08:00:00Z", "updatedAt": None}
        return reply(200, {"id": review, "companyReply": told})

    def _play_reply(self, review: str, seen: Seen) -> Reply:
        self.shown[review] = seen.json["replyText"]
        return reply(200, {"result": {"replyText": self.shown[review], "lastEdited": {"seconds": "1771142400"}}})

    def _play_review(self, review: str, _: Seen) -> Reply:
        comments: list[Any] = [{"userComment": {"text": "Hm", "starRating": 2}}]
        if review in self.shown:
            comments.append({"developerComment": {"text": self.shown[review], "lastModified": {}}})
        return reply(200, {"reviewId": review, "comments": comments})

    def _google_reply(self, review: str, seen: Seen) -> Reply:
        self.shown[review] = seen.json["comment"]
        return reply(200, self._google_told(review))

    def _google_review(self, review: str, _: Seen) -> Reply:
        return reply(200, {"reviewId": review, "reviewReply": self._google_told(review)})

    def _google_told(self, review: str) -> Any:
        if review not in self.shown:
            return None
        told = {"comment": self.shown[review], "updateTime": "2026-02-15T08:00:00Z"}
        more = {} if self.violation is None else {"policyViolation": self.violation}
        return {**told, "reviewReplyState": self.google_state, **more}

    def _app_store_response(self, _path: str, seen: Seen) -> Reply:
        data = seen.json["data"]
        review = data["relationships"]["review"]["data"]["id"]
        self.shown[review] = data["attributes"]["responseBody"]
        return self._app_store_shown(review, seen)

    def _app_store_shown(self, review: str, _: Seen) -> Reply:
        if review not in self.shown:
            return reply(404, {"errors": [{"detail": "There is no resource"}]})
        told = {"responseBody": self.shown[review], "state": self.app_store_state}
        return reply(200, {"data": {"attributes": {**told, "lastModifiedDate": "2026-02-15T00:00:00-08:00"}}})


@asynccontextmanager
async def answering_platform() -> AsyncIterator[FakePlatform]:
    """Serve one for the length of the block."""
    platform = FakePlatform()

    connections: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode().strip().split("\r\n")
                method, path, _ = line.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, named, content = await platform.answer(Seen(method, path, headers, body))
                told = {"content-type": "application/json", "content-length": str(len(content)), **named}
                lines = [f"HTTP/1.1 {status} told", *(f"{name}: {value}" for name, value in told.items())]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    platform.url = f"http://{host}:{port}"
    try:
        yield platform
    finally:
        server.close()
        for writer in connections:
            writer.close()
