from collections.abc import AsyncIterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import BaseModel
from structlog.testing import capture_logs

from plaudit.common.api_keys import commands as key_commands
from plaudit.common.api_keys import store as api_key_store
from plaudit.common.api_keys.domain import hash_secret, parse
from plaudit.common.db import Database, Role
from plaudit.common.http import Paging, Principal, authorize, create_app
from plaudit.common.http.auth import MAX_CACHE_SECONDS, ApiKeys
from plaudit.common.tenants import commands as tenants
from plaudit_testing.databases import settings_for
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres

router = APIRouter(prefix="/v1")


@router.get("/whoami")
async def whoami(principal: Annotated[Principal, Depends(authorize("sources:read"))]) -> dict[str, str]:
    return {"tenant": principal.tenant_id, "key_id": principal.key_id}


class Thing(BaseModel):
    size: int


@router.put("/things/{thing_id}")
async def replace(
    _principal: Annotated[Principal, Depends(authorize("sources:write"))], thing_id: UUID, thing: Thing, paging: Paging
) -> str:
    return "done"


@router.post("/things")
async def write(_principal: Annotated[Principal, Depends(authorize("sources:read", "sources:write"))]) -> str:
    return "done"


async def new_key(owner: Database, *scopes: str, tenant: str = "default", days: float | None = None) -> str:
    async with owner.transaction() as tx:
        await tenants.create(tx, tenant, tenant)
        return await key_commands.create(tx, tenant, "test", scopes, timedelta(days=days) if days is not None else None)


async def expire(owner: Database, key: str) -> None:
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE common.api_keys SET expires_at = now() WHERE public_id = $1", key.split("_")[1])


async def last_use(owner: Database) -> Any:
    async with owner.transaction() as tx:
        return await tx.raw.fetchval("SELECT last_used_at FROM common.api_keys")


async def age_last_use(owner: Database) -> None:
    async with owner.transaction() as tx:
        await tx.raw.execute("UPDATE common.api_keys SET last_used_at = last_used_at - interval '61 seconds'")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.fixture
async def client(api_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    resources = SimpleNamespace(database=lambda _role: api_database)
    app = create_app(title="t", service="t", description="", resources=resources, routers=[router])
    async with serving(app) as client:
        yield client


async def test_a_key_speaks_for_its_tenant(client: httpx.AsyncClient, owner: Database) -> None:
    key = await new_key(owner, "sources:read", tenant="acme")
    answer = await client.get("/v1/whoami", headers=bearer(key))
    assert answer.json() == {"tenant": "acme", "key_id": key.split("_")[1]}


async def test_without_a_right_key_every_answer_is_the_same_401(client: httpx.AsyncClient, owner: Database) -> None:
    key = await new_key(owner, "*")
    expired = await new_key(owner, "*")
    await expire(owner, expired)
    prefix, public_id, secret = key.split("_", 2)
    wrong = [
        {},
        {"authorization": ""},
        {"authorization": key},
        {"authorization": f"Basic {key}"},
        {"authorization": "Bearer"},
        bearer("nonsense"),
        bearer(key[:-1]),
        bearer(key + "x"),
        bearer(f"{prefix}_{public_id}_{'A' * 43}"),
        bearer(f"{prefix}_{'a' * 16}_{secret}"),
        bearer(f"{prefix}_{public_id.upper()}_{secret}"),
        bearer(expired),
    ]
    for headers in wrong:
        answer = await client.get("/v1/whoami", headers=headers)
        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert {**answer.json(), "instance": ""} == {
            "type": "/problems#unauthorized",
            "title": "A valid API key is needed",
            "status": 401,
            "detail": "Send `Authorization: Bearer plaudit_…` with a key that is neither revoked nor expired.",
            "instance": "",
        }


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("path", "content", "headers", "with_a_key"),
    [
        (f"/v1/things/{UUID(int=1)}", b"{", JSON, 400),
        (f"/v1/things/{UUID(int=1)}", b"", JSON, 400),
        (f"/v1/things/{UUID(int=1)}", b'{"size": 1}', {"content-type": "text/plain"}, 415),
        (f"/v1/things/{UUID(int=1)}", b'{"size": 1}', {**JSON, "content-encoding": "gzip"}, 415),
        (f"/v1/things/{UUID(int=1)}", b" " * 70_000, JSON, 413),
        (f"/v1/things/{UUID(int=1)}?cursor=x&limit=0", b'{"size": "x"}', JSON, 422),
        (f"/v1/things/{UUID(int=1)}?cursor=%00", b'{"size": 1}', JSON, 400),
        ("/v1/things/none", b'{"size": 1}', JSON, 422),
        ("/v1/things/a%00b", b'{"size": 1}', JSON, 400),
        ("/v1/things", b"", {}, 405),
        ("/v1/nothing", b"", {}, 404),
    ],
)
async def test_nothing_of_a_request_is_judged_before_its_key(
    client: httpx.AsyncClient, owner: Database, path: str, content: bytes, headers: dict[str, str], with_a_key: int
) -> None:
    key = await new_key(owner, "*")
    assert (await client.put(path, content=content, headers={**headers, **bearer(key)})).status_code == with_a_key
    for wrong in ({}, bearer(key[:-1])):
        refused = await client.put(path, content=content, headers={**headers, **wrong})
        assert (refused.status_code, refused.json()["type"]) == (401, "/problems#unauthorized")


