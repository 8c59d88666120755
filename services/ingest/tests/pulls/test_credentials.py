"""Credentials are stored encrypted and never shown, and neither they nor tokens are in any log, metric or answer."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from plaudit.common.db import Role
from plaudit.common.vault import vault_of
from plaudit.ingest.contacts.jobs import ResealJob
from plaudit.ingest.pulls import store
from plaudit_testing.databases import NO_KAFKA
from plaudit_testing.deadlines import DEADLINE_SECONDS
from plaudit_testing.interfaces import Says
from plaudit_testing.running_ingest import Ingest
from plaudit_testing.runtime import until
from plaudit_testing.stack import ServiceProcess, stack
from plaudit_testing.vault import VAULT_KEYS, damaged

pytestmark = pytest.mark.postgres

CANARY = "canary"
"""Is in every secret and token of the servers."""


async def stored(dsn: str) -> str:
    """All that the service stores, as text."""
    connection = await asyncpg.connect(dsn)
    tables = await connection.fetch(
        "SELECT c.oid::regclass::text AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace "
        "WHERE nspname = 'ingest' AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    found = [
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
        for table in tables
        for row in await connection.fetch(f"SELECT * FROM {table['name']}")
        for value in row
    ]
    await connection.close()
    return "\n".join(found)


@pytest.fixture
async def running(ingest_url: str, tmp_path: Path, platforms) -> AsyncIterator[tuple[Any, ...]]:
    origins = json.dumps(platforms.origins)
    with stack(ingest_url, NO_KAFKA, tmp_path, PLAUDIT_LOG_LEVEL="DEBUG", PLAUDIT_INTERFACE_ORIGINS=origins) as made:
        processes: list[ServiceProcess] = [made.process("ingest", command).start() for command in ("api", "jobs")]
        for process in processes:
            process.wait_ready()
        key = {"authorization": f"Bearer {made.new_key('default')}"}
        async with httpx.AsyncClient(base_url=processes[0].base, timeout=DEADLINE_SECONDS, headers=key) as client:
            yield processes, client
        for process in processes:
            process.stop()


@pytest.mark.e2e
async def test_no_secret_is_in_any_log_metric_answer_or_row(running, platforms, ingest_url: str):
    processes, client = running
    said: list[str] = []

    async def told(answer: httpx.Response) -> dict[str, Any]:
        said.append(answer.text)
        found: dict[str, Any] = answer.json()
        return found

    leaks = [
        None,
        Says({"error": "bad token tp-token-canary-1"}, 500, {"retry-after": "0"}),
        Says(b"tp-secret-canary is no JSON"),
        Says({"reviews": "tp-secret-canary"}),
        Says({"message": "tp-secret-canary"}, 403),
    ]
    server, own = platforms.servers["trustpilot"], platforms.servers["trustpilot"].handle
    platforms.trustpilot.review("r-1")
    wanted = {"name": "Trustpilot", "platform": "trustpilot", "subject": "acme"}
    source = await told(await client.post("/v1/sources", json=wanted))
    path = f"/v1/sources/{source['id']}"
    for says in leaks:
        server.handle = lambda asked, says=says: own(asked) if says is None or asked.method == "POST" else says
        await told(await client.put(f"{path}/credentials", json={"credentials": platforms.trustpilot.credentials}))
        before = len(server.asked)

        async def has_ended(before: int = before) -> bool:
            state = await told(await client.get(f"{path}/pulls"))
            return (
                len(server.asked) > before
                and state["last_run"] is not None
                and state["next_at"] > state["credentials_at"]
            )

        await until(has_ended, "the run ends")
    wrong = {**platforms.trustpilot.credentials, "canary_field": 1, "api_key": ["canary"]}
    assert (await client.put(f"{path}/credentials", json={"credentials": wrong})).status_code == 422
    google = {"name": "Google", "platform": "google-business", "subject": "acme", "secret": "push@x.example"}
    other = await told(await client.post("/v1/sources", json=google))
    for locations in (["accounts/canary"], ["accounts/111/locations/222"]):
        credentials = {**platforms.google.credentials, "locations": locations, "refresh_token": "rt-canary"}
        await told(await client.put(f"/v1/sources/{other['id']}/credentials", json={"credentials": credentials}))

    async def has_failed() -> bool:
        return (await told(await client.get(f"/v1/sources/{other['id']}/pulls")))["failures"] > 0

    await until(has_failed, "Google refuses the refresh token")
    for process in processes:
        said.append((await client.get(f"{process.base}/metrics")).text)
        log = process.log.read_text()
        assert log
        assert CANARY not in log.lower()
    assert CANARY not in "\n".join(said).lower()
    assert "trustpilot" in said[-1], "pulls are counted"
    rows = await stored(ingest_url)
    # What a platform says is kept as it came; that it would tell our own secret is made up here.
    assert "v1:test:" in rows
    assert rows.lower().count(CANARY) == rows.count("tp-secret-canary")
    assert not any(token in rows for token in platforms.trustpilot.valid)


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing": ("trustpilot", {"api_key": "x", "api_secret": "y"}, "business_unit_id"),
    "unknown": ("trustpilot", {"api_key": "x", "api_secret": "y", "business_unit_id": "z", "more": "w"}, "more"),
    "a path": ("trustpilot", {"api_key": "x", "api_secret": "y", "business_unit_id": "../z"}, "business_unit_id"),
    "no location": (
        "google-business",
        {"client_id": "a", "client_secret": "b", "refresh_token": "c", "locations": []},
        "locations",
    ),
    "another location": (
        "google-business",
        {"client_id": "a", "client_secret": "b", "refresh_token": "c", "locations": ["locations/1"]},
        "locations",
    ),
    "no key": (
        "app-store",
        {"issuer_id": "a", "key_id": "b", "private_key": "secretkey", "app_id": "1"},
        "private_key: must be an elliptic curve P-256 private key in PEM",
    ),
    "no package": (
        "google-play",
        {"client_email": "a@b.example", "private_key": "secretkey", "package_name": "a/b"},
        "package_name",
    ),
    "no RSA key": (
        "google-play",
        {"client_email": "a@b.example", "private_key": "secretkey", "package_name": "a.b"},
        "private_key: must be an RSA private key in PEM",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_wrong_credentials_are_told_by_their_field_and_change_nothing(puller, ingest: Ingest, case: str):
    platform, credentials, words = WRONG[case]
    source = await puller.plain_source(platform)
    answer = await puller.put(source, credentials)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems#invalid-credentials")
    assert words in answer.json()["detail"]
    assert "secretkey" not in answer.text
    state = await puller.state(source)
    assert (state["state"], state["next_at"]) == ("no_credentials", None)
    asked = await ingest.client.post(f"/v1/sources/{source.id}/pull", headers=await puller.headers())
    assert (asked.status_code, asked.json()["type"]) == (409, "/problems#not-asked")


async def test_keys_of_another_kind_are_refused(puller, platforms):
    for platform, other in (("app-store", "google-play"), ("google-play", "app-store")):
        source = await puller.plain_source(platform)
        swapped = platforms.says(other).credentials["private_key"]
        answer = await puller.put(source, {**platforms.says(platform).credentials, "private_key": swapped})
        assert answer.status_code == 422


async def test_another_tenant_sees_and_sets_nothing(puller, ingest: Ingest):
    source = await puller.source("trustpilot")
    key = {"authorization": f"Bearer {await ingest.key('other')}"}
    for answer in (
        await ingest.client.get(f"/v1/sources/{source.id}/pulls", headers=key),
        await ingest.client.post(f"/v1/sources/{source.id}/pull", headers=key),
        await ingest.client.put(f"/v1/sources/{source.id}/credentials", json={"credentials": {}}, headers=key),
    ):
        assert answer.status_code == 404


async def test_credentials_are_encrypted_again_after_a_rotation_of_keys(puller, platforms, ingest: Ingest):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    newer = "newer:AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    both = vault_of(ingest.resources.settings.model_copy(update={"vault_keys": SecretStr(f"{newer} {VAULT_KEYS}")}))
    worker = ingest.resources.database(Role.WORKER)
    assert await ResealJob(worker, both, [store.reseal]).turn() == 2
    [row] = await ingest.rows("SELECT credentials, token FROM ingest.pulls")
    assert [value.startswith("v1:newer:") for value in row] == [True, True]
    assert await ResealJob(worker, both, [store.reseal]).turn() == 0


async def test_a_source_is_asked_without_its_secret_and_gets_a_new_token_for_one_that_cannot_be_decrypted(
    puller, platforms, ingest: Ingest
):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    await puller.pull(source)
    [row] = await ingest.rows(
        "SELECT s.secret, p.token FROM ingest.sources AS s JOIN ingest.pulls AS p ON source_id = id"
    )
    await ingest.superuser.execute("UPDATE ingest.sources SET secret = $1", damaged(row["secret"]))
    await ingest.superuser.execute("UPDATE ingest.pulls SET token = $1", damaged(row["token"]))
    platforms.trustpilot.review("r-2")
    state = await puller.complete(source)
    assert (state["error"], state["last_run"]["reviews_found"]) == (None, 2)


async def test_credentials_that_cannot_be_decrypted_fail_one_source_with_what_to_do_until_they_are_set_again(
    puller, platforms, ingest: Ingest
):
    platforms.trustpilot.review("r-1")
    source = await puller.source("trustpilot")
    [(sealed,)] = await ingest.rows("SELECT credentials FROM ingest.pulls")
    await ingest.superuser.execute("UPDATE ingest.pulls SET credentials = $1", damaged(sealed))
    state = await puller.pull(source)
    assert "bring back the key of the vault, or set them again" in state["error"]
    assert state["failures"] == 1
    assert (await puller.put(source, platforms.trustpilot.credentials)).status_code == 200
    assert (await puller.pull(source))["error"] is None
