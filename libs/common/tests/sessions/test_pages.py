"""Staff sign in with a key, and see pages under their own tenant; nobody else does."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends

from plaudit.common import sessions
from plaudit.common.api_keys import commands as api_keys
from plaudit.common.db import Database, Role
from plaudit.common.http import Principal, TenantTx, create_app
from plaudit.common.process import Resources
from plaudit.common.sessions import staff
from plaudit.common.tenants import commands as tenants
from plaudit_testing.databases import TESTING, patient_settings_for
from plaudit_testing.serving import serving

pytestmark = pytest.mark.postgres

OURS = {"sec-fetch-site": "same-origin"}
router = APIRouter()


@router.get("/")
async def page(principal: Annotated[Principal, Depends(staff("things:read", "more:read"))], tx: TenantTx) -> list[int]:
    assert principal.tenant_id
    return [row["id"] for row in await tx.raw.fetch("SELECT id FROM things ORDER BY id")]


@router.post("/things/{number}")
async def add(number: int, principal: Annotated[Principal, Depends(staff("things:write"))], tx: TenantTx) -> None:
    await tx.raw.execute("INSERT INTO things VALUES ($1, $2)", principal.tenant_id, number)


@pytest.fixture
async def client(testing_url: str) -> AsyncIterator[httpx.AsyncClient]:
    resources = Resources(patient_settings_for(testing_url), TESTING)
    routers = [router, sessions.router]
    app = create_app(title="t", service=TESTING, description="", resources=resources, routers=routers, pages=True)
    async with serving(app) as client:
        client.headers["accept"] = "text/html"
        yield client
    await resources.close()


async def new_key(testing_url: str, *scopes: str, tenant_id: str = "default") -> str:
    owner = Database(patient_settings_for(testing_url), "common", Role.OWNER, pool_size=1)
    async with owner.transaction() as tx:
        await tenants.create(tx, tenant_id, tenant_id)
        key = await api_keys.create(tx, tenant_id, "page", scopes)
    await owner.close()
    return key


async def sign_in(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.post("/sign-in", data={"key": key}, headers=OURS)


async def test_who_is_not_signed_in_gets_the_form(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert '<form method="post" action="/sign-in">' in answer.text


async def test_a_key_opens_the_page_with_a_cookie_that_scripts_and_other_sites_cannot_use(
    client: httpx.AsyncClient, testing_url: str
) -> None:
    answer = await sign_in(client, f" {await new_key(testing_url, '*')} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await client.get("/")).json() == []


async def test_a_page_sees_the_rows_of_its_own_tenant(
    client: httpx.AsyncClient, testing_url: str, worker_database: Database
) -> None:
    async with worker_database.transaction() as tx:
        await tx.raw.execute("INSERT INTO things VALUES ('default', 1), ('acme', 2)")
    await sign_in(client, await new_key(testing_url, "*", tenant_id="acme"))
    assert (await client.get("/")).json() == [2]


async def test_a_wrong_key_is_told_and_sets_nothing(client: httpx.AsyncClient) -> None:
    for form in ({"key": "plaudit_nobody_nothing"}, {}):
        answer = await client.post("/sign-in", data=form, headers=OURS)
        assert answer.status_code == 401
        assert "not valid" in answer.text
        assert "set-cookie" not in answer.headers


async def test_a_key_without_the_scopes_is_told_which_the_page_needs(
    client: httpx.AsyncClient, testing_url: str
) -> None:
    await sign_in(client, await new_key(testing_url, "things:read"))
    answer = await client.get("/")
    assert answer.status_code == 401
    assert "things:read and more:read" in answer.text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}])
@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/things/1"])
async def test_a_form_from_elsewhere_is_refused(
    client: httpx.AsyncClient, testing_url: str, worker_database: Database, path: str, headers: dict[str, str]
) -> None:
    key = await new_key(testing_url, "*")
    await sign_in(client, key)
    answer = await client.post(path, data={"key": key}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    async with worker_database.transaction() as tx:
        assert await tx.raw.fetchval("SELECT count(*) FROM things") == 0


async def test_a_form_of_our_own_page_is_taken(
    client: httpx.AsyncClient, testing_url: str, worker_database: Database
) -> None:
    await sign_in(client, await new_key(testing_url, "things:write"))
    assert (await client.post("/things/1", headers=OURS)).status_code == 200
    async with worker_database.transaction() as tx:
        assert await tx.raw.fetchval("SELECT id FROM things WHERE tenant_id = 'default'") == 1


async def test_a_revoked_key_ends_the_session(client: httpx.AsyncClient) -> None:
    client.cookies.set("plaudit_key", "plaudit_aaaaaaaaaaaaaaaa_" + "A" * 43)
    assert 'action="/sign-in"' in (await client.get("/")).text


async def test_signing_out_takes_the_key_away(client: httpx.AsyncClient, testing_url: str) -> None:
    await sign_in(client, await new_key(testing_url, "*"))
    await client.post("/sign-out", headers=OURS)
    assert 'action="/sign-in"' in (await client.get("/")).text
