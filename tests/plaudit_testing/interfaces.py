"""Interfaces of platforms on a real socket, built from their documented shapes, with faults."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

ORIGINS = (
    "https://mybusiness.googleapis.com",
    "https://oauth2.googleapis.com",
    "https://www.googleapis.com",
    "https://androidpublisher.googleapis.com",
    "https://api.appstoreconnect.apple.com",
    "https://api.trustpilot.com",
    "https://data.g2.com",
)
GOOGLE, GOOGLE_TOKENS, GOOGLE_KEYS, PLAY, APPLE, TRUSTPILOT, G2 = ORIGINS
DRIP_SECONDS = 0.05
FLOOD_BYTES = 100_000_000


@dataclass(frozen=True)
class Asked:
    """One request as the interface got it."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return dict(parse_qsl(self.body.decode()))

    @property
    def bearer(self) -> str:
        """The token that came with it."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Says:
    """One answer."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Handle = Callable[[Asked], Says]


@dataclass
class FakeInterface:
    """One platform's server. `fault` is what it does in place of an answer, or None.

    `dead` takes a request and never answers, `slow` answers a byte at a time, `cut` ends the connection.
    """

    handle: Handle
    url: str = ""
    fault: str | None = None
    says: Says | None = None
    """In place of its own answers."""
    dead_on: Callable[[Asked], bool] = lambda _: False
    """Requests that it never answers."""
    floods_on: Callable[[Asked], bool] = lambda _: False
    """Requests that are answered with `FLOOD_BYTES` bytes."""
    tells_length: bool = True
    """Whether that answer begins with its length."""
    flooded: int = 0
    """How many bytes of it were taken."""
    answers_when: asyncio.Event | None = None
    """Until then, answers that are made already are held back."""
    answering: int = 0
    """How many were held back."""
    asked: list[Asked] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                if self.fault == "dead" or self.dead_on(asked):
                    await asyncio.sleep(3_600)
                if self.fault == "cut":
                    break
                if self.floods_on(asked):
                    await self._flood(writer)
                    break
                says = self.says or self.handle(asked)
                if self.answers_when is not None:
                    self.answering += 1
                    await self.answers_when.wait()
                await self._answer(writer, says)
        writer.close()

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        length = f"content-length: {FLOOD_BYTES}" if self.tells_length else "connection: close"
        writer.write(f"HTTP/1.1 200 x\r\ncontent-type: application/json\r\n{length}\r\n\r\n".encode())
        chunk = b" " * 65_536
        while self.flooded < FLOOD_BYTES:
            writer.write(chunk)
            await writer.drain()
            self.flooded += len(chunk)

    async def _answer(self, writer: asyncio.StreamWriter, says: Says) -> None:
        content = says.content
        headers = {"content-type": "application/json", **says.headers, "content-length": str(len(content))}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {says.status} x\r\n{head}\r\n".encode())
        if self.fault == "slow":
            for at in range(len(content)):
                writer.write(content[at : at + 1])
                await writer.drain()
                await asyncio.sleep(DRIP_SECONDS)
        else:
            writer.write(content)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = urlsplit(target)
    params = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    return Asked(method, unquote(parts.path), params, headers, body)


@asynccontextmanager
async def serving_interface(handle: Handle) -> AsyncIterator[FakeInterface]:
    """Serve an interface on a free port, until the block ends."""
    made = FakeInterface(handle)
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        await made.serve(reader, writer)
        connections.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for task in [*connections]:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    """A private key as platforms give it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def rsa_key() -> rsa.RSAPrivateKey:
    """A new RSA key."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


class TrustpilotSays:
    """Trustpilot's private interface over reviews that a test changes."""

    credentials: ClassVar = {"api_key": "tp-key", "api_secret": "tp-secret-canary", "business_unit_id": "unit-1"}

    def __init__(self) -> None:
        self.reviews: dict[str, dict[str, Any]] = {}
        self.tokens = 0
        self.valid: set[str] = set()

    def review(self, review_id: str, created: str = "2026-05-01T08:00:00Z", **more: Any) -> None:
        """Add or change a review."""
        shown = {"stars": 2, "title": "Late", "text": "Came late.", "language": "en", "updatedAt": None}
        known = self.reviews.get(review_id, {"companyReply": None, "isVerified": True, "consumer": {"id": "c-1"}})
        self.reviews[review_id] = {**known, **({} if review_id in self.reviews else shown), "id": review_id}
        self.reviews[review_id] |= {"createdAt": created, **more}

    def __call__(self, asked: Asked) -> Says:
        """Answer."""
        if asked.path.endswith("/accesstoken"):
            basic = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
            if basic != "tp-key:tp-secret-canary" or asked.form != {"grant_type": "client_credentials"}:
                return Says({"reason": "no"}, 401)
            self.tokens += 1
            token = f"tp-token-canary-{self.tokens}"
            self.valid.add(token)
            return Says({"access_token": token, "expires_in": "359999"})
        if asked.bearer not in self.valid:
            return Says({"reason": "expired"}, 401)
        assert asked.path == "/v1/private/business-units/unit-1/reviews"
        page, size = int(asked.params["page"]), int(asked.params["perPage"])
        newest = sorted(self.reviews.values(), key=lambda each: each["createdAt"], reverse=True)
        return Says({"reviews": newest[(page - 1) * size : page * size], "links": []})