async def test_a_key_without_a_scope_is_told_which_one_it_lacks(client: httpx.AsyncClient, owner: Database) -> None:
    key = await new_key(owner, "sources:read")
    assert (await client.get("/v1/whoami", headers=bearer(key))).status_code == 200
    refused = await client.post("/v1/things", headers=bearer(key))
    assert refused.status_code == 403
    assert "`sources:write`" in refused.json()["detail"]


async def test_a_star_holds_every_scope(client: httpx.AsyncClient, owner: Database) -> None:
    key = await new_key(owner, "*")
    assert (await client.post("/v1/things", headers=bearer(key))).status_code == 200


async def test_neither_key_nor_secret_is_ever_logged(client: httpx.AsyncClient, owner: Database) -> None:
    key = await new_key(owner, "sources:read")
    with capture_logs() as lines:
        await client.get("/v1/whoami", headers=bearer(key))
        await client.get("/v1/whoami", headers=bearer(key[:-1]))
        await client.post("/v1/things", headers=bearer(key))
    assert [line["status"] for line in lines] == [200, 401, 403]
    assert key.split("_", 2)[2][:-1] not in str(lines)
    assert lines[0]["key_id"] == key.split("_")[1]


class TestTheCache:
    async def test_a_revoked_key_stops_working_when_the_cache_has_aged(
        self, api_database: Database, owner: Database
    ) -> None:
        now = 1000.0
        api_keys = ApiKeys(lambda: api_database, monotonic=lambda: now)
        key = await new_key(owner, "*")
        assert await api_keys.principal(key) is not None
        async with owner.transaction() as tx:
            assert await key_commands.revoke(tx, key.split("_")[1])
        assert await api_keys.principal(key) is not None
        now += MAX_CACHE_SECONDS
        assert await api_keys.principal(key) is None

    async def test_a_key_is_not_remembered_beyond_its_expiry(self, api_database: Database, owner: Database) -> None:
        now = 1000.0
        api_keys = ApiKeys(lambda: api_database, monotonic=lambda: now)
        key = await new_key(owner, "*", days=5 / 86_400)
        assert await api_keys.principal(key) is not None
        async with owner.transaction() as tx:
            await key_commands.revoke(tx, key.split("_")[1])
        now += 5
        assert await api_keys.principal(key) is None

    async def test_a_wrong_secret_does_not_profit_from_a_remembered_key(
        self, api_database: Database, owner: Database
    ) -> None:
        api_keys = ApiKeys(lambda: api_database)
        key = await new_key(owner, "*")
        assert await api_keys.principal(key) is not None
        assert await api_keys.principal(key[:-43] + "A" * 43) is None

    async def test_a_new_secret_works_at_once_and_the_old_one_until_the_overlap_ends(
        self, api_database: Database, owner: Database
    ) -> None:
        now = 1000.0
        api_keys = ApiKeys(lambda: api_database, monotonic=lambda: now)
        old = await new_key(owner, "*")
        assert await api_keys.principal(old) is not None
        async with owner.transaction() as tx:
            _, new = await key_commands.rotate(tx, old.split("_")[1], timedelta(seconds=5))
        assert await api_keys.principal(new) is not None
        assert await api_keys.principal(old) is not None
        async with owner.transaction() as tx:
            await tx.raw.execute("UPDATE common.api_keys SET previous_expires_at = now()")
        now += MAX_CACHE_SECONDS
        assert await api_keys.principal(old) is None
        assert await api_keys.principal(new) is not None

    async def test_it_forgets_the_oldest_when_it_is_full(
        self, api_database: Database, owner: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("plaudit.common.http.auth.MAX_CACHED_KEYS", 2)
        api_keys = ApiKeys(lambda: api_database)
        made = [await new_key(owner, "*") for _ in range(3)]
        for key in made:
            assert await api_keys.principal(key) is not None
        assert list(api_keys._cache) == [key.split("_")[1] for key in made[1:]]


class TestTheLastUse:
    async def test_it_is_written_at_most_once_a_minute_and_only_for_the_right_secret(
        self, api_database: Database, owner: Database
    ) -> None:
        now = 1000.0
        first, second = (ApiKeys(lambda: api_database, monotonic=lambda: now) for _ in range(2))
        key = await new_key(owner, "*")
        assert await first.principal(key[:-43] + "A" * 43) is None
        assert await last_use(owner) is None
        await first.principal(key)
        used_at = await last_use(owner)
        assert used_at is not None
        for _ in range(5):
            now += MAX_CACHE_SECONDS
            await first.principal(key)
            await second.principal(key)
        assert await last_use(owner) == used_at
        await age_last_use(owner)
        await first.principal(key)
        aged = await last_use(owner)
        assert aged < used_at
        now += MAX_CACHE_SECONDS
        await first.principal(key)
        assert await last_use(owner) > aged

    async def test_a_request_does_not_wait_for_the_row_that_others_hold(
        self, api_database: Database, owner: Database
    ) -> None:
        key = await new_key(owner, "*")
        async with owner.transaction() as tx:
            await api_key_store.lock(tx, key.split("_")[1])
            assert await ApiKeys(lambda: api_database).principal(key) is not None
        assert await last_use(owner) is None


class TestWhatTheDatabaseAllows:
    async def test_the_role_that_serves_requests_finds_the_key_it_names_and_sees_those_of_its_tenant_only(
        self, api_database: Database, owner: Database
    ) -> None:
        own = await new_key(owner, "*", tenant="acme")
        key = await new_key(owner, "alerts:read", "clocks:read", tenant="other")
        public_id, secret = parse(key) or ("", "")
        async with api_database.transaction("acme") as tx:
            found = await api_key_store.find(tx, public_id)
            assert found is not None
            assert (found.tenant_id, found.scopes) == ("other", frozenset({"alerts:read", "clocks:read"}))
            assert [each.hash for each in found.secrets] == [hash_secret(secret)]
            assert await api_key_store.find(tx, "%") is None
            assert [each.public_id for each in await api_key_store.list_keys(tx)] == [own.split("_")[1]]
            assert await api_key_store.lock(tx, public_id) is None
            assert await api_key_store.revoke(tx, public_id) is None
        async with api_database.transaction() as tx:
            assert await api_key_store.list_keys(tx) == []

    @pytest.mark.parametrize("role", [Role.HOOK, Role.WORKER])
    async def test_no_other_role_sees_keys(self, common_url: str, role: Role) -> None:
        database = Database(settings_for(common_url), "common", role, pool_size=1)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.transaction("default") as tx:
                await tx.raw.fetch("SELECT * FROM common.api_keys")
        await database.close()

    async def test_a_secret_is_stored_as_its_hash_only(self, owner: Database) -> None:
        key = await new_key(owner, "*")
        async with owner.transaction() as tx:
            stored = await tx.raw.fetch("SELECT * FROM common.api_keys")
        assert key.split("_", 2)[2] not in str(stored)

    async def test_a_key_for_a_tenant_that_does_not_exist_is_refused_by_name(self, owner: Database) -> None:
        with pytest.raises(tenants.UnknownTenantError, match="'nobody'"):
            async with owner.transaction() as tx:
                await key_commands.create(tx, "nobody", "test", ["*"])
