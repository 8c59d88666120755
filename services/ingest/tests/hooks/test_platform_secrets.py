"""Secrets that platforms issue, several at once, and the addresses that deliveries may come from."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.webhooks import headers

pytestmark = pytest.mark.postgres

REVIEW = {
    "event_type": "survey_response.created",
    "event_id": "1",
    "event_data": {"id": "7", "survey_type": "nps", "score": 9, "created_at": 1777622400},
}
BODY = json.dumps(REVIEW).encode()


async def ask(ingest: Ingest, method: str, path: str, **body: Any) -> httpx.Response:
    key = {"authorization": f"Bearer {await ingest.key()}"}
    return await ingest.client.request(method, path, json=body, headers=key)


async def made(ingest: Ingest, **wanted: Any) -> httpx.Response:
    return await ask(ingest, "POST", "/v1/sources", **{"name": "Shop", "subject": "acme", **wanted})


async def signed(ingest: Ingest, hook: str, secret: str) -> int:
    mac = hmac.new(secret.encode(), BODY, hashlib.sha256).hexdigest()
    return (await ingest.send(hook, BODY, {"x-delighted-webhook-signature": f"sha256={mac}"})).status_code


async def test_the_secret_that_the_platform_issued_signs(ingest: Ingest):
    source = (await made(ingest, platform="delighted", secret="issued-api-key")).json()
    assert source["secret"] == "issued-api-key"
    assert await signed(ingest, source["hook"], "issued-api-key") == 202
    assert await signed(ingest, source["hook"], "another-api-key") == 401


async def test_several_secrets_count_at_once_and_those_taken_away_do_not(ingest_url: str):
    async with running_ingest(ingest_url, source_cache_seconds=0) as ingest:
        source = (await made(ingest, platform="delighted", secret="first-secret")).json()
        path = f"/v1/sources/{source['id']}/secrets"
        assert (await ask(ingest, "PUT", path, secrets=["second-secret", "first-secret"])).status_code == 200
        assert [await signed(ingest, source["hook"], each) for each in ("first-secret", "second-secret")] == [202, 202]
        assert (await ask(ingest, "PUT", path, secrets=["second-secret"])).status_code == 200
        assert [await signed(ingest, source["hook"], each) for each in ("first-secret", "second-secret")] == [401, 202]


async def test_what_cannot_be_a_setting_is_a_422_that_says_why(ingest: Ingest):
    for wanted, word in (
        ({"platform": "native", "secret": "not base64!"}, "base64"),
        ({"platform": "native-v1a"}, "whpk_"),
        ({"platform": "trustpilot", "secret": "a-secret-of-theirs"}, "signs nothing"),
        ({"platform": "stamped", "time_zone": "Mars/Olympus"}, "time_zone"),
        ({"platform": "stamped", "time_zone": "../../etc/passwd"}, "time_zone"),
        ({"platform": "native", "allowed_addresses": ["10.0.0.1/8"]}, "allowed_addresses"),
    ):
        answer = await made(ingest, **wanted)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems#invalid-source"), wanted
        assert word in answer.json()["detail"]
    assert await ingest.items("/v1/sources") == []


async def test_a_source_that_is_none_has_no_secrets_to_replace(ingest: Ingest, source: Source):
    none = "00000000-0000-7000-8000-000000000000"
    assert (await ask(ingest, "PUT", f"/v1/sources/{none}/secrets", secrets=["x" * 16])).status_code == 404
    assert (await ask(ingest, "PUT", f"/v1/sources/{source.id}/secrets", secrets=[])).status_code == 422


async def test_only_allowed_addresses_may_post_and_proxies_are_looked_behind(ingest_url: str):
    async with running_ingest(ingest_url, trusted_proxies="127.0.0.1") as ingest:
        wanted = {"platform": "native", "allowed_addresses": ["198.51.100.0/24"]}
        source = (await made(ingest, **wanted)).json()
        body = json.dumps(created("r-1")).encode()
        for address, status in (("198.51.100.7", 202), ("203.0.113.7", 401), ("", 401), ("198.51.100.7, x", 401)):
            forwarded = {"x-forwarded-for": address, **headers(source["secret"], body)}
            assert (await ingest.send(source["hook"], body, forwarded)).status_code == status, address
        wrong = {"x-forwarded-for": "203.0.113.7", **headers(source["secret"], body)}
        assert "address" in (await ingest.send(source["hook"], body, wrong)).json()["detail"]


async def test_a_time_without_a_zone_is_read_in_the_sources(ingest: Ingest):
    review = {"id": 1, "reviewRating": 5, "reviewMessage": "x", "dateCreated": "2026-06-01T14:05:06"}
    answers = []
    for zone in (None, "Europe/Berlin"):
        source = (await made(ingest, platform="stamped", secret="stamped-secret", time_zone=zone)).json()
        sent = {"x-stamped-webhook-secret": "stamped-secret"}
        answers.append(await ingest.send(source["hook"], json.dumps(review).encode(), sent))
    assert [answer.status_code for answer in answers] == [422, 202]
    assert "has no zone" in answers[0].json()["errors"][0]["detail"]
    [stored] = await ingest.items("/v1/reviews")
    assert stored["published_at"] == "2026-06-01T12:05:06Z"
