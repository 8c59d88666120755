"""While the secret of one source cannot be decrypted, nobody else loses anything, and the source can be mended.

Its key is gone, or the stored value is damaged.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from plaudit.common.vault import Place
from plaudit.common.vault.key_ring import new_key
from plaudit.ingest.hooks.api.proofs import UNOPENED_RETRY_SECONDS
from plaudit.ingest.sources import store
from plaudit_testing.running_ingest import Ingest, Source, created, running_ingest
from plaudit_testing.vault import VAULT_KEYS, damaged, lost

pytestmark = pytest.mark.postgres

EVENT = created("r-1")
OURS = {"sec-fetch-site": "same-origin", "accept": "text/html"}
PLATFORMS = ("native", "trustpilot")
MAPPING = {
    "fields": {"id": "id", "rating": "stars", "published_at": "at"},
    "proof": {"kind": "hmac", "header": "X-House-Sign", "prefix": "sha256=", "id_header": "X-House-Id"},
}
Spoil = Callable[[Ingest, Source], Awaitable[None]]


async def lose_key(ingest: Ingest, source: Source) -> None:
    """Let all secrets of a source be sealed under a key that nobody has."""
    sealed = [lost("secret", Place("default", "sources", source.id, name)) for name in ("secret", "path_token")]
    await ingest.superuser.execute(
        "UPDATE ingest.sources SET secret = $2, path_token = CASE WHEN path_token IS NULL THEN NULL ELSE $3 END "
        "WHERE id = $1",
        UUID(source.id),
        *sealed,
    )


async def damage(ingest: Ingest, source: Source) -> None:
    """Change one bit of what proves the deliveries of a source."""
    column = "secret" if source.secret else "path_token"
    [(sealed,)] = await ingest.rows(f"SELECT {column} FROM ingest.sources WHERE id = $1", UUID(source.id))
    await ingest.superuser.execute(
        f"UPDATE ingest.sources SET {column} = $2 WHERE id = $1", UUID(source.id), damaged(sealed)
    )


@pytest.fixture(params=[lose_key, damage], ids=["the key is gone", "the value is damaged"])
def spoil(request: pytest.FixtureRequest) -> Spoil:
    found: Spoil = request.param
    return found


async def ask(ingest: Ingest, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    sent = {"authorization": f"Bearer {await ingest.key()}"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await ingest.client.request(method, path, json=body, headers=sent)


async def stored(ingest: Ingest, source: Source) -> tuple[Any, ...]:
    [row] = await ingest.rows(
        "SELECT secret, path_token, more_secrets, more_secrets_until FROM ingest.sources WHERE id = $1",
        UUID(source.id),
    )
    return tuple(row)


async def signed_in(ingest: Ingest) -> httpx.AsyncClient:
    answer = await ingest.client.post("/sign-in", data={"key": await ingest.key()}, headers=OURS)
    ingest.client.cookies.update(answer.cookies)
    ingest.client.headers.update(OURS)
    return ingest.client


def is_unreadable(answer: httpx.Response) -> bool:
    return (answer.status_code, answer.json()["type"]) == (409, "/problems#secret-unreadable")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_it_is_listed_and_read_with_what_to_do_and_the_others_as_ever(
    ingest: Ingest, source: Source, spoil: Spoil, platform: str
):
    bad = await ingest.source(platform=platform)
    before = (await ingest.get(f"/v1/sources/{bad.id}")).json()
    assert before["secret_error"] is None
    await spoil(ingest, bad)
    listed = {each["id"]: each for each in await ingest.items("/v1/sources")}
    assert "PLAUDIT_VAULT_KEYS" in listed[bad.id]["secret_error"]
    assert listed[bad.id] == {**before, "secret_error": listed[bad.id]["secret_error"]}
    assert listed[source.id]["secret_error"] is None
    read = await ask(ingest, "GET", f"/v1/sources/{bad.id}", if_none_match='"1"')
    assert (read.status_code, read.json()) == (200, listed[bad.id])
    assert "etag" not in read.headers
    assert (await ask(ingest, "GET", f"/v1/sources/{source.id}")).headers["etag"] == '"1"'


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_it_is_edited_paused_and_deleted_and_what_is_sealed_stays(ingest: Ingest, spoil: Spoil, platform: str):
    bad = await ingest.source(platform=platform)
    await spoil(ingest, bad)
    sealed = await stored(ingest, bad)
    path = f"/v1/sources/{bad.id}"
    for changes in ({"name": "Renamed"}, {"subject": "acme/hamburg"}, {"paused": True}, {"paused": False}):
        answer = await ask(ingest, "PATCH", path, changes)
        assert answer.status_code == 200, answer.text
        assert answer.json()["secret_error"] is not None
    assert (answer.json()["name"], answer.json()["revision"]) == ("Renamed", 5)
    assert await stored(ingest, bad) == sealed
    assert (await ask(ingest, "DELETE", path)).status_code == 204
    assert (await ask(ingest, "GET", path)).status_code == 404


async def test_what_needs_the_secret_says_what_to_do(ingest: Ingest, spoil: Spoil):
    wanted = {"name": "Shop", "platform": "native", "subject": "acme"}
    made = (await ask(ingest, "POST", "/v1/sources", wanted, idempotency_key="once")).json()
    await spoil(ingest, Source(made["id"], made["secret"], made["hook"]))
    path = f"/v1/sources/{made['id']}"
    for answer in (
        await ask(ingest, "GET", f"{path}/secret"),
        await ask(ingest, "POST", "/v1/sources", wanted, idempotency_key="once"),
        await ask(ingest, "POST", f"{path}/test", {"body": "{}", "sign": True}),
    ):
        assert is_unreadable(answer), answer.text
        assert "another secret" in answer.json()["detail"]


async def test_no_mapping_is_replaced_while_nobody_knows_whether_the_secret_fits(ingest: Ingest, spoil: Spoil):
    wanted = {"name": "Shop", "platform": "custom", "subject": "acme", "mapping": MAPPING}
    made = (await ask(ingest, "POST", "/v1/sources", wanted)).json()
    bad = Source(made["id"], made["secret"], made["hook"])
    await spoil(ingest, bad)
    sealed = await stored(ingest, bad)
    assert is_unreadable(await ask(ingest, "PUT", f"/v1/sources/{bad.id}/mapping", {"mapping": MAPPING}))
    assert await stored(ingest, bad) == sealed


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_another_secret_heals_it_and_all_older_ones_end(
    ingest: Ingest, ingest_url: str, spoil: Spoil, platform: str
):
    bad = await ingest.source(platform=platform)
    await ask(ingest, "POST", f"/v1/sources/{bad.id}/secret/rotate", {})
    await spoil(ingest, bad)
    answer = await ask(ingest, "POST", f"/v1/sources/{bad.id}/secret/rotate", {"overlap_seconds": 3_600})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["secret_error"], answer.json()["more_secrets_until"]) == (None, [])
    shown = (await ask(ingest, "GET", f"/v1/sources/{bad.id}/secret")).json()
    assert (shown["secret"], shown["hook"]) == (answer.json()["secret"], answer.json()["hook"])
    assert (shown["hook"] == f"/v1/hooks/{bad.id}") is (platform == "native")
    body = {"events": []} if platform == "trustpilot" else EVENT
    async with running_ingest(ingest_url) as later:
        assert (await later.post(Source(bad.id, shown["secret"], shown["hook"]), body)).status_code == 202
        assert (await later.post(bad, body)).status_code == 401


async def test_secrets_of_the_platform_heal_it_too(ingest: Ingest, source: Source, spoil: Spoil):
    await spoil(ingest, source)
    issued = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA="
    answer = await ask(ingest, "PUT", f"/v1/sources/{source.id}/secrets", {"secrets": [issued]})
    assert answer.json()["secret_error"] is None
    assert (await ingest.post(Source(source.id, issued, source.hook), EVENT)).status_code == 202


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_its_hook_alone_answers_503_and_asks_the_database_once(
    ingest: Ingest, source: Source, spoil: Spoil, platform: str, monkeypatch: pytest.MonkeyPatch
):
    bad = await ingest.source(platform=platform)
    await spoil(ingest, bad)
    loads: list[UUID] = []
    find = store.find

    async def counted(tx, source_id, vault):
        loads.append(source_id)
        return await find(tx, source_id, vault)

    monkeypatch.setattr(store, "find", counted)
    metric = ("plaudit_secrets_unopened_total", {"platform": platform})
    before = REGISTRY.get_sample_value(*metric) or 0.0
    with capture_logs() as logged:
        answers = [await ingest.post(bad, EVENT) for _ in range(5)]
    assert {each.status_code for each in answers} == {503}
    assert {each.headers["retry-after"] for each in answers} == {str(UNOPENED_RETRY_SECONDS)}
    assert loads == [UUID(bad.id)]
    assert REGISTRY.get_sample_value(*metric) == before + 1
    [line] = [each for each in logged if each["event"] == "source_secret_unopened"]
    assert (line["source_id"], line["log_level"]) == (bad.id, "error")
    assert (await ingest.post(source, EVENT)).status_code == 202
    assert (await ingest.counts())["deliveries"] == 1
    assert await ingest.items(f"/v1/sources/{bad.id}/failed-attempts") == []


async def test_when_the_key_is_back_all_is_as_before(ingest: Ingest, source: Source, ingest_url: str):
    new = new_key("new")
    async with running_ingest(ingest_url, vault_keys=new) as without:
        assert (await without.post(source, EVENT)).status_code == 503
        renamed = await ask(without, "PATCH", f"/v1/sources/{source.id}", {"name": "Renamed"})
        assert renamed.json()["secret_error"] is not None
        another = await without.source()
        assert (await without.post(another, EVENT)).status_code == 202
    async with running_ingest(ingest_url, vault_keys=f"{new} {VAULT_KEYS}") as back:
        read = (await back.get(f"/v1/sources/{source.id}")).json()
        assert (read["name"], read["secret_error"]) == ("Renamed", None)
        assert (await back.post(source, EVENT)).status_code == 202


async def test_an_older_secret_that_is_damaged_closes_it_until_that_one_ends(ingest: Ingest, source: Source):
    await ask(ingest, "POST", f"/v1/sources/{source.id}/secret/rotate", {"overlap_seconds": 3_600})
    [(older,)] = await ingest.rows("SELECT more_secrets[1] FROM ingest.sources")
    await ingest.superuser.execute("UPDATE ingest.sources SET more_secrets = ARRAY[$1::text]", damaged(older))
    assert (await ask(ingest, "GET", f"/v1/sources/{source.id}")).json()["secret_error"] is not None
    await ingest.superuser.execute("UPDATE ingest.sources SET more_secrets_until = ARRAY[now()]")
    assert (await ask(ingest, "GET", f"/v1/sources/{source.id}")).json()["secret_error"] is None


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_the_console_says_so_and_leads_to_another_secret(ingest: Ingest, spoil: Spoil, platform: str):
    bad, good = await ingest.source(platform=platform), await ingest.source(subject="other")
    await spoil(ingest, bad)
    staff = await signed_in(ingest)
    path = f"/console/sources/{bad.id}"
    listed = (await staff.get("/console/sources")).text
    assert listed.count("secret unreadable") == 1
    assert f'href="{path}/settings#rotate"' in listed
    page = await staff.get(path)
    assert page.status_code == 200, page.text
    assert "The secret cannot be decrypted" in page.text
    assert f'href="{path}/settings#rotate"' in page.text
    assert f"{path}/secret" not in page.text
    assert ("SECRET-TOKEN" in page.text) is (platform == "trustpilot")
    assert "cannot be decrypted" not in (await staff.get(f"/console/sources/{good.id}")).text
    settings = (await staff.get(f"{path}/settings")).text
    assert 'id="rotate"' in settings
    assert 'name="overlap"' not in settings
    for further in ("secret", "test"):
        refused = await staff.get(f"{path}/{further}")
        assert refused.status_code == 409
        assert "PLAUDIT_VAULT_KEYS" in refused.text
    healed = await staff.post(f"{path}/rotate", data={"seen": "1"})
    assert healed.status_code == 200, healed.text
    assert "secret unreadable" not in (await staff.get("/console/sources")).text