class GoogleSays:
    """Google Business Profile's interface v4, and its tokens."""

    location = "accounts/111/locations/222"

    def __init__(self) -> None:
        self.credentials = {
            "client_id": "gc-1",
            "client_secret": "gc-secret-canary",
            "refresh_token": "gc-refresh-canary",
            "locations": [self.location],
        }
        self.reviews: dict[str, dict[str, Any]] = {}
        self.page_size = 50
        self.hidden_total = 0

    def name(self, review_id: str) -> str:
        """The name of a review."""
        return f"{self.location}/reviews/{review_id}"

    def review(self, review_id: str, stars: str = "TWO", changed: str = "2026-05-01T10:00:00Z", **more: Any) -> None:
        """Add or change a review."""
        known = self.reviews.get(review_id, {"createTime": "2026-05-01T10:00:00Z", "comment": "Slow."})
        self.reviews[review_id] = {
            **known,
            "name": self.name(review_id),
            "reviewId": review_id,
            "reviewer": {"displayName": "Invented"},
            "starRating": stars,
            "updateTime": changed,
            **more,
        }

    def __call__(self, asked: Asked) -> Says:
        """Answer."""
        if asked.path == "/token":
            right = {"client_id": "gc-1", "client_secret": "gc-secret-canary", "refresh_token": "gc-refresh-canary"}
            if asked.form != {"grant_type": "refresh_token", **right}:
                return Says({"error": "invalid_grant"}, 400)
            return Says({"access_token": "gc-token-canary", "expires_in": 3599, "token_type": "Bearer"})
        if asked.bearer != "gc-token-canary":
            return Says({"error": {"code": 401}}, 401)
        if asked.path == f"/v4/{self.location}/reviews":
            return self._page(int(asked.params.get("pageToken", 0)))
        review = self.reviews.get(asked.path.rpartition("/")[2])
        return Says({"error": {"code": 404}}, 404) if review is None else Says(review)

    def _page(self, start: int) -> Says:
        newest = sorted(self.reviews.values(), key=lambda each: each["updateTime"], reverse=True)
        total = {"averageRating": 3, "totalReviewCount": len(newest) + self.hidden_total}
        page = newest[start : start + self.page_size]
        more = {"nextPageToken": str(start + self.page_size)} if start + self.page_size < len(newest) else {}
        return Says({"reviews": page, **total, **more} if page else {})


