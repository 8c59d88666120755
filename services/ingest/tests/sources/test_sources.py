"""Making sources and reading them."""

import base64
from uuid import uuid4

import httpx
import pytest

from plaudit.common.standard_webhooks import new_secret
from plaudit.ingest.platforms import ADAPTERS
from plaudit_testing.problems import problem_of
from plaudit_testing.running_ingest import Ingest, Source

pytestmark = pytest.mark.postgres

UNSIGNED = {"fields": {"id": "id", "rating": "r", "published_at": "at"}, "proof": {"kind": "path-token"}}
WANTED = {"name": "Our shop", "platform": "native", "subject": "acme/berlin"}


async def make(ingest: Ingest, **wanted: object) -> httpx.Response:
    authorization = {"authorization": f"Bearer {await ingest.key()}"}
    return await ingest.client.post("/v1/sources", json=wanted, headers=authorization)


async def test_a_source_that_signs_comes_with_a_secret_of_its_own(ingest: Ingest):
    made = [(await make(ingest, **WANTED)).json() for _ in range(2)]
    first = made[0]
    assert {name: first[name] for name in WANTED} == WANTED
    assert first["hook"] == f"/v1/hooks/{first['id']}"
    assert len({each["id"] for each in made}) == len({each["secret"] for each in made}) == 2
    written = first["secret"].removeprefix("whsec_")
    assert first["secret"] != written
    assert len(base64.b64decode(written)) == 32


@pytest.mark.parametrize("platform", ["judge-me", "native"])
async def test_a_secret_is_taken_without_the_space_that_a_copy_has_around_it(ingest: Ingest, platform: str):
    secret = new_secret()
    wanted = {"name": "Shop", "platform": platform, "subject": "acme", "secret": f" {secret}\r\n"}
    made = await make(ingest, **wanted)
    assert (made.status_code, made.json().get("secret")) == (201, secret)


async def test_the_secret_is_shown_when_made_and_when_asked_for_and_nowhere_else(ingest: Ingest, source: Source):
    secret = await ingest.get(f"/v1/sources/{source.id}/secret")
    assert secret.json()["secret"] == source.secret
    for path in ("/v1/sources", f"/v1/sources/{source.id}"):
        assert source.secret not in (await ingest.get(path)).text
    token = (await ingest.source(platform="trustpilot")).hook.rsplit("/", 1)[1]
    assert token not in (await ingest.get("/v1/sources")).text


@pytest.mark.parametrize("platform", ADAPTERS)
async def test_every_platform_that_has_an_adapter_can_be_connected(ingest: Ingest, platform: str):
    keys = {
        "native-v1a": {"secret": "whpk_" + base64.b64encode(b"k" * 32).decode()},
        "custom": {"mapping": UNSIGNED},
        "google-business": {"secret": "push@project.iam.gserviceaccount.com"},
    }
    answer = await make(ingest, **{**WANTED, "platform": platform}, **keys.get(platform, {}))
    assert answer.status_code == 201
    assert (answer.json()["secret"] != "") == (not ADAPTERS[platform].proof.in_address)


async def test_what_cannot_be_a_source_is_a_422_that_says_why(ingest: Ingest):
    refused = {
        "unknown-platform": {"platform": "myspace"},
        "invalid-request": {"name": ""},
    }
    for slug, wrong in refused.items():
        answer = await make(ingest, **{**WANTED, **wrong})
        assert (answer.status_code, answer.json()["type"]) == (422, f"/problems#{slug}")
    for subject in ("", "a//b", "/a", "a/", "a/b/c/d/e/f/g", "a" * 65, "ä", "../a", "a\n"):
        malformed = await make(ingest, **{**WANTED, "subject": subject})
        assert (malformed.status_code, malformed.json()["errors"][0]["pointer"]) == (422, "/subject")
    assert (await make(ingest, **WANTED, surprise=1)).json()["errors"][0]["pointer"] == "/surprise"
    assert "native" in (await make(ingest, **{**WANTED, "platform": "myspace"})).json()["detail"]
    assert await ingest.items("/v1/sources") == []


async def test_a_source_that_is_none_is_a_404(ingest: Ingest):
    for path in (f"/v1/sources/{uuid4()}", f"/v1/sources/{uuid4()}/secret"):
        assert (await ingest.get(path)).status_code == 404
    assert (await ingest.get("/v1/sources/none")).status_code == 422


async def test_pages_of_sources_hold_each_once_the_oldest_first(ingest: Ingest):
    made = [(await ingest.source(subject=f"acme/{number}")).id for number in range(7)]
    await ingest.superuser.execute("UPDATE ingest.sources SET created_at = date_trunc('hour', now())")
    pages = await ingest.pages("/v1/sources", limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    found = [item["id"] for page in pages for item in page]
    assert sorted(found) == sorted(made)
    assert found == sorted(found)


async def test_secrets_are_stored_encrypted_and_open_in_their_own_row_only(ingest: Ingest, source: Source):
    token = (await ingest.source(platform="trustpilot")).hook.rsplit("/", 1)[1]
    stored = str(await ingest.rows("SELECT * FROM ingest.sources"))
    assert source.secret not in stored
    assert source.secret.removeprefix("whsec_") not in stored
    assert token not in stored
    other = await ingest.source()
    await ingest.rows(
        "UPDATE ingest.sources SET secret = (SELECT secret FROM ingest.sources WHERE id = $1) WHERE id = $2",
        source.id,
        other.id,
    )
    answer = await ingest.get(f"/v1/sources/{other.id}/secret")
    assert problem_of(answer) == (409, "secret-unreadable")
    assert source.secret not in answer.text
