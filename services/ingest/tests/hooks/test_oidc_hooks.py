"""Notifications of Google prove themselves by a token of a service account, over real HTTP to a server of keys."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from plaudit.ingest import main
from plaudit.ingest.hooks.api import issuer_keys
from plaudit_testing.interfaces import GOOGLE_KEYS, Asked, FakeInterface, Says, pem_of, rsa_key, serving_interface
from plaudit_testing.running_ingest import Ingest, Source, running_ingest

pytestmark = pytest.mark.postgres

ACCOUNT = "push@project.iam.gserviceaccount.com"
PUBLIC = "https://reviews.example.com"
WEEK_SECONDS = 604_800.0
NAME = "accounts/1/locations/2/reviews/AbC-1"


@dataclass
class Issuer:
    """Signs tokens, and publishes some of its keys."""

    server: FakeInterface
    keys: dict[str, RSAKey] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    max_age: int = 3_600

    def make(self, kid: str, *, publish: bool = True) -> None:
        self.keys[kid] = RSAKey.import_key(pem_of(rsa_key()))
        if publish:
            self.published.append(kid)

    def says(self, _: Asked) -> Says:
        keys = [{**self.keys[kid].as_dict(private=False), "kid": kid, "use": "sig"} for kid in self.published]
        return Says({"keys": keys}, headers={"cache-control": f"public, max-age={self.max_age}, no-transform"})

    def token(self, source: Source, kid: str = "k-1", **claims: Any) -> str:
        now = int(time.time())
        told = {
            "iss": "https://accounts.google.com",
            "aud": f"{PUBLIC}{source.hook}",
            "email": ACCOUNT,
            "email_verified": True,
            "iat": now,
            "exp": now + 3_600,
            "sub": "113774264463038321964",
        }
        return jwt.encode({"alg": "RS256", "kid": kid}, {**told, **claims}, self.keys[kid])


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with serving_interface(lambda _: Says()) as server:
        made = Issuer(server)
        made.make("k-1")
        server.handle = made.says
        yield made


@pytest.fixture
async def ingest(ingest_url: str, issuer: Issuer) -> AsyncIterator[Ingest]:
    origins = {GOOGLE_KEYS: issuer.server.url}
    async with running_ingest(ingest_url, public_url=PUBLIC, interface_origins=origins) as opened:
        yield opened


@pytest.fixture
async def google(ingest: Ingest) -> Source:
    return await google_source(ingest)


async def google_source(ingest: Ingest) -> Source:
    wanted = {"name": "Google", "platform": "google-business", "subject": "acme", "secret": ACCOUNT}
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    made = (await ingest.client.post("/v1/sources", json=wanted, headers=headers)).json()
    return Source(made["id"], made["secret"], made["hook"])


def notification(message_id: str = "9001") -> bytes:
    data = b64encode(json.dumps({"notificationType": "NEW_REVIEW", "reviewName": NAME}).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": message_id}, "subscription": "s"}).encode()


async def push(ingest: Ingest, source: Source, token: str, body: bytes | None = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return await ingest.send(source.hook, body or notification(), headers)


async def notices(ingest: Ingest) -> list[str]:
    return [row["name"] for row in await ingest.rows("SELECT name FROM ingest.pull_notices")]


async def test_a_notification_is_durable_as_a_review_to_ask_for(ingest: Ingest, google: Source, issuer: Issuer):
    answers = [await push(ingest, google, issuer.token(google)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert [answer.json().get("duplicate", False) for answer in answers] == [False, True]
    assert answers[0].json()["accepted"] == 1
    assert await notices(ingest) == [NAME]
    assert len(issuer.server.asked) == 1
    [delivery] = await ingest.items("/v1/deliveries")
    assert delivery["sent_id"] == "9001"


async def test_a_message_that_names_no_review_is_ignored(ingest: Ingest, google: Source, issuer: Issuer):
    body = json.dumps({"message": {"data": "dGVzdA==", "messageId": "9004"}}).encode()
    answer = await push(ingest, google, issuer.token(google), body)
    assert (answer.status_code, len(answer.json()["ignored"])) == (202, 1)
    assert await notices(ingest) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another account": ({"email": "other@project.iam.gserviceaccount.com"}, "email"),
    "an account that is not verified": ({"email_verified": False}, "unverified"),
    "another audience": ({"aud": f"{PUBLIC}/v1/hooks/other"}, "aud"),
    "two audiences": ({"aud": [f"{PUBLIC}/v1/hooks/other", PUBLIC]}, "aud"),
    "another issuer": ({"iss": "https://accounts.example.com"}, "iss"),
    "expired": ({"iat": 1_000, "exp": 2_000}, "expired"),
    "of the future": ({"iat": 9_000_000_000, "exp": 9_000_000_000 + 10}, "future"),
    "no end": ({"exp": None}, "exp"),
    "milliseconds": ({"exp": 9_99_000_000_000}, "Unix seconds"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_a_token_that_is_not_for_this_source_and_now_is_a_401(
    ingest: Ingest, google: Source, issuer: Issuer, case: str
):
    claims, why = WRONG[case]
    answer = await push(ingest, google, issuer.token(google, **claims))
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems#invalid-signature")
    assert why in answer.json()["detail"]
    assert issuer.server.asked == [], "such a token makes nobody ask for keys"
    assert (await ingest.counts())["deliveries"] == 0


async def test_clocks_may_differ_a_little(ingest: Ingest, google: Source, issuer: Issuer):
    now = int(time.time())
    for token in (issuer.token(google, exp=now - 20), issuer.token(google, iat=now + 20)):
        assert (await push(ingest, google, token)).status_code == 202


def hostile(issuer: Issuer, source: Source) -> dict[str, str]:
    right = issuer.token(source)
    head, claims, signature = right.split(".")
    unsigned = b64encode(json.dumps({"alg": "none", "kid": "k-1"}).encode()).decode().rstrip("=")
    public = issuer.keys["k-1"].as_pem(private=False)
    symmetric = jwt.encode({"alg": "HS256", "kid": "k-1"}, {}, OctKey.import_key(b"x" * 32), algorithms=["HS256"])
    assert public
    return {
        "no token": "",
        "none": f"{unsigned}.{claims}.",
        "symmetric": ".".join((symmetric.split(".")[0], claims, signature)),
        "another signature": right[:-8] + "AAAAAAAA",
        "two parts": f"{head}.{claims}",
        "not base64": "a.b.c",
        "deep": b64encode(b"[" * 3_000).decode().rstrip("=") + f".{claims}.{signature}",
        "long": "A" * 9_000,
        "not ASCII": "é.é.é",
    }


async def test_hostile_tokens_are_a_401(ingest: Ingest, google: Source, issuer: Issuer):
    for case, token in hostile(issuer, google).items():
        answer = await ingest.send_as_is(google.hook, notification(), {b"authorization": b"Bearer " + token.encode()})
        assert answer.status_code == 401, case
    assert (await ingest.send(google.hook, notification(), {})).status_code == 401
    assert (await ingest.counts())["deliveries"] == 0


async def test_a_token_of_another_key_that_was_never_published_is_a_401(ingest: Ingest, google: Source, issuer: Issuer):
    issuer.make("k-hidden", publish=False)
    assert (await push(ingest, google, issuer.token(google))).status_code == 202
    for _ in range(3):
        answer = await push(ingest, google, issuer.token(google, "k-hidden"))
        assert (answer.status_code, "does not publish" in answer.json()["detail"]) == (401, True)
    assert len(issuer.server.asked) == 1, "keys that were read just now are not read again"


async def test_rotated_keys_are_read_without_a_refusal(
    ingest: Ingest, google: Source, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(issuer_keys, "READ_AGAIN_SECONDS", 0.0)
    assert (await push(ingest, google, issuer.token(google))).status_code == 202
    issuer.make("k-2")
    assert (await push(ingest, google, issuer.token(google, "k-2"), notification("2"))).status_code == 202
    assert (await push(ingest, google, issuer.token(google), notification("3"))).status_code == 202
    issuer.published.remove("k-1")
    issuer.make("k-3")
    assert (await push(ingest, google, issuer.token(google, "k-3"), notification("4"))).status_code == 202
    monkeypatch.setattr(issuer_keys, "READ_AGAIN_SECONDS", 60.0)
    assert (await push(ingest, google, issuer.token(google), notification("5"))).status_code == 401


@dataclass
class Clock:
    """A clock that nobody sets, but this test."""

    seconds: float = 0.5
    """As soon after a start of the machine."""

    def __call__(self) -> float:
        return self.seconds


@asynccontextmanager
async def at_their_clock(
    dsn: str, issuer: Issuer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Ingest, Source]]:
    """Ingest whose keys of issuers age by a clock of the test."""
    monkeypatch.setattr(main, "PublishedKeys", partial(issuer_keys.PublishedKeys, monotonic=clock))
    origins = {GOOGLE_KEYS: issuer.server.url}
    async with running_ingest(dsn, public_url=PUBLIC, interface_origins=origins) as ingest:
        yield ingest, await google_source(ingest)


async def test_the_first_delivery_after_a_quiet_week_in_which_the_keys_rotated_is_taken(
    ingest_url: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock()
    async with at_their_clock(ingest_url, issuer, clock, monkeypatch) as (ingest, google):
        assert (await push(ingest, google, issuer.token(google))).status_code == 202
        for week, kid in enumerate(("k-2", "k-2", "k-3")):
            clock.seconds += WEEK_SECONDS
            issuer.published.clear()
            if kid not in issuer.keys:
                issuer.make(kid, publish=False)
            issuer.published.append(kid)
            assert (await push(ingest, google, issuer.token(google, kid), notification(kid))).status_code == 202
            assert len(issuer.server.asked) == 2 + week, "they are read once a week"
        assert (await push(ingest, google, issuer.token(google), notification("1"))).status_code == 401


@pytest.mark.parametrize("step_seconds", [-3_600, 3_600])
async def test_keys_age_by_no_clock_that_can_be_set(
    ingest_url: str, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, step_seconds: int
):
    clock, wall = Clock(), time.time
    async with at_their_clock(ingest_url, issuer, clock, monkeypatch) as (ingest, google):
        assert (await push(ingest, google, issuer.token(google))).status_code == 202
        monkeypatch.setattr(time, "time", lambda: wall() + step_seconds)
        assert (await push(ingest, google, issuer.token(google), notification("2"))).status_code == 202
        assert len(issuer.server.asked) == 1, "they count as long as before"
        issuer.make("k-2")
        clock.seconds += issuer_keys.READ_AGAIN_SECONDS
        assert (await push(ingest, google, issuer.token(google, "k-2"), notification("3"))).status_code == 202
        issuer.published.remove("k-1")
        clock.seconds += issuer.max_age
        assert (await push(ingest, google, issuer.token(google), notification("4"))).status_code == 401
        assert len(issuer.server.asked) == 3, "they have ended"


FAULTS: dict[str, Callable[[FakeInterface], None]] = {
    "cut": lambda server: setattr(server, "fault", "cut"),
    "dead": lambda server: setattr(server, "fault", "dead"),
    "error": lambda server: setattr(server, "says", Says({}, 500)),
    "not JSON": lambda server: setattr(server, "says", Says(b"<html>")),
    "no keys": lambda server: setattr(server, "says", Says({"keys": []})),
    "redirect": lambda server: setattr(server, "says", Says({}, 302, {"location": "https://example.com"})),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_while_the_keys_cannot_be_read_nothing_is_said_of_a_token(
    ingest: Ingest, google: Source, issuer: Issuer, fault: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(issuer_keys, "TRY_AGAIN_SECONDS", 0.0)
    FAULTS[fault](issuer.server)
    with monkeypatch.context() as patch:
        patch.setattr(issuer_keys, "TIMEOUT_SECONDS", 0.5)
        for _ in range(2):
            answer = await push(ingest, google, issuer.token(google))
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems#unavailable")
            assert int(answer.headers["retry-after"]) >= 1
    assert (await ingest.counts())["deliveries"] == 0
    issuer.server.fault = issuer.server.says = None
    assert (await push(ingest, google, issuer.token(google))).status_code == 202


async def test_the_secret_of_such_a_source_is_the_address_of_an_account(ingest: Ingest):
    headers = {"authorization": f"Bearer {await ingest.key()}"}
    for secret in (None, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA=", "a b@example.com"):
        wanted = {"name": "Google", "platform": "google-business", "subject": "acme", "secret": secret}
        answer = await ingest.client.post("/v1/sources", json=wanted, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems#invalid-source")


async def test_a_platform_that_is_only_asked_takes_nothing_that_is_posted(ingest: Ingest):
    source = await ingest.source(platform="app-store")
    assert (await ingest.send(source.hook, b'{"data": []}', {})).status_code == 401
    assert (await ingest.counts())["deliveries"] == 0