class AppStoreSays:
    """App Store Connect's interface v1. It checks the token as Apple does."""

    def __init__(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        self.credentials = {
            "issuer_id": "issuer-1",
            "key_id": "KEYID12345",
            "private_key": pem_of(key),
            "app_id": "1234",
        }
        self._key = ECKey.import_key(pem_of(key))
        self.reviews: dict[str, dict[str, Any]] = {}
        self.responses: dict[str, dict[str, Any]] = {}

    def review(self, review_id: str, rating: int = 1, created: str = "2026-03-08T13:22:08-07:00") -> None:
        """Add or change a review."""
        self.reviews[review_id] = {
            "rating": rating,
            "title": "Crashes",
            "body": "At start.",
            "reviewerNickname": "nick",
            "createdDate": created,
            "territory": "ESP",
        }

    def __call__(self, asked: Asked) -> Says:
        """Answer."""
        token = jwt.decode(asked.bearer, self._key, algorithms=["ES256"])
        lasts = token.claims["exp"] - token.claims["iat"]
        assert token.header["kid"] == "KEYID12345"
        assert (token.claims["iss"], token.claims["aud"]) == ("issuer-1", "appstoreconnect-v1")
        assert 0 < lasts <= 1_200
        assert token.claims["exp"] > time.time()
        start, size = int(asked.params.get("cursor", 0)), int(asked.params["limit"])
        newest = sorted(self.reviews, key=lambda each: self.reviews[each]["createdDate"], reverse=True)
        page = newest[start : start + size]
        link = f"{APPLE}{asked.path}?include=response&limit={size}&sort=-createdDate&cursor={start + size}"
        return Says(
            {
                "data": [self._row(each) for each in page],
                "included": [
                    {"type": "customerReviewResponses", "id": f"resp-{each}", "attributes": self.responses[each]}
                    for each in page
                    if each in self.responses
                ],
                "links": {"self": asked.path, **({"next": link} if start + size < len(newest) else {})},
                "meta": {"paging": {"total": len(newest), "limit": size}},
            }
        )

    def _row(self, review_id: str) -> dict[str, Any]:
        data = {"type": "customerReviewResponses", "id": f"resp-{review_id}"} if review_id in self.responses else None
        return {
            "type": "customerReviews",
            "id": review_id,
            "attributes": self.reviews[review_id],
            "relationships": {"response": {"data": data}},
        }


class PlaySays:
    """Google Play's interface v3, and the tokens for what a service account has signed."""

    def __init__(self) -> None:
        key = rsa_key()
        self.credentials = {
            "client_email": "reader@project.iam.gserviceaccount.com",
            "private_key": pem_of(key),
            "package_name": "org.example.app",
        }
        self._key = RSAKey.import_key(pem_of(key))
        self.reviews: dict[str, dict[str, Any]] = {}
        self.page_size = 100

    def review(self, review_id: str, stars: int = 2, seconds: int = 1_778_960_645, reply: str | None = None) -> None:
        """Add or change a review."""
        user = {
            "text": "Title\tClock in is missing.",
            "starRating": stars,
            "reviewerLanguage": "en",
            "appVersionName": "1.2.3",
            "lastModified": {"seconds": str(seconds), "nanos": 5},
        }
        comments: list[dict[str, Any]] = [{"userComment": user}]
        if reply is not None:
            comments.append({"developerComment": {"text": reply, "lastModified": {"seconds": str(seconds + 60)}}})
        self.reviews[review_id] = {"reviewId": review_id, "authorName": "Reviewer", "comments": comments}

    def __call__(self, asked: Asked) -> Says:
        """Answer."""
        if asked.path == "/token":
            claims = jwt.decode(asked.form["assertion"], self._key, algorithms=["RS256"]).claims
            assert claims["iss"] == self.credentials["client_email"]
            assert claims["aud"] == f"{GOOGLE_TOKENS}/token"
            assert claims["scope"].endswith("/androidpublisher")
            return Says({"access_token": "play-token-canary", "expires_in": 3599})
        if asked.bearer != "play-token-canary":
            return Says({"error": {}}, 401)
        start = int(asked.params.get("token", 0))
        page = [*self.reviews.values()][start : start + self.page_size]
        more = start + self.page_size < len(self.reviews)
        token = {"tokenPagination": {"nextPageToken": str(start + self.page_size)}} if more else {}
        return Says({**({"reviews": page} if page else {}), **token})


class G2Says:
    """G2's interface v2: reviews, and those that were removed."""

    credentials: ClassVar = {"token": "g2-token-canary", "product_id": "acme-app"}

    def __init__(self) -> None:
        self.reviews: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()
        self.page_size = 100

    def review(self, review_id: str, stars: float = 2.5) -> None:
        """Add or change a review."""
        self.reviews[review_id] = {
            "star_rating": stars,
            "title": "Half good",
            "answers": {"love": {"text": "?", "value": "Fast."}},
            "is_public": True,
            "published_at": "2026-05-01T00:00:00.000-05:00",
            "product_name": "Acme",
        }

    def __call__(self, asked: Asked) -> Says:
        """Answer."""
        if asked.bearer != "g2-token-canary":
            return Says({"errors": [{"status": "401"}]}, 401)
        assert asked.path == "/api/v2/products/acme-app/reviews"
        if "filter[removed]" in asked.params:
            gone = {"product_name": "Acme", "removed_at": "2026-05-03T00:00:00.000-05:00"}
            data = [{"id": each, "type": "reviews", "attributes": gone} for each in sorted(self.removed)]
            return Says({"data": data, "links": {}})
        start = int(asked.params.get("page[after]", 0))
        named = [each for each in self.reviews if each not in self.removed]
        page = [{"id": each, "type": "reviews", "attributes": self.reviews[each]} for each in named]
        more = start + self.page_size < len(page)
        following = f"{G2}{asked.path}?page%5Bafter%5D={start + self.page_size}" if more else None
        return Says({"data": page[start : start + self.page_size], "links": {"next": following}})
